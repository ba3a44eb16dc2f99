"""An agent and a tool server of this template, on one machine: they fit as they are, and share a trace."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.repository import append, generate
from tests.test_generated import OFFLINE, run

pytestmark = [pytest.mark.generated, pytest.mark.enable_socket]  # the ping, on this machine


@pytest.fixture(scope="module")
def pair(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return an agent's and a tool's repository, each set up."""
    folder = tmp_path_factory.mktemp("together")
    made = {}
    for kind, name in (("agent", "analytics-agent"), ("tool", "market-data")):
        made[kind] = generate(template, folder, {"kind": kind, "agent_name": name})
        run(made[kind], "make", "setup")
    return made["agent"], made["tool"]


@pytest.fixture
def address(pair: tuple[Path, Path]) -> Iterator[str]:
    """Serve the tools as `make dev` does, with the agent's users let in; return where."""
    agent, tool = pair
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [".venv/bin/kit", "dev", "--port", str(port), "--trust", str(agent)]
    environment = {**os.environ, **OFFLINE}
    server = subprocess.Popen(
        command, cwd=tool, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping")
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        os.killpg(server.pid, signal.SIGINT)  # as Ctrl-C: to the watcher and to the server that it has started
        server.wait(timeout=120)


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - an address of this test
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")


@pytest.fixture
def agent(pair: tuple[Path, Path], address: str) -> Path:
    """Return the agent's repository, which names the tools' gateway, and says that it is on this machine."""
    agent, _ = pair
    manifest, local = agent / "manifest.yaml", agent / "environments/local.yaml"
    manifest.write_text(manifest.read_text().replace("gateways: []", "gateways: [market-data]"))
    local.write_text(
        re.sub(r"^gateways: .*$", f'gateways: {{market-data: "{address}"}}', local.read_text(), flags=re.M)
    )
    if "connectSeconds: 60" not in local.read_text():  # a busy machine is no reason to go without the tools
        append(local, "limits: {gateways: {connectSeconds: 60}}")
    return agent


@pytest.mark.parametrize(
    ("question", "called", "said"),
    [
        ("Which markets do I watch?", "listWatchedMarkets", "Watched"),
        ("How big is the market in EMEA?", "getMarketData", "18.4 billion USD"),  # both starters have such a tool
        ("What is our revenue in EMEA in 2026-Q3?", "getQuarterlyRevenue", "million USD"),
    ],
)
def test_the_starters_fit_together(agent: Path, question: str, called: str, said: str) -> None:
    asked = [".venv/bin/kit", "ask", "--json", "--", question]
    done = subprocess.run(asked, cwd=agent, env={**os.environ, **OFFLINE}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    body = json.loads(done.stdout)
    assert body["notices"] == []
    assert [(call["name"].rpartition("___")[2], call["status"]) for call in body["toolCalls"]] == [(called, "success")]
    assert said in body["answer"]


def test_the_agent_uses_the_tool_within_one_trace(pair: tuple[Path, Path], agent: Path) -> None:
    _, tool = pair
    asked = ["make", "ask", "Q=Add market sales in EMEA to my watch list."]
    done = subprocess.run(asked, cwd=agent, env={**os.environ, **OFFLINE}, capture_output=True, text=True, check=False)
    answered = done.stdout + done.stderr
    assert done.returncode == 0, answered
    assert "addWatchedMarket(region=EMEA, dataType=sales)" in answered, answered
    time.sleep(1)  # spans are written every half second
    called = [span for span in spans(tool) if span["name"] == "tools/call addWatchedMarket"]
    own = {span["context"]["span_id"]: span for span in spans(agent)}
    (call,) = called
    assert call["parent_id"] in own, "the call is a child of the agent's request"
    assert call["context"]["trace_id"] == own[call["parent_id"]]["context"]["trace_id"]
    assert any(span["name"].startswith("invoke_agent") for span in same_trace(own.values(), call))


def spans(repository: Path) -> list[dict[str, Any]]:
    """Return what a repository recorded."""
    return [json.loads(line) for line in (repository / ".local/traces/spans.jsonl").read_text().splitlines()]


def same_trace(found: Any, call: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the spans of a call's trace."""
    return [span for span in found if span["context"]["trace_id"] == call["context"]["trace_id"]]
