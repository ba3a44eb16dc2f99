"""`kit dev`, `kit token` and `kit trace` for tools, as a person types them. Marked `integration`."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from agentcore_kit.cli import application
from tests.homes import environment_of, home_in

pytestmark = pytest.mark.integration

KIT = (sys.executable, "-m", "agentcore_kit")
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def kit(home: Path, *arguments: str) -> str:
    """Return what a command says."""
    return subprocess.run(
        [*KIT, *arguments], cwd=home, env=environment_of(home), capture_output=True, text=True, check=True, timeout=180
    ).stdout


def test_tools_are_served_to_the_users_of_a_trusted_repository_and_end_quietly(tmp_path: Path) -> None:
    own, other = (home_in(tmp_path / name) for name in ("own", "other"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*KIT, "dev", "--port", str(port), "--trust", str(other)]
    output = tmp_path / "output"
    with output.open("w") as file:
        process = subprocess.Popen(command, cwd=own, env=environment_of(own), stdout=file, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_for(client, process)
            headers = {"Accept": "application/json, text/event-stream"}
            for token, status in ((kit(other, "token"), 200), (kit(own, "token"), 401)):
                headers["Authorization"] = f"Bearer {token.strip()}"
                assert client.post("/mcp", json=LIST_TOOLS, headers=headers).status_code == status
            printed = re.findall(r"Bearer ([\w.-]+)", output.read_text())
            headers["Authorization"] = f"Bearer {printed[0]}"
            assert client.post("/mcp", json=LIST_TOOLS, headers=headers).status_code == 200
            time.sleep(1)  # spans are written every half second
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    assert process.returncode == 0
    assert "KeyboardInterrupt" not in output.read_text()
    assert "tools/list" in kit(own, "trace")


def wait_for(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            assert client.get("/ping").json() == {"status": "Healthy"}
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def test_why_a_tool_is_chosen_and_which_words_would_help() -> None:
    said = CliRunner().invoke(application("Tool", {"explain"}), ["explain", "How big is the market in Asia?"])
    assert said.exit_code == 0, said.output
    assert "calls getMarketData(region='APAC', dataType='revenue')" in said.output
    assert "getMarketData.region: 'APAC', from 'Asia'" in said.output
    said = CliRunner().invoke(application("Tool", {"explain"}), ["explain", "Where do I park?"])
    assert "calls no tool" in said.output
    assert "No documentation has: park" in said.output
