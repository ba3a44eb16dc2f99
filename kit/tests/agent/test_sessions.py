"""Sessions: nobody sees another's turns, turns of one session wait for each other, idle ones go."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest

from agentcore_kit.config.agent import Limits
from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.gateways import CallerToken
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.sessions import Conversation, Sessions
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent

SESSION = "s" * 33
LIMITS: dict[str, Any] = {"max_sessions": 1000, "idle_seconds": 900.0}


def opened(caller: Caller, session_id: str) -> Conversation:
    gateway = Mock()
    gateway.is_stale.return_value = False
    gateway.closed = Event()
    gateway.close.side_effect = gateway.closed.set
    return Conversation(Mock(name=f"{caller.user_id}/{session_id}"), CallerToken(caller), gateway)


async def visit(sessions: Sessions, user: str, session_id: str = SESSION, token: str = "") -> Conversation:
    async with sessions.use(Caller(user, token=token), session_id) as conversation:
        return conversation


async def closed_once(conversation: Conversation) -> None:
    """Wait until its connections are closed: that is work of another thread."""
    gateway: Any = conversation.gateway
    assert await asyncio.to_thread(gateway.closed.wait, 20)
    gateway.close.assert_called_once()


def test_user_and_session_together_are_the_key() -> None:
    async def scenario() -> None:
        sessions = Sessions(opened, **LIMITS)
        first = await visit(sessions, "alice")
        assert await visit(sessions, "alice") is first
        assert await visit(sessions, "bob") is not first
        assert await visit(sessions, "alice", "t" * 33) is not first
        # Joining the two parts as text would make these one.
        assert await visit(sessions, "a", "b" + SESSION) is not await visit(sessions, "ab", SESSION)

    asyncio.run(scenario())


def test_each_request_brings_its_own_token() -> None:
    async def scenario() -> None:
        sessions = Sessions(opened, **LIMITS)
        await visit(sessions, "alice", token="old")
        assert (await visit(sessions, "alice", token="new")).token.token == "new"

    asyncio.run(scenario())


def test_turns_of_one_session_wait_for_each_other() -> None:
    async def scenario() -> None:
        sessions = Sessions(opened, **LIMITS)
        running = 0

        async def turn() -> None:
            nonlocal running
            async with sessions.use(Caller("alice"), SESSION):
                running += 1
                assert running == 1
                await asyncio.sleep(0.001)
                running -= 1

        await asyncio.gather(*(turn() for _ in range(10)))
        assert len(sessions) == 1

    asyncio.run(scenario())


def test_idle_sessions_are_evicted_and_their_connections_closed() -> None:
    async def scenario() -> None:
        now = 0.0
        sessions = Sessions(opened, max_sessions=1000, idle_seconds=60, clock=lambda: now)
        old = await visit(sessions, "alice")
        now = 61.0
        await visit(sessions, "bob")
        assert len(sessions) == 1
        await closed_once(old)

    asyncio.run(scenario())


def test_the_number_of_sessions_is_bounded_but_none_in_use_is_dropped() -> None:
    async def scenario() -> None:
        sessions = Sessions(opened, max_sessions=3, idle_seconds=60)
        async with sessions.use(Caller("busy"), SESSION) as busy:
            for number in range(10):
                await visit(sessions, f"user-{number}")
            assert len(sessions) <= 4
            assert await asyncio.wait_for(visit(sessions, "user-9"), 1)
        assert await visit(sessions, "busy") is busy

    asyncio.run(scenario())


def test_the_limits_are_those_of_the_environment_file(settings: AgentSettings, build_agent: BuildAgent) -> None:
    limits = Limits.model_validate({"sessions": {"idleSeconds": 7.5, "maxOpen": 2}})
    environment = settings.environment.model_copy(update={"limits": limits})
    service = Service(replace(settings, environment=environment), OfflineModel(), build_agent)
    now = 0.0
    service.sessions._clock = lambda: now

    async def scenario() -> None:
        nonlocal now
        for number in range(3):
            await visit(service.sessions, f"user-{number}")
        assert [user for user, _ in service.sessions._entries] == ["user-1", "user-2"]
        now = 8.0
        await visit(service.sessions, "later")
        assert [user for user, _ in service.sessions._entries] == ["later"]

    asyncio.run(scenario())


def test_a_session_behind_a_long_turn_is_evicted_too() -> None:
    async def scenario() -> None:
        now = 0.0
        sessions = Sessions(opened, max_sessions=1000, idle_seconds=60, clock=lambda: now)
        async with sessions.use(Caller("long"), SESSION):
            await visit(sessions, "short")
            now = 120.0
        await visit(sessions, "other")
        assert ("short", SESSION) not in sessions._entries

    asyncio.run(scenario())


def test_a_conversation_whose_caller_left_while_it_opened_is_closed() -> None:
    async def scenario() -> None:
        conversation, opening = opened(Caller("alice"), SESSION), Event()

        def slowly(_: Caller, __: str) -> Conversation:
            opening.set()
            time.sleep(0.1)
            return conversation

        sessions = Sessions(slowly, **LIMITS)
        leaving = asyncio.ensure_future(visit(sessions, "alice"))
        await asyncio.to_thread(opening.wait)
        leaving.cancel()
        await closed_once(conversation)
        assert len(sessions) == 0

    asyncio.run(scenario())


def test_a_conversation_that_could_not_be_opened_is_tried_again() -> None:
    async def scenario() -> None:
        attempts = Mock(side_effect=[OSError("no disk"), opened(Caller("alice"), SESSION)])
        sessions = Sessions(attempts, **LIMITS)
        with pytest.raises(OSError, match="no disk"):
            await visit(sessions, "alice")
        assert len(sessions) == 0
        assert await visit(sessions, "alice")

    asyncio.run(scenario())
