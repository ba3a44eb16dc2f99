"""An agent in a process of its own with a model's endpoint, a memory and a gateway that can fail as a test wants."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from agentcore_kit.local.spans import read_traces
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.telemetry import local_defaults
from agentcore_kit.serving.invocation import SESSION_HEADER
from tests.agent.providers import chunk, http_server, sse
from tests.homes import environment_of, free_port, home_in, instrumented

WHOLE = (200, "text/event-stream", sse(chunk({"role": "assistant", "content": "It is 7."}), chunk({}, "stop")))
CLOCK = """
import runpy, time
from pathlib import Path
real, real_ns = time.time, time.time_ns
def offset():
    return float(Path("clock-is-off-by").read_text() or 0)
time.time = lambda: real() + offset()
time.time_ns = lambda: real_ns() + int(offset() * 1e9)
runpy.run_module("agent.app", run_name="__main__")
"""
"""Starts the agent with a clock that goes wrong by the seconds that a file says."""

ModelAnswer = tuple[int, str, bytes]


@dataclass
class Told:
    """What a caller gets: a status, 0 where no answer came, and headers and body as one text."""

    status: int
    text: str


@dataclass
class Observed:
    """What a failure looks like from everywhere.

    Attributes:
        caller: What the caller of the turn gets.
        log: Lines of the log that the turn wrote, in their order.
        spans: The spans of the turn as JSON, by their names; none where the trace has nothing.
        failed: Whether the turn's own span says that it failed; None where there is none.
        following: What the next turn of the same session gets.
    """

    caller: Told
    log: list[dict[str, Any]] = field(default_factory=list)
    spans: str = ""
    failed: bool | None = None
    following: Told = field(default_factory=lambda: Told(0, ""))


class World:
    """One agent.

    Attributes:
        model: Answers what the model is asked; it may be replaced at any time.
        asked: Set when the model is asked.
        variables: Of the agent's process.
        module: What is started.
        token: The caller's; empty for a fresh one each time.
    """

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url = home, url
        self.model: Callable[[Any], ModelAnswer] = lambda _: WHOLE
        self.asked = threading.Event()
        provider = {"AGENT_MODEL_PROVIDER": "openai-compatible", "AGENT_MODEL_BASE_URL": url, "AGENT_MODEL_ID": "m"}
        self.variables: dict[str, str] = provider
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.module, self.token = "agent.app", ""
        self._logged = 0
        self._trace = 0

    def answer(self, request: Any) -> ModelAnswer:
        """Answer what the model is asked."""
        self.asked.set()
        return self.model(request)

    def start(self) -> None:
        """Start the agent, and wait until it answers requests."""
        self.port = free_port()
        env = environment_of(self.home) | local_defaults() | self.variables | {"PORT": str(self.port)}
        with (self.home / "server.log").open("a") as log:
            self.process = subprocess.Popen(instrumented(self.module), cwd=self.home, env=env, stderr=log)
        deadline = time.monotonic() + 180
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.post(f"http://127.0.0.1:{self.port}/invocations", json={}, timeout=60).status_code == 401:
                    self._logged = len(self._lines())  # of its start
                    return
            time.sleep(0.05)
        raise AssertionError((self.home / "server.log").read_text()[-3000:])

    def end(self, signalled: signal.Signals = signal.SIGKILL) -> None:
        """End the process."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signalled)
            self.process.wait(timeout=120)

    def headers(self) -> dict[str, str]:
        """Return the headers of the next turn of the session: who asks, and a trace that can be found again."""
        self._trace += 1
        token = self.token or issue_development_token("alice", self.home / ".local")
        return {
            "Authorization": f"Bearer {token}",
            SESSION_HEADER: "s" * 33,
            "traceparent": f"00-{self._trace:032x}-{1:016x}-01",
        }

    def ask(self, prompt: str = "How many?") -> Told:
        """Ask in the session of the test."""
        url = f"http://127.0.0.1:{self.port}/invocations"
        try:
            answered = httpx.post(url, json={"prompt": prompt}, headers=self.headers(), timeout=120)
        except httpx.TransportError as error:
            return Told(0, f"{type(error).__name__}: {error}")
        names = "\n".join(f"{name.title()}: {value}" for name, value in answered.headers.items())
        return Told(answered.status_code, f"{names}\n\n{json.dumps(answered.json(), ensure_ascii=False)}")

    def new_log(self) -> list[dict[str, Any]]:
        """Return what was logged since the last call; a line that is no JSON fails."""
        lines = self._lines()
        newer, self._logged = lines[self._logged :], len(lines)
        return [json.loads(line) for line in newer if line]

    def _lines(self) -> list[str]:
        return (self.home / "server.log").read_text(encoding="utf-8").split("\n")[:-1]

    def observe(self, turn: Callable[[], Told], *, recover: Callable[[], None] = lambda: None) -> Observed:
        """Have a turn fail, put an end to its cause, and ask the next one.

        Args:
            turn: Asks, and returns what the caller gets.
            recover: Ends the cause.
        """
        self.new_log()
        caller = turn()
        trace = self._trace
        spans, failed = self._spans(trace)
        log = self.new_log()
        recover()
        following = self.ask("And now?")
        return Observed(caller, log, spans, failed, following)

    def _spans(self, trace: int) -> tuple[str, bool | None]:
        """Return the spans of a trace, waiting for a moment until they are written."""
        path = self.home / ".local" / "traces" / "spans.jsonl"
        deadline = time.monotonic() + (20 if self.process and self.process.poll() is None else 0)
        while True:
            roots = read_traces(path).get(f"{trace:032x}", []) if path.exists() else []
            own = [root for root in roots if root.name == "POST /invocations"]
            if own or time.monotonic() > deadline:
                lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
                of_trace = (line for line in lines if f"{trace:032x}" in line)
                return "\n".join(of_trace), own[0].failed if own else None
            time.sleep(0.2)


@contextmanager
def world(folder: Path, **environment: Any) -> Iterator[World]:
    """Make an agent's home, and what answers for its model; the agent is started by the test.

    Args:
        folder: Where it is made.
        environment: What environments/local.yaml says otherwise.
    """
    home = home_in(folder / "home")
    (home / "clock-is-off-by").write_text("0")
    (home / "src" / "wrong_clock.py").write_text(CLOCK)
    local = home / "environments" / "local.yaml"
    settings = yaml.safe_load(local.read_text()) | {"limits": {"turn": {"maxRetries": 1}}}
    local.write_text(yaml.safe_dump(settings | environment, sort_keys=False))
    with ExitStack() as stack:
        made: list[World] = []
        url = stack.enter_context(http_server(lambda request: made[0].answer(request)))
        made.append(World(home, url))
        try:
            yield made[0]
        finally:
            made[0].end()


def with_parts(home: Path, *, gateways: list[str] | None = None, memory: str | None = None) -> None:
    """Let the manifest of a home name gateways and a memory."""
    file = home / "manifest.yaml"
    manifest = yaml.safe_load(file.read_text())
    manifest["spec"]["tools"]["gateways"], manifest["spec"]["memory"] = gateways or [], memory
    file.write_text(yaml.safe_dump(manifest, sort_keys=False))
