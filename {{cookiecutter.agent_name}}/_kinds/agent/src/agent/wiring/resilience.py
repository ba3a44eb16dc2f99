"""What a tool does when its backend fails: bounded retries with jitter if that can help, else a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

ATTEMPTS = 3
TIMEOUT_SECONDS = 2.0
QUEUE_SECONDS = 30.0
TRANSIENT = (ConnectionError, TimeoutError)

_BACKEND = ThreadPoolExecutor(32, thread_name_prefix="backend")
"""Threads of their own, so that nothing else that blocks can make a healthy backend look slow."""

P = ParamSpec("P")
R = TypeVar("R")


async def call_with_retries(func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a blocking backend function off the event loop, each try bounded by `TIMEOUT_SECONDS`.

    `ConnectionError` and `TimeoutError` are tried again, `ATTEMPTS` times in all, after a random wait of up to one
    second; anything else is raised at once. Waiting for a free thread does not count as the backend's time. A call that
    timed out keeps its thread until it returns, so give the backend's own client a time-out as well.

    Raises:
        The last error of the backend, or TimeoutError.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(TRANSIENT),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=1.0),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            return await _once(partial(func, *args, **kwargs))
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _once(call: Callable[[], R]) -> R:
    loop, started, caller = asyncio.get_running_loop(), asyncio.Event(), copy_context()

    def run() -> R:
        loop.call_soon_threadsafe(started.set)
        return caller.run(call)

    running = loop.run_in_executor(_BACKEND, run)
    try:
        await asyncio.wait_for(started.wait(), QUEUE_SECONDS)
        return await asyncio.wait_for(running, TIMEOUT_SECONDS)
    finally:
        running.cancel()


def tool_error(code: int, message: str) -> dict[str, Any]:
    """Return a failed tool result that tells the model what went wrong; `code` follows HTTP (400, 404, 503)."""
    return {"status": "error", "content": [{"text": f"Error {code}: {message}"}]}
