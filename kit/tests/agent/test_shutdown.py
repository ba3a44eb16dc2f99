"""The end of the server: SIGTERM drains for a stated time, a second signal ends at once, and nothing can prevent it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from agentcore_kit.runtime.http_server import CLOSING_SECONDS, DRAIN_SECONDS
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.telemetry import local_defaults
from agentcore_kit.serving.invocation import SESSION_HEADER
from tests.agent.served import HANG
from tests.homes import environment_of, free_port, home_in, instrumented

pytestmark = pytest.mark.integration

MOST = 15
"""What the Runtime gives, in seconds, between SIGTERM and the end of the microVM."""

HANGING = '''
import os, threading, time
from pathlib import Path
from strands import Agent, tool
from agentcore_kit.serving.app import create_app
from tests.agent.served import CallsIfAsked

def wait():
    Path("begun").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    return "done"

@tool(name="hang")
def in_thread() -> str:
    """Hangs."""
    return wait()

@tool(name="hang")
def in_thread_of_its_own() -> str:
    """Hangs."""
    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    return "done"

@tool(name="hang")
async def on_the_loop() -> str:
    """Hangs."""
    return wait()

class Model(CallsIfAsked):
    async def stream(self, messages, *args, **options):
        if "toolResult" in messages[-1]["content"][0]:
            messages = [{"role": "user", "content": [{"text": "thanks"}]}]
        async for event in super().stream(messages, *args, **options):
            yield event

def build_agent(session):
    options = {**session.options, "model": Model()}
    return Agent(tools=[globals()[os.environ["HANGS"]]], plugins=session.plugins, **options)

app = create_app("hanging:build_agent")
if __name__ == "__main__":
    app.run()
'''
"""An agent whose tool waits for a file, and says with another one that it does."""

HANGS = ("in_thread", "in_thread_of_its_own", "on_the_loop")


class Running:
    """An agent in a process of its own."""

    def __init__(self, port: int, home: Path, process: subprocess.Popen[bytes]) -> None:
        self.port, self.home, self.process = port, home, process

    def ask(self, prompt: str, stream: bool = False) -> httpx.Response:
        token = issue_development_token("alice", self.home / ".local")
        return httpx.post(
            f"http://127.0.0.1:{self.port}/invocations",
            json={"prompt": prompt, "stream": stream},
            headers={"Authorization": f"Bearer {token}", SESSION_HEADER: "s" * 33},
            timeout=100,
        )

    def until_it_answers(self) -> None:
        end = time.monotonic() + 180
        while self.process.poll() is None and time.monotonic() < end:
            with suppress(httpx.TransportError):
                if self.ask("Hello?").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError((self.home / "server.log").read_text())

    def until_begun(self) -> None:
        end = time.monotonic() + 60
        while not (self.home / "begun").exists():
            assert time.monotonic() < end, (self.home / "server.log").read_text()
            time.sleep(0.02)

    def refused(self) -> bool:
        """Whether it takes no further connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionError:
            return True
        return False

    def seconds_to_end(self) -> float:
        began = time.monotonic()
        self.process.wait(timeout=100)
        return time.monotonic() - began


@contextmanager
def running(home: Path, hangs: str) -> Iterator[Running]:
    if not (home / "src").exists():  # else it is started again
        (home_in(home) / "src" / "hanging.py").write_text(HANGING)
    port = free_port()
    env = environment_of(home) | local_defaults() | {"PORT": str(port), "HANGS": hangs}
    env["PYTHONPATH"] += f":{Path(__file__).parents[2]}"
    with (home / "server.log").open("a") as log:
        process = subprocess.Popen(instrumented("hanging"), cwd=home, env=env, stderr=log)
        server = Running(port, home, process)
        try:
            server.until_it_answers()
            yield server
        finally:
            process.kill()
            process.wait()


def test_the_time_fits_into_what_the_platform_gives() -> None:
    assert DRAIN_SECONDS + 2 * CLOSING_SECONDS < MOST


@pytest.mark.parametrize("stream", [False, True])
def test_what_ends_in_time_is_answered_and_then_the_server_ends(tmp_path: Path, stream: bool) -> None:
    with running(tmp_path, "in_thread") as server, ThreadPoolExecutor(1) as caller:
        asked = caller.submit(server.ask, HANG, stream)
        server.until_begun()
        server.process.send_signal(signal.SIGTERM)
        while not server.refused():
            time.sleep(0.05)
        (tmp_path / "go").touch()
        answered = asked.result()
        assert (answered.status_code, "All is well." in answered.text) == (200, True)
        assert server.seconds_to_end() < DRAIN_SECONDS
        assert server.process.returncode == -signal.SIGTERM
        assert "execute_tool hang" in (tmp_path / ".local" / "traces" / "spans.jsonl").read_text()


@pytest.mark.parametrize("hangs", HANGS)
def test_what_hangs_is_told_so_and_the_server_ends_in_time(tmp_path: Path, hangs: str) -> None:
    with running(tmp_path, hangs) as server, ThreadPoolExecutor(1) as caller:
        asked = caller.submit(server.ask, HANG)
        server.until_begun()
        server.process.send_signal(signal.SIGTERM)
        assert DRAIN_SECONDS * 0.8 < server.seconds_to_end() < 2 * MOST
        if hangs == "on_the_loop":  # nothing runs on that loop any more, which could answer
            return
        answered = asked.result()
        assert (answered.status_code, answered.headers["Retry-After"]) == (503, "1")
        assert "restarted" in answered.json()["error"]


@pytest.mark.parametrize("hangs", HANGS)
@pytest.mark.parametrize("signals", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_ends_at_once(tmp_path: Path, hangs: str, signals: tuple[signal.Signals, ...]) -> None:
    with running(tmp_path, hangs) as server:
        threading.Thread(target=_ask_in_vain, args=[server], daemon=True).start()
        server.until_begun()
        for each in signals:
            server.process.send_signal(each)
            time.sleep(0.5)
        assert server.seconds_to_end() < DRAIN_SECONDS / 2
        assert server.process.returncode == -signals[-1]


@pytest.mark.parametrize("hangs", ["in_thread", "in_thread_of_its_own"])
def test_the_next_process_goes_on_with_the_conversation(tmp_path: Path, hangs: str) -> None:
    with running(tmp_path, hangs) as server:
        threading.Thread(target=_ask_in_vain, args=[server], daemon=True).start()
        server.until_begun()
        server.process.send_signal(signal.SIGTERM)
        server.seconds_to_end()
    (tmp_path / "go").touch()
    with running(tmp_path, hangs) as server:
        answered = server.ask("Hello again?")
        assert (answered.status_code, answered.json()["answer"]) == (200, "All is well.")
        assert json.loads(answered.text)["toolCalls"] == []


def _ask_in_vain(server: Running) -> None:
    try:
        server.ask(HANG)
    except httpx.TransportError:
        return
