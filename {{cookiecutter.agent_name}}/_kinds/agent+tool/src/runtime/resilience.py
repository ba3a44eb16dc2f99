"""What a tool does when its backend fails: bounded retries with jitter if that can help, else a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import ParamSpec, TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

ATTEMPTS = 3
TIMEOUT_SECONDS = 2.0
QUEUE_SECONDS = 30.0
TRANSIENT = (ConnectionError, TimeoutError)

THREADS = 32
_BACKEND = ThreadPoolExecutor(THREADS, thread_name_prefix="backend")
"""Threads of their own, so that nothing else that blocks can make a healthy backend look slow."""

P = ParamSpec("P")
R = TypeVar("R")


async def call_with_retries(func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a blocking backend function off the event loop, each try bounded by `TIMEOUT_SECONDS`.

    `ConnectionError` and `TimeoutError` are tried again, `ATTEMPTS` times in all; anything else is raised at once.

    Raises:
        The last error of the backend, or TimeoutError.
    """
    return await retried(partial(in_thread, partial(func, *args, **kwargs), TIMEOUT_SECONDS), ATTEMPTS)


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
        stop=stop | stop_after_delay(budget_seconds) if budget_seconds else stop,
        wait=wait_random_exponential(multiplier=0.1, max=1.0),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            return await once()
    raise AssertionError("unreachable: the last attempt returns or raises")


async def in_thread(call: Callable[[], R], timeout_seconds: float) -> R:
    """Run a blocking call off the event loop. Waiting for a free thread does not count as the backend's time.

    A call that timed out keeps its thread until it returns, so give the backend's own client a time-out as well.
    """
    loop, started, caller = asyncio.get_running_loop(), asyncio.Event(), copy_context()
    must_wait = _busy.enter() > THREADS

    def run() -> R:
        if must_wait:
            loop.call_soon_threadsafe(started.set)
        return caller.run(call)

    work = _BACKEND.submit(run)
    work.add_done_callback(_busy.leave)
    running = asyncio.wrap_future(work)
    try:
        if must_wait:
            await asyncio.wait_for(started.wait(), QUEUE_SECONDS)
        async with asyncio.timeout(timeout_seconds):
            return await running
    finally:
        running.cancel()


class _Busy:
    """Counts the calls that have a thread or wait for one."""

    def __init__(self) -> None:
        self._number, self._lock = 0, Lock()

    def enter(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def leave(self, _: object) -> None:
        with self._lock:
            self._number -= 1


_busy = _Busy()
