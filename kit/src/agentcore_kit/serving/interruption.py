"""A turn that can be ended whatever it waits for: at its deadline, and when its caller hangs up or the server ends.

A thread cannot be killed, and a coroutine may ignore that it is cancelled. So a turn runs in a task of its own. What
does not end when it is told to is given up: it may run on, but nobody waits for it and nothing of it is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from strands import Agent
from strands.hooks import AfterInvocationEvent, HookProvider, HookRegistry

from agentcore_kit.runtime.deadline import Deadline
from agentcore_kit.serving.turn import close_broken_turn

_ENDING_SECONDS = 1.0
"""What a turn gets to end when it is told to, before it is given up."""

Event = dict[str, Any]

logger = logging.getLogger(__name__)


class WholeConversations(HookProvider):
    """Closes a turn that failed or was interrupted before it is stored, so that no tool call is left open."""

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Listen for the end of turns. Callbacks of it run in reverse order: register it after what stores."""
        registry.add_callback(AfterInvocationEvent, self._close)

    async def _close(self, event: AfterInvocationEvent) -> None:
        if event.result is None and isinstance(event.agent, Agent):
            await close_broken_turn(event.agent)


async def interruptible(
    agent: Agent, turn: AsyncGenerator[Event, None], deadline: Deadline
) -> AsyncGenerator[Event, None]:
    """Yield the events of a turn until the deadline. When this generator is closed or cancelled, the turn ends.

    Args:
        agent: Whose turn it is. After an interruption it must not be used any more.
        turn: What `run_turn` yields.
        deadline: When it must have ended.

    Raises:
        Exception: What the turn raises, or the deadline's error.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()

    async def run() -> None:
        try:
            async with aclosing(turn) as made:
                async for event in made:
                    events.put_nowait(event)
        finally:
            events.put_nowait(None)

    running = asyncio.create_task(run())
    try:
        while True:
            async with deadline.limit():
                event = await events.get()
            if event is None:
                break
            yield event
        await running
    finally:
        if not running.done():
            await _end(running, agent)


async def _end(running: asyncio.Task[None], agent: Agent) -> None:
    running.cancel()
    agent.cancel()
    try:
        await asyncio.wait([running], timeout=_ENDING_SECONDS)
        if not running.done():
            logger.warning("something of the turn does not end; it is given up")
            async with asyncio.timeout(_ENDING_SECONDS):
                await agent.hooks.invoke_callbacks_async(AfterInvocationEvent(agent=agent))
    except Exception:
        logger.warning("the interrupted turn could not be stored", exc_info=True)
    finally:
        agent.hooks = HookRegistry()  # what runs on stores nothing
        agent.cancel()  # and a tool's thread can see that it is over: Strands takes the signal back at a turn's end
        _ending.add(running)
        running.add_done_callback(_ended)


_ending: set[asyncio.Task[None]] = set()
"""Turns that were told to end. asyncio itself would not keep them until they do."""


def _ended(task: asyncio.Task[None]) -> None:
    _ending.discard(task)
    if not task.cancelled():
        task.exception()  # seen, so that asyncio does not complain that nobody did
