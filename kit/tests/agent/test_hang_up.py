"""A client that hangs up while it is answered. Marked `integration`."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from strands import tool

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.agent.served import HANG, CallsIfAsked, Hang, Served, calls_without_result, served
from tests.agent.test_turn import agent_with

pytestmark = pytest.mark.integration


class Long(OfflineModel):
    """Speaks for two minutes, unless it is asked for something short."""

    def __init__(self) -> None:
        super().__init__()
        self.speaking = threading.Event()

    async def stream(self, messages: Any, *_: Any, **__: Any) -> Any:
        short = "short" in json.dumps(messages[-1])
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        for number in range(3 if short else 12000):
            self.speaking.set()
            yield {"contentBlockDelta": {"delta": {"text": f"word {number} " * 20}}}
            await asyncio.sleep(0.01)
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


@pytest.fixture
def agent(settings: AgentSettings, build_agent: BuildAgent, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve an agent with that model."""
    with served(Service(settings, Long(), build_agent), monkeypatch) as agent:
        yield agent


def hang_up(agent: Served, prompt: str, stream: bool, begun: threading.Event) -> None:
    """Ask, and close the connection once it is worked on."""
    begun.clear()
    body = json.dumps({"prompt": prompt, "stream": stream}).encode()
    headers = {**agent.headers(), "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", agent.port)) as client:
        client.sendall("\r\n".join(["POST /invocations HTTP/1.1", "Host: agent", *lines, "", ""]).encode() + body)
        assert begun.wait(60)
        if stream:
            assert b"text/event-stream" in client.recv(2000)
            time.sleep(0.3)  # until more is made than is read


@pytest.mark.parametrize("stream", [True, False])
def test_who_hangs_up_ends_the_turn_and_the_session_answers_the_next(agent: Served, stream: bool) -> None:
    model: Any = agent.service.model
    for _ in range(3):
        hang_up(agent, "a long one", stream, model.speaking)
        status, body, _ = agent.ask("a short one")
        assert status == 200, body
        assert "word 2" in body["answer"]
        assert body["latencyMs"] < 60_000, "the long one lasts two minutes"


@pytest.mark.parametrize("stream", [True, False])
def test_who_hangs_up_on_a_tool_leaves_no_call_open_and_others_alone(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stream: bool
) -> None:
    hang = Hang()

    @tool(name="hang")
    def hanging() -> str:
        """Hangs."""
        return hang()

    model = CallsIfAsked()
    with served(Service(settings, model, agent_with(hanging)), monkeypatch) as agent:
        hang_up(agent, HANG, stream, hang.begun)
        assert agent.ask("Hello?", "bob")[0] == 200
        status, body, _ = agent.ask("Hello?")
        assert not hang.ended.is_set()
        assert (status, body["answer"]) == (200, "All is well.")
        assert len(model.sent[-1]) == 5
        assert not calls_without_result(model.sent[-1])
        hang.ended.set()
    stored = [json.loads(path.read_text()) for path in tmp_path.rglob("*latest*.json")]
    assert not calls_without_result(stored)
