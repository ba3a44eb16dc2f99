"""The open conversations of this process, one agent for each user and session, and an end to idle ones.

In the cloud a session has a microVM of its own and this holds one entry. Locally one process serves everybody, so the
key is always user and session together: a session id alone is something a stranger could guess.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from strands import Agent

from agentcore_kit.runtime import health
from agentcore_kit.runtime.health import Capacity
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.errors import FULL, TurnFailed
from agentcore_kit.serving.gateways import CallerToken, GatewayTools

if TYPE_CHECKING:
    from agentcore_kit.serving.agentcore_memory import Memories

logger = logging.getLogger(__name__)

Key = tuple[str, str]


@dataclass
class Conversation:
    """An agent with its connections, as long as the process keeps it.

    Attributes:
        agent: The agent of one session.
        token: The caller's newest token.
        gateway: The connections to gateways.
        memory: The memory that keeps it; None where files do.
    """

    agent: Agent
    token: CallerToken
    gateway: GatewayTools
    memory: Memories | None = None

    def is_stale(self) -> bool:
        """Whether opening it anew could help: a gateway was lost or changed, or the memory could not be read."""
        return self.gateway.is_stale() or bool(self.memory and self.memory.is_stale)

    def close(self) -> None:
        """End its connections, and write what the memory did not take yet."""
        self.gateway.close()
        if self.memory:
            self.memory.close()


@dataclass
class _Entry:
    conversation: Conversation | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    last_used: float = 0.0


class Sessions:
    """Opens, shares and evicts conversations. Must be used from one event loop."""

    def __init__(
        self,
        open_conversation: Callable[[Caller, str], Conversation],
        *,
        max_sessions: int,
        idle_seconds: float,
        capacity: Capacity | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make the store; it is empty.

        Args:
            open_conversation: Opens one for a caller and a session id. It may block: it runs off the event loop.
            max_sessions: How many stay open; the longest unused is closed first, never one in use.
            idle_seconds: After so many seconds without a request one is closed.
            capacity: How many have a turn at once, and how many idle ones stay connected; None for what the process's
                limits are enough for.
            clock: Returns the time in seconds.
        """
        self._open = open_conversation
        self._max = max_sessions
        self._idle = idle_seconds
        self._clock = clock
        self._capacity = capacity or health.capacity()
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._connected: OrderedDict[Key, _Entry] = OrderedDict()  # idle, and not told to rest
        self._in_use = 0

    def __len__(self) -> int:
        return len(self._entries)

    @asynccontextmanager
    async def use(self, caller: Caller, session_id: str) -> AsyncIterator[Conversation]:
        """Lend the caller's conversation for one turn; turns of one session wait for each other.

        Raises:
            TurnFailed: When so many sessions have a turn that there would be no descriptors for another's connections.
        """
        key = (caller.user_id, session_id)
        entry = self._begin(key)
        try:
            self._evict()
            async with entry.lock:
                if entry.conversation is not None:
                    entry.conversation.token.token = caller.token
                    if await asyncio.to_thread(entry.conversation.is_stale):
                        # The stored conversation goes on with new connections.
                        await asyncio.to_thread(_close, entry)
                        entry.conversation = None
                if entry.conversation is None:
                    entry.conversation = await self._opened(caller, session_id)
                try:
                    yield entry.conversation
                except BaseException:
                    # Nobody knows what a broken turn left in memory; the next one begins with what was stored.
                    broken, entry.conversation = entry.conversation, None
                    asyncio.get_running_loop().run_in_executor(None, broken.close)
                    raise
        finally:
            self._end(key, entry)

    def _begin(self, key: Key) -> _Entry:
        entry = self._entries.get(key) or _Entry()
        if not entry.users:
            if self._in_use >= self._capacity.turns:
                raise TurnFailed(FULL, f"{self._in_use} sessions have a turn; for more there are no descriptors")
            self._in_use += 1
        entry.users += 1
        self._entries[key] = entry
        self._entries.move_to_end(key)
        self._connected.pop(key, None)
        return entry

    def _end(self, key: Key, entry: _Entry) -> None:
        entry.users -= 1
        entry.last_used = self._clock()
        if key in self._entries:
            self._entries.move_to_end(key)
        if entry.users:
            return
        self._in_use -= 1
        if entry.conversation is None:
            self._entries.pop(key, None)
            return
        self._connected[key] = entry
        while len(self._connected) > self._capacity.idle:
            _, idle = self._connected.popitem(last=False)
            if idle.conversation is not None:
                asyncio.get_running_loop().run_in_executor(None, idle.conversation.gateway.rest)

    async def _opened(self, caller: Caller, session_id: str) -> Conversation:
        """Open a conversation; one whose caller left meanwhile is closed when it is there."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open, caller, session_id))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unused)
            raise

    def close(self) -> None:
        """End all conversations' connections."""
        self._connected.clear()
        while self._entries:
            _close(self._entries.popitem()[1])

    def _evict(self) -> None:
        """Drop what is idle, and the longest unused while there are too many; never what is in use."""
        now = self._clock()
        for key, entry in list(self._entries.items()):
            idle = now - entry.last_used > self._idle
            if not idle and len(self._entries) <= self._max:
                return  # entries are in order of use: the rest is younger
            if not entry.users:
                del self._entries[key]
                self._connected.pop(key, None)
                logger.info("evicted an idle session; %d remain", len(self._entries))
                # Closing may wait for a server, so it must not hold up the event loop.
                asyncio.get_running_loop().run_in_executor(None, _close, entry)


def _close_unused(opening: asyncio.Future[Conversation]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        asyncio.get_running_loop().run_in_executor(None, opening.result().close)


def _close(entry: _Entry) -> None:
    if entry.conversation is not None:
        entry.conversation.close()
