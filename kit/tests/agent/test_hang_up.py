"""A client that hangs up while it is answered. Marked `integration`."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.serving.app import create_app
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent

pytestmark = pytest.mark.integration


class Long(OfflineModel):
    """Speaks for a minute, unless it is asked for something short."""

    async def stream(self, messages: Any, *_: Any, **__: Any) -> Any:
        short = "short" in json.dumps(messages[-1])
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        for number in range(3 if short else 6000):
            yield {"contentBlockDelta": {"delta": {"text": f"word {number} " * 20}}}
            await asyncio.sleep(0.01)
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


@pytest.fixture
def port(settings: AgentSettings, build_agent: BuildAgent, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve an agent with that model; return where."""
    service = Service(settings, Long(), build_agent)
    monkeypatch.setattr(Service, "of_app", lambda _: service)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app("agent.agent:build_agent"), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=20)
    assert not thread.is_alive(), "a turn that nobody listens to holds the server"


def test_who_hangs_up_ends_the_turn_and_the_session_answers_the_next(settings: AgentSettings, port: int) -> None:
    headers = {
        "Authorization": f"Bearer {issue_development_token('alice', settings.state)}",
        SESSION_HEADER: "s" * 33,
        "Content-Type": "application/json",
    }
    for _ in range(3):
        body = b'{"prompt": "a long one", "stream": true}'
        lines = [f"{name}: {value}" for name, value in {**headers, "Content-Length": str(len(body))}.items()]
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall("\r\n".join(["POST /invocations HTTP/1.1", "Host: agent", *lines, "", ""]).encode() + body)
            assert b"text/event-stream" in client.recv(2000)
            time.sleep(0.3)  # until more is made than is read
        answered = httpx.post(
            f"http://127.0.0.1:{port}/invocations", json={"prompt": "a short one"}, headers=headers, timeout=30
        )
        assert answered.status_code == 200, answered.text
        assert "word 2" in answered.json()["answer"]
