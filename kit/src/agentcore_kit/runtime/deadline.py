"""The deadline of what is being done for a caller: how much is left of it, for everything that waits for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from time import monotonic


class Deadline:
    """When something must have ended, and what is raised where it has not. Of the event loop that it is made on."""

    def __init__(self, seconds: float, error: Exception) -> None:
        """Begin now.

        Args:
            seconds: How long it may take.
            error: What is raised when it takes longer.
        """
        self._end, self._error = monotonic() + seconds, error
        self._waiting: set[asyncio.Timeout] = set()
        self._loop = asyncio.get_running_loop()

    def left(self) -> float:
        """Return how many seconds are left; 0 when it is over."""
        return max(0.0, self._end - monotonic())

    def shorten(self, seconds: float, error: Exception) -> None:
        """Let it end in so many seconds with this error, if it would not end before. Any thread may call it."""
        with suppress(RuntimeError):  # its loop has ended, and it with it
            self._loop.call_soon_threadsafe(self._shorten, monotonic() + seconds, error)

    def _shorten(self, end: float, error: Exception) -> None:
        if end < self._end:
            self._end, self._error = end, error
            for timeout in self._waiting:
                timeout.reschedule(self._loop.time() + self.left())

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        """Cancel what the block waits for when the time is up. No block of an async generator may yield in it.

        Raises:
            Exception: The deadline's error, when the time is up.
        """
        timeout = asyncio.timeout(self.left())
        try:
            async with timeout:
                self._waiting.add(timeout)
                yield
        except TimeoutError:
            if timeout.expired():
                raise self._error from None
            raise
        finally:
            self._waiting.discard(timeout)


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def until(deadline: Deadline) -> Iterator[None]:
    """Let `seconds_left` know of a deadline in a block, in the tasks made in it, and in threads they call."""
    before = _current.get()
    _current.set(deadline)
    try:
        yield
    finally:
        _current.set(before)  # not by a token: a generator may be closed from elsewhere


def seconds_left(at_most: float) -> float:
    """Return how long a call may take: what is left of the turn's deadline, and never more than `at_most`.

    Args:
        at_most: The limit that the call has of its own, in seconds. Outside of a turn it is returned as it is.

    Example:
        >>> httpx.get(url, timeout=seconds_left(10.0))
    """
    deadline = _current.get()
    return at_most if deadline is None else min(at_most, deadline.left())
