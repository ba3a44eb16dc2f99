"""A memory that does not answer costs what it knows, not the turn; what was said meanwhile is kept when it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.agent import Memory
from agentcore_kit.local.memory_server.extraction.verbatim import Verbatim
from agentcore_kit.local.memory_server.server import MemoryServer, _Handler, serving
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import Store
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import agentcore_memory
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_guardrails import MEMORY_ID, SPEC
from tests.agent.test_turn import agent_with, ask
from tests.agent.test_turn_limits import Scripted

TOLD = "The memory is unavailable at the moment: what it knows was not used, and this is not kept yet."


@dataclass
class World:
    """An agent, and a memory that can be stopped and started at one address."""

    settings: AgentSettings
    folder: Path
    port: int = 0
    running: ExitStack | None = None
    policies: Any = None

    def start(self) -> None:
        self.running = ExitStack()
        about = Settings("customers", "A memory.", "eu-central-1", SPEC)
        kept = MemoryService(about, Store(self.folder / "memory.sqlite"), Verbatim())
        server = self.running.enter_context(serving(MemoryServer(kept, self.policies or {}, self.port)))
        self.port = server.server_port

    def stop(self) -> None:
        if self.running:
            self.running.close()
        self.running = None

    def service(self) -> tuple[Service, Scripted]:
        """Return the agent as after a restart, and its model."""
        used = Memory(id=MEMORY_ID, endpoint=f"http://127.0.0.1:{self.port}", recall=["/facts/{actorId}/"])
        environment = self.settings.environment.model_copy(update={"memory": used})
        model = Scripted([{"text": "It is 7."}])
        return Service(replace(self.settings, environment=environment), model, agent_with()), model


@pytest.fixture
def world(settings: AgentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(agentcore_memory, "REST_SECONDS", 0.0)
    monkeypatch.setattr(_Handler, "protocol_version", "HTTP/1.0")  # no connection outlives its server
    there = World(settings, tmp_path)
    there.start()
    yield there
    there.stop()


def said(model: Scripted) -> list[str]:
    """Return what the user said, as the model was last told it."""
    return [message["content"][-1]["text"] for message in model.sent[-1] if message["role"] == "user"]


def client_of(service: Service) -> Any:
    """Return the client of the memory of the only session."""
    (entry,) = service.sessions._entries.values()
    assert entry.conversation
    assert entry.conversation.memory
    return entry.conversation.memory.memory_client.gmdp_client


def test_a_turn_without_the_memory_is_answered_and_says_so(world: World, alice: Caller) -> None:
    world.stop()
    service, _ = world.service()
    result = ask(service, alice, "One?")[-1]
    assert (result["type"], result["answer"], result["notices"]) == ("result", "It is 7.", [TOLD])


def test_what_was_said_while_the_memory_was_down_is_kept_when_it_answers(world: World, alice: Caller) -> None:
    service, _ = world.service()
    assert ask(service, alice, "One?")[-1]["notices"] == []
    world.stop()
    for prompt in ("Two?", "Three?"):
        assert ask(service, alice, prompt)[-1]["notices"] == [TOLD]
    world.start()
    assert ask(service, alice, "Four?")[-1]["notices"] == []
    restarted, model = world.service()
    assert ask(restarted, alice, "Five?")[-1]["notices"] == []
    assert said(model) == ["One?", "Two?", "Three?", "Four?", "Five?"]


def test_a_session_that_was_opened_without_its_memory_gets_it_when_it_answers(world: World, alice: Caller) -> None:
    service, _ = world.service()
    ask(service, alice, "One?")
    world.stop()
    service, model = world.service()
    for prompt in ("Two?", "Three?"):
        assert ask(service, alice, prompt)[-1]["notices"] == [TOLD]
    assert said(model) == ["Two?", "Three?"]
    world.start()
    assert ask(service, alice, "Four?")[-1]["notices"] == [TOLD], "the past is still missing"
    assert ask(service, alice, "Five?")[-1]["notices"] == []
    assert said(model) == ["One?", "Two?", "Three?", "Four?", "Five?"]
    restarted, model = world.service()
    ask(restarted, alice, "Six?")
    assert said(model) == ["One?", "Two?", "Three?", "Four?", "Five?", "Six?"]


def test_a_session_that_began_without_the_memory_is_found_again(world: World, alice: Caller) -> None:
    world.stop()
    service, _ = world.service()
    ask(service, alice, "One?")
    world.start()
    service.close()
    restarted, model = world.service()
    ask(restarted, alice, "Two?")
    assert said(model) == ["One?", "Two?"]


def test_what_is_not_kept_when_a_session_is_closed_is_in_the_log(
    world: World, alice: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    world.stop()
    service, _ = world.service()
    ask(service, alice, "One?")
    service.close()
    assert "2 messages are not kept" in caplog.text
    assert "One?" not in caplog.text


def test_a_memory_that_refuses_the_agent_is_told_likewise(world: World, alice: Caller) -> None:
    world.stop()
    world.policies = {world.settings.name: []}
    world.start()
    service, _ = world.service()
    result = ask(service, alice, "One?")[-1]
    assert (result["answer"], result["notices"]) == ("It is 7.", [TOLD])


def test_a_memory_that_is_down_is_not_asked_for_ever(
    world: World, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentcore_memory, "REST_SECONDS", 600.0)
    world.stop()
    service, _ = world.service()
    asked: list[str] = []

    def count(request: Any, **_: Any) -> None:
        asked.append(request.url)

    ask(service, alice, "One?")
    client = client_of(service)
    client.meta.events.register("before-send.bedrock-agentcore", count)
    assert ask(service, alice, "Two?")[-1]["notices"] == [TOLD]
    assert asked == []


def test_a_turn_is_written_at_its_end_and_at_once(world: World, alice: Caller) -> None:
    service, _ = world.service()
    ask(service, alice, "One?")
    client = client_of(service)
    events = client.list_events(memoryId=MEMORY_ID, actorId="alice", sessionId="s" * 33)["events"]
    (turn,) = [event for event in events if "metadata" not in event]
    assert [json.loads(each["conversational"]["content"]["text"])["message"]["role"] for each in turn["payload"]] == [
        "user",
        "assistant",
    ]
