"""The commands of the first five minutes, as a person types them. Marked `integration`."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from agentcore_kit.config.agent import TurnLimits
from tests.domains import Domain, Exchange
from tests.homes import environment_of, home_in

pytestmark = pytest.mark.integration

ODD = "[/x]:cat:$HOME" + "a" * 33
"""A session id that a console could take for markup, an emoji or a variable."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_in(tmp_path_factory.mktemp("agent"))


def kit(home: Path, *arguments: str, typed: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command with what a person types into it, and the shell's variables."""
    command = [sys.executable, "-m", "agentcore_kit", *arguments]
    return subprocess.run(
        command,
        cwd=home,
        env=environment_of(home) | variables,
        input=typed,
        capture_output=True,
        text=True,
        timeout=180,
    )


def shown(exchange: Exchange) -> str:
    """Return how a call is shown."""
    return ", ".join(f"{name}={value}" for name, value in exchange.input.items())


def test_ask_shows_answer_calls_and_cost_and_trace_shows_how(tmp_path: Path, domain: Domain) -> None:
    home = home_in(tmp_path)
    nothing_yet = kit(home, "trace")
    assert nothing_yet.returncode == 3
    assert "kit ask" in nothing_yet.stdout
    asked = kit(home, "ask", "--session", ODD, domain.asked.question)
    assert asked.returncode == 0, asked.stderr
    assert asked.stderr == "", "no noise for a person to wonder about"
    for part in (
        domain.figure,
        f"{domain.tool}({shown(domain.asked)})",
        "tokens in",
        "offline model, not an LLM",
    ):
        assert part in asked.stdout
    trace = kit(home, "trace").stdout
    (name, value), *_ = domain.asked.input.items()
    for part in ("POST /invocations", "chat", f"execute_tool {domain.tool}", f'"{name}": "{value}"', "2 model calls"):
        assert part in trace
    listed = kit(home, "trace", "--list").stdout.splitlines()
    assert len(listed) == 1
    assert listed[0].endswith(f"  {ODD}")
    assert f"execute_tool {domain.tool}" in kit(home, "trace", listed[0][:8]).stdout
    assert kit(home, "trace", "nothing-begins-so").returncode == 2


def test_a_failing_model_is_explained_in_a_few_lines(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    nobody_there = {
        "AGENT_MODEL_PROVIDER": "openai-compatible",
        "AGENT_MODEL_ID": "llama3.1",
        "AGENT_MODEL_BASE_URL": "http://127.0.0.1:9/v1",
    }
    with ThreadPoolExecutor() as pool:  # both at once: the client tries again for some seconds
        debugged = pool.submit(kit, home, "ask", "hello", LOG_LEVEL="DEBUG", **nobody_there)
        asked = kit(home, "ask", "hello", **nobody_there)
    assert asked.returncode == 3
    assert "APIConnectionError: Connection error." in asked.stderr
    assert "Traceback" not in asked.stderr
    assert "http://127.0.0.1:9/v1 answers" in asked.stdout.replace("\n", " ")
    assert "Traceback" in debugged.result().stderr
    tries = 1 + TurnLimits().max_retries
    assert kit(home, "trace").stdout.count("APIConnectionError: Connection error.") == tries, "once, where it happened"


def test_a_chat_remembers_ends_at_ctrl_c_and_can_be_continued(home: Path, domain: Domain) -> None:
    first, following = domain.conversations[0]
    command = [sys.executable, "-m", "agentcore_kit", "ask", "--session", ODD]
    with subprocess.Popen(
        command, cwd=home, env=environment_of(home), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as chat:
        assert chat.stdin is not None
        assert chat.stdout is not None
        said = ""
        for exchange in (first, following):
            chat.stdin.write(f"{exchange.question}\n")
            chat.stdin.flush()
            while "tokens in" not in (line := chat.stdout.readline()):
                assert chat.poll() is None
                said += line
        time.sleep(1)  # until it waits for the next question; test_ask.py interrupts it at other moments
        chat.send_signal(signal.SIGINT)
        chat.wait(timeout=120)  # with its standard input still open
        assert chat.returncode == 0
        end = chat.stdout.read()
    assert f"({shown(following)})" in " ".join(said.split())
    assert shlex.split(end.rsplit("kit ask --session ", 1)[1]) == [ODD]
    resumed = kit(home, "ask", "--session", ODD, following.question)
    assert f"({shown(following)})" in " ".join(resumed.stdout.split())


def test_dev_says_that_its_port_is_taken(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = kit(home, "dev", "--port", str(port))
    assert refused.returncode == 3
    assert f"kit dev --port {port + 1}" in refused.stderr


def test_dev_serves_in_silence_and_restarts_with_each_new_manifest(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "agentcore_kit", "dev", "--port", url.rpartition(":")[2]]
    log = home / "dev.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=home, env=environment_of(home), stderr=file)
    try:
        wait_until(lambda: answers(url))
        assert log.read_text() == ""
        save_manifest(home, "# changed\n")
        wait_until(lambda: not answers(url))
        wait_until(lambda: answers(url, "POST", "/invocations"))  # not before it has read the manifest
        save_manifest(home, "nonsense: 1\n")
        wait_until(lambda: "nonsense: no such field" in log.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def save_manifest(home: Path, added: str) -> None:
    """Save as many editors do: under another name, which then takes the old file's place."""
    saved = home / "manifest.yaml~"
    saved.write_text((home / "manifest.yaml").read_text() + added)
    saved.replace(home / "manifest.yaml")


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(url: str, method: str = "GET", path: str = "/ping") -> bool:
    try:
        return not httpx.request(method, url + path, json={}, timeout=30).is_server_error
    except httpx.TransportError:
        return False


def test_an_answer_as_json_and_spans_to_any_backend_that_the_standard_variable_names(
    home: Path, domain: Domain
) -> None:
    received: list[tuple[str, bytes]] = []

    class Backend(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Backend) as backend:
        threading.Thread(target=backend.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{backend.server_port}"
        asked = kit(home, "ask", "--json", domain.asked.question, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        backend.shutdown()
    body = json.loads(asked.stdout)
    traces = b"".join(body for path, body in received if path == "/v1/traces")
    assert f"execute_tool {domain.tool}".encode() in traces
    assert body["toolCalls"][0]["input"] == domain.asked.input
    assert body["model"]["provider"] == "offline"


def test_a_wrong_file_is_explained_without_a_stack(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    manifest = home / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("kind: Agent", "kind: Agnt"))
    asked = kit(home, "ask", "hello")
    assert asked.returncode == 2
    assert "manifest.yaml:4: kind:" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_wrong_log_level_is_explained_without_a_stack(home: Path) -> None:
    asked = kit(home, "ask", "hello", LOG_LEVEL="chatty")
    assert asked.returncode == 2
    assert asked.stderr == "LOG_LEVEL: CHATTY is no level; one of: DEBUG, INFO, WARNING, ERROR, CRITICAL\n"
