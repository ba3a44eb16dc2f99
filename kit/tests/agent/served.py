"""An agent behind a real port of this process, with a model and tools of the test's own, and who asks it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.serving.app import create_app
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.service import Service

HANG = "please hang"
"""What a prompt says for the model or tool of `Hang` to hang."""


class Hang:
    """Something that does not answer until the test ends."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.ended.wait(120)
        return "too late"


class CallsIfAsked(OfflineModel):
    """Calls a tool when the user says so, else says that all is well; keeps what it was sent."""

    def __init__(self, tool: str = "hang") -> None:
        super().__init__()
        self.tool, self.sent = tool, list[Any]()

    async def stream(self, messages: Any, *_: Any, **__: Any) -> Any:
        self.sent.append(messages)
        called = HANG in json.dumps(messages[-1])
        yield {"messageStart": {"role": "assistant"}}
        if called:
            yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": f"c{len(self.sent)}", "name": self.tool}}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": "{}"}}}}
        else:
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": "All is well."}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if called else "end_turn"}}


class Served:
    """An agent at a port of this machine."""

    def __init__(self, service: Service, port: int) -> None:
        self.service, self.url = service, f"http://127.0.0.1:{port}/invocations"
        self.port = port

    def headers(self, user: str = "alice") -> dict[str, str]:
        token = issue_development_token(user, self.service.settings.state)
        return {"Authorization": f"Bearer {token}", SESSION_HEADER: "s" * 33}

    def ask(self, prompt: str, user: str = "alice", stream: bool = False) -> tuple[int, dict[str, Any], httpx.Headers]:
        """Return status, body or last event, and headers. In a stream the status is what the error event says."""
        answered = httpx.post(
            self.url, json={"prompt": prompt, "stream": stream}, headers=self.headers(user), timeout=100
        )
        if not stream:
            return answered.status_code, answered.json(), answered.headers
        assert answered.status_code == 200
        last = [json.loads(line.removeprefix("data: ")) for line in answered.text.splitlines() if line][-1]
        return last.get("status", 200), last, answered.headers

    @contextmanager
    def hurried(self, seconds: float, turns: int = 0) -> Iterator[None]:
        """Give the turns that begin in the block so little time, and leave it when so many have begun.

        All others have time enough, however busy the machine is.
        """
        before = self.service.settings
        limits = before.environment.limits
        short = limits.model_copy(update={"turn": limits.turn.model_copy(update={"seconds": seconds})})
        deadline, begun = self.service._deadline, list[Any]()

        def counted() -> Any:
            begun.append(deadline())
            return begun[-1]

        with pytest.MonkeyPatch.context() as patch:
            environment = before.environment.model_copy(update={"limits": short})
            patch.setattr(self.service, "settings", replace(before, environment=environment))
            patch.setattr(self.service, "_deadline", counted)
            yield
            while len(begun) < turns:
                time.sleep(0.005)


@contextmanager
def served(service: Service, patch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve an agent, and see at the end that nothing holds the server."""
    patch.setattr(Service, "of_app", lambda _: service)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app("agent.agent:build_agent"), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Served(service, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(timeout=60)
    assert not thread.is_alive(), "a turn that nobody listens to holds the server"


def calls_without_result(value: Any) -> set[str]:
    """Return the ids of tool calls without a result anywhere in messages, or in what is stored of them."""
    called, answered = set[str](), set[str]()

    def look(at: Any) -> None:
        if isinstance(at, dict):
            for name, ids in (("toolUse", called), ("toolResult", answered)):
                if isinstance(at.get(name), dict):
                    ids.add(at[name]["toolUseId"])
            for each in at.values():
                look(each)
        elif isinstance(at, list):
            for each in at:
                look(each)

    look(value)
    return called - answered
