"""The end of a tool server: SIGTERM drains for a stated time, a second signal ends at once, also while a call hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.delivery import mcp_client
from agentcore_kit.runtime.http_server import DRAIN_SECONDS
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.telemetry import local_defaults
from agentcore_kit.testing.server_process import copy_of_repository
from tests.homes import free_port

pytestmark = pytest.mark.integration

TOOLS = '''
import time
from pathlib import Path
from typing import Any
from agentcore_kit.mcp_server import tool

@tool("waitForIt", title="Wait", effect="read", timeout_seconds=1000, attempts=1)
def wait_for_it() -> dict[str, Any]:
    """Waits for a file."""
    Path("begun").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    return {"waited": True}
'''
APP = """
from agentcore_kit.mcp_server.app import create_app
create_app("hanging").run()
"""


@dataclass(frozen=True)
class Running:
    """A tool server in a process of its own, and a call that hangs."""

    home: Path
    process: subprocess.Popen[bytes]
    call: Any

    def seconds_to_end(self) -> float:
        began = time.monotonic()
        self.process.wait(timeout=100)
        return time.monotonic() - began


@contextmanager
def hanging(home: Path) -> Iterator[Running]:
    """Start a server, and make a call that waits for a file."""
    copy_of_repository(home)
    (home / "src" / "hanging.py").write_text(TOOLS)
    (home / "src" / "hanging_app.py").write_text(APP)
    port = free_port()
    variables = {"PYTHONPATH": f"{home / 'src'}:{home}", "PORT": str(port), "AGENT_ENV": "local"}
    log = (home / "server.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "hanging_app"], cwd=home, env=os.environ | local_defaults() | variables, stderr=log
    )
    url, token = f"http://127.0.0.1:{port}/mcp", issue_development_token("alice", home / ".local")

    def call() -> Any:
        with suppress(httpx.HTTPError):
            return mcp_client.request(url, token, "tools/call", {"name": "waitForIt", "arguments": {}})

    with ThreadPoolExecutor(1) as caller, log:
        try:
            _wait(lambda: _answers(port), process, home)
            called = caller.submit(call)
            _wait((home / "begun").exists, process, home)
            yield Running(home, process, called)
        finally:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200
    return False


def _wait(there: Any, process: subprocess.Popen[bytes], home: Path) -> None:
    end = time.monotonic() + 100
    while not there():
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError((home / "server.log").read_text())
        time.sleep(0.02)


def test_a_call_that_ends_in_time_is_answered(tmp_path: Path) -> None:
    with hanging(tmp_path) as server:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        (tmp_path / "go").touch()
        assert server.call.result()["structuredContent"] == {"waited": True}
        assert server.seconds_to_end() < DRAIN_SECONDS


def test_a_call_that_hangs_ends_with_the_server(tmp_path: Path) -> None:
    with hanging(tmp_path) as server:
        server.process.send_signal(signal.SIGTERM)
        assert DRAIN_SECONDS * 0.8 < server.seconds_to_end() < 3 * DRAIN_SECONDS


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(tmp_path: Path, first: signal.Signals) -> None:
    with hanging(tmp_path) as server:
        for each in (first, signal.SIGTERM):
            server.process.send_signal(each)
            time.sleep(0.5)
        assert server.seconds_to_end() < DRAIN_SECONDS / 2
        assert server.process.returncode == -signal.SIGTERM
