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

from strands import Agent

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.gateways import CallerToken, GatewayTools

logger = logging.getLogger(__name__)

Key = tuple[str, str]


@dataclass
class Conversation:
    """An agent with its connections, as long as the process keeps it.

    Attributes:
        agent: The agent of one session.
        token: The caller's newest token.
        gateway: The connections to gateways.
    """

    agent: Agent
    token: CallerToken
    gateway: GatewayTools


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
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make the store; it is empty.

        Args:
            open_conversation: Opens one for a caller and a session id. It may block: it runs off the event loop.
            max_sessions: How many stay open; the longest unused is closed first, never one in use.
            idle_seconds: After so many seconds without a request one is closed.
            clock: Returns the time in seconds.
        """
        self._open = open_conversation
        self._max = max_sessions
        self._idle = idle_seconds
        self._clock = clock
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @asynccontextmanager
    async def use(self, caller: Caller, session_id: str) -> AsyncIterator[Conversation]:
        """Lend the caller's conversation for one turn; turns of one session wait for each other."""
        key = (caller.user_id, session_id)
        entry = self._entries.setdefault(key, _Entry())
        self._entries.move_to_end(key)
        entry.users += 1
        try:
            self._evict()
            async with entry.lock:
                if entry.conversation is not None and entry.conversation.gateway.is_stale():
                    # The stored conversation goes on with new connections.
                    await asyncio.to_thread(_close, entry)
                    entry.conversation = None
                if entry.conversation is None:
                    entry.conversation = await self._opened(caller, session_id)
                entry.conversation.token.token = caller.token
                try:
                    yield entry.conversation
                except BaseException:
                    # Nobody knows what a broken turn left in memory; the next one begins with what was stored.
                    broken, entry.conversation = entry.conversation, None
                    asyncio.get_running_loop().run_in_executor(None, broken.gateway.close)
                    raise
        finally:
            entry.users -= 1
            entry.last_used = self._clock()
            if key in self._entries:
                self._entries.move_to_end(key)
            if entry.conversation is None and not entry.users:
                self._entries.pop(key, None)

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
                logger.info("evicted an idle session; %d remain", len(self._entries))
                # Closing may wait for a server, so it must not hold up the event loop.
                asyncio.get_running_loop().run_in_executor(None, _close, entry)


def _close_unused(opening: asyncio.Future[Conversation]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        asyncio.get_running_loop().run_in_executor(None, opening.result().gateway.close)


def _close(entry: _Entry) -> None:
    if entry.conversation is not None:
        entry.conversation.gateway.close()
