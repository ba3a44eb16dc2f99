"""What a tool does when its backend fails: bounded retries with jitter if that can help, else a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

ATTEMPTS = 3
TIMEOUT_SECONDS = 2.0
TRANSIENT = (ConnectionError, TimeoutError)

P = ParamSpec("P")
R = TypeVar("R")


async def call_with_retries(func: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a blocking backend function off the event loop, each try bounded by `TIMEOUT_SECONDS`.

    `ConnectionError` and `TimeoutError` are tried again, `ATTEMPTS` times in all, after a random wait of up to one
    second; anything else is raised at once. A call that timed out keeps its thread until it returns, so give the
    backend's own client a time-out as well.

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
            return await asyncio.wait_for(asyncio.to_thread(func, *args, **kwargs), TIMEOUT_SECONDS)
    raise AssertionError("unreachable: the last attempt returns or raises")


def tool_error(code: int, message: str) -> dict[str, Any]:
    """Return a failed tool result that tells the model what went wrong; `code` follows HTTP (400, 404, 503)."""
    return {"status": "error", "content": [{"text": f"Error {code}: {message}"}]}
