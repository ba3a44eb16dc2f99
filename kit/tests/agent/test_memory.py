"""Where conversations go: file names and actor ids that cannot be confused, and AgentCore Memory when configured."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from bedrock_agentcore.memory.integrations.strands.session_manager import AgentCoreMemorySessionManager
from strands.session import SnapshotSessionManager

from agentcore_kit.config.agent import Memory
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.serving.memory import build_session_manager, safe_id
from agentcore_kit.serving.settings import AgentSettings
from tests.homes import home_in

IDS = ["a", "A", "a/b", "a/../b", "../a", "a|b", "auth0|1", "", "sha256-1", "a" * 100, "a" * 101, "ä", "報", "a b", "."]


def test_ids_are_safe_and_never_the_same_for_two() -> None:
    safe = [safe_id(text) for text in IDS]
    assert len(set(safe)) == len(IDS)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", text) for text in safe)
    assert safe_id(safe_id("a|b")) != safe_id("a|b"), "an id that looks like a hash must not stand for another's"


def test_locally_conversations_are_files(settings: AgentSettings) -> None:
    manager = build_session_manager(settings, "a|b", "s" * 33)
    assert isinstance(manager, SnapshotSessionManager)
    assert manager.session_id == "s" * 33


def test_where_no_conversation_can_be_kept_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home_in(tmp_path))
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "sessions").touch()
    with pytest.raises(ConfigError, match=r"^\.local/sessions: .*conversations are kept there"):
        AgentSettings.from_files()


def test_with_a_memory_actor_and_session_come_from_the_identity(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bedrock_agentcore.memory.integrations.strands.session_manager.MemoryClient.list_events",
        lambda *_, **__: [],
        raising=False,
    )
    monkeypatch.setattr(AgentCoreMemorySessionManager, "read_session", lambda *_, **__: None)
    monkeypatch.setattr(AgentCoreMemorySessionManager, "create_session", lambda _, session, **__: session)
    here = Memory(id="analysts-AbCdEf1234", endpoint="http://127.0.0.1:8090")
    environment = settings.environment.model_copy(update={"memory": here})
    manager = build_session_manager(replace(settings, environment=environment), "auth0|1", "s" * 33)
    assert isinstance(manager, AgentCoreMemorySessionManager)
    assert manager.config.memory_id == "analysts-AbCdEf1234"
    assert set(manager.config.retrieval_config or {}) == {"/facts/{actorId}/", "/preferences/{actorId}/"}
    assert manager.config.actor_id == safe_id("auth0|1")
    assert manager.config.session_id == "s" * 33
    for client in (manager.memory_client.gmdp_client, manager.memory_client.gmcp_client):
        assert client.meta.endpoint_url == "http://127.0.0.1:8090"
        assert client._request_signer._credentials.access_key == settings.name, "the memory knows the agent by its name"
