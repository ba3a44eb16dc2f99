"""What a tool does when its backend fails: bounded retries with jitter if that can help, else a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import ParamSpec, TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from agentcore_kit.runtime.deadline import seconds_left
from agentcore_kit.runtime.threads import DaemonThreads

QUEUE_SECONDS = 30.0
"""How long a call waits for a free thread."""

TRANSIENT = (ConnectionError, TimeoutError)
"""What asking again may help against."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class RetryPolicy:
    """How a tool calls its backend: how often it tries, and how long one try may take.

    Attributes:
        attempts: How many tries there are in all; 1 for what must not be done twice.
        timeout_seconds: How long one try may take.
    """

    attempts: int = 3
    timeout_seconds: float = 2.0

    async def call(self, func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a blocking function of a backend off the event loop.

        `ConnectionError` and `TimeoutError` are tried again, anything else is raised at once. No try takes longer than
        what is left of the turn that it is part of.

        Args:
            func: The function.
            args: Its arguments.
            kwargs: Its arguments by name.

        Returns:
            What it returns.

        Raises:
            Exception: The last error of the backend, or TimeoutError.
        """
        call = partial(func, *args, **kwargs)
        return await retried(partial(_BACKEND.run, call, self.timeout_seconds), self.attempts)


async def retried(once: Callable[[], Awaitable[R]], attempts: int, budget_seconds: float | None = None) -> R:
    """Call until it succeeds. Only what is transient is tried again, after random waits of up to one second.

    Args:
        once: Makes one try.
        attempts: How many tries there are in all.
        budget_seconds: After this no further try is begun; None for no limit.

    Raises:
        Exception: The last error.
    """
    if attempts == 1:
        return await once()
    stop = stop_after_attempt(attempts)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(TRANSIENT),
        stop=stop | stop_before_delay(budget_seconds) if budget_seconds else stop,
        wait=wait_random_exponential(multiplier=0.1, max=1.0),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            return await once()
    raise AssertionError("unreachable: the last attempt returns or raises")


class Threads:
    """Threads of their own, so that nothing else that blocks can make a healthy backend look slow."""

    def __init__(self, number: int) -> None:
        """Make room for `number` calls at once; others wait for up to `QUEUE_SECONDS`."""
        self.number, self.busy = number, 0
        self._lock = Lock()
        self._pool = DaemonThreads(number, "backend")

    async def run(self, call: Callable[[], R], timeout_seconds: float) -> R:
        """Run a blocking call off the event loop. Waiting for a free thread does not count as the backend's time.

        A call that timed out keeps its thread, and is one of `busy`, until it returns, so give the backend's own
        client a time-out as well.

        Args:
            call: What is called.
            timeout_seconds: How long it may take once it has a thread.

        Raises:
            TimeoutError: When it takes longer, or no thread becomes free.
        """
        loop, started, caller = asyncio.get_running_loop(), asyncio.Event(), copy_context()
        must_wait = self._count(1) > self.number

        def run() -> R:
            if must_wait:
                loop.call_soon_threadsafe(started.set)
            return caller.run(_ordinary, call)

        work = self._pool.submit(run)
        work.add_done_callback(lambda _: self._count(-1))
        running = asyncio.wrap_future(work)
        try:
            if must_wait:
                await asyncio.wait_for(started.wait(), QUEUE_SECONDS)
            async with asyncio.timeout(seconds_left(timeout_seconds)):
                return await running
        finally:
            running.cancel()

    def _count(self, more: int) -> int:
        with self._lock:
            self.busy += more
            return self.busy


_BACKEND = Threads(32)


def _ordinary(call: Callable[[], R]) -> R:
    """Call, and raise as RuntimeError what a future cannot hold, or would end the event loop or the process."""
    try:
        return call()
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, (StopIteration, CancelledError)):
            raise
        raise RuntimeError(f"{type(error).__name__} instead of an answer") from error
