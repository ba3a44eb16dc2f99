"""The SDK, unmodified: its client, and the session manager of Strands agents, over the local memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bedrock_agentcore.memory.client import MemoryClient
from bedrock_agentcore.memory.integrations.strands.config import AgentCoreMemoryConfig, RetrievalConfig
from bedrock_agentcore.memory.integrations.strands.session_manager import AgentCoreMemorySessionManager
from strands import Agent
from strands.models import Model

from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.testing.dimensions.memory.targets import Memory, local
from tests.memory.configuration import SPEC


class Parrot(Model):
    """A model that says what it was told, so that a test sees everything that reaches a model."""

    def update_config(self, **_: Any) -> None: ...

    def get_config(self) -> dict[str, Any]:
        return {}

    def structured_output(self, *_: Any, **__: Any) -> AsyncGenerator[dict[str, Any], None]:
        raise AssertionError("no test asks for it")

    async def stream(self, messages: Any, *_: Any, **__: Any) -> AsyncIterable[Any]:
        told = " | ".join(block["text"] for message in messages for block in message["content"])
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockDelta": {"delta": {"text": f"I was told: {told}"}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    """Serve the local memory where the variable of the README says."""
    with local(tmp_path, SPEC, Rules()) as found:
        _point(monkeypatch, found)
        yield found


def _point(monkeypatch: pytest.MonkeyPatch, memory: Memory) -> None:
    assert memory.server
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", memory.server.address)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", memory.server.address)


def ask(memory: Memory, actor: str, session: str, text: str) -> str:
    """Ask an agent that is made anew, as after a restart; return all that its model was told."""
    places = {context: RetrievalConfig(top_k=5) for context in ("/preferences/{actorId}/", "/facts/{actorId}/")}
    config = AgentCoreMemoryConfig(
        memory_id=memory.memory_id, actor_id=actor, session_id=session, retrieval_config=places
    )
    manager = AgentCoreMemorySessionManager(config, region_name="eu-central-1")
    return str(Agent(model=Parrot(), session_manager=manager, callback_handler=None)(text))


def test_an_agent_remembers_across_sessions_and_restarts_and_for_one_person_only(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(memory, "alice", "monday", "I prefer amounts in euros.")
    memory.restart()
    _point(monkeypatch, memory)
    again = ask(memory, "alice", "monday", "What did I say?")
    assert "I prefer amounts in euros." in again, "the conversation goes on"
    told = ask(memory, "alice", "tuesday", "How did we do last quarter?")
    assert "<user_context>" in told
    assert "Prefers amounts in euros" in told
    assert "euros" not in ask(memory, "bob", "tuesday", "How did we do last quarter?")


def test_what_the_session_manager_keeps_of_itself_is_not_remembered(memory: Memory) -> None:
    ask(memory, "alice", "monday", "I'm working on the Atlas project.")
    assert memory.texts("/facts/alice/") == ["Works on the Atlas project"]
    assert memory.texts("/preferences/alice/") == []


def test_the_clients_conversations_and_branches(memory: Memory) -> None:
    client = MemoryClient(region_name="eu-central-1")
    said: dict[str, Any] = {"memory_id": memory.memory_id, "actor_id": "alice", "session_id": "s1"}
    client.create_event(**said, messages=[("Hello.", "USER"), ("Good morning.", "ASSISTANT")])
    root = client.create_event(**said, messages=[("Show me EMEA.", "USER")])
    client.fork_conversation(
        **said, root_event_id=root["eventId"], branch_name="what-if", new_messages=[("APAC then.", "USER")]
    )
    client.create_event(
        **said, messages=[("Fine.", "USER")], branch={"name": "what-if", "rootEventId": root["eventId"]}
    )
    assert {branch["name"] for branch in client.list_branches(**said)} == {"main", "what-if"}
    assert len(client.list_branch_events(**said, branch_name="what-if")) == 2
    assert len(client.list_branch_events(**said, branch_name="what-if", include_parent_branches=True)) == 4
    (turn,) = client.get_last_k_turns(**said, k=1)
    assert turn
    assert client.retrieve_memories(memory.memory_id, "/summaries/alice/s1/", "EMEA")[0]["score"] > 0.25
    assert client.get_memory_status(memory.memory_id) == "ACTIVE"
    assert [each["id"] for each in client.list_memories()] == [memory.memory_id]
    assert {each["name"] for each in client.get_memory_strategies(memory.memory_id)} == {
        each.name for each in SPEC.strategies
    }
