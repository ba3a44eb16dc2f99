"""What a tool does when its backend fails: bounded retries with jitter if that can help, else a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import copy_context
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

ATTEMPTS = 3
TIMEOUT_SECONDS = 2.0
QUEUE_SECONDS = 30.0
TRANSIENT = (ConnectionError, TimeoutError)

P = ParamSpec("P")
R = TypeVar("R")


async def call_with_retries(func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a blocking backend function off the event loop, each try bounded by `TIMEOUT_SECONDS`.

    `ConnectionError` and `TimeoutError` are tried again, `ATTEMPTS` times in all; anything else is raised at once.

    Raises:
        The last error of the backend, or TimeoutError.
    """
    return await retried(partial(_BACKEND.run, partial(func, *args, **kwargs), TIMEOUT_SECONDS), ATTEMPTS)


async def retried(once: Callable[[], Awaitable[R]], attempts: int, budget_seconds: float | None = None) -> R:
    """Try up to `attempts` times, after random waits of up to one second, and start no try once the budget is spent.

    Only what is transient is tried again.

    Raises:
        The last error.
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
        """At most `number` calls run at once; others wait for up to `QUEUE_SECONDS`."""
        self.number, self.busy = number, 0
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="backend")

    async def run(self, call: Callable[[], R], timeout_seconds: float) -> R:
        """Run a blocking call off the event loop. Waiting for a free thread does not count as the backend's time.

        A call that timed out keeps its thread, and is one of `busy`, until it returns, so give the backend's own
        client a time-out as well.
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
            async with asyncio.timeout(timeout_seconds):
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
