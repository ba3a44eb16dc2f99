"""The events of a turn as server-sent events. A turn ends when its client hangs up: others wait for its session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class TurnStream(StreamingResponse):
    """Runs a turn on the loop that this is made on, where its session lives, and sends its events from the server's."""

    def __init__(self, events: AsyncGenerator[dict[str, Any], None], headers: Mapping[str, str]) -> None:
        """`events` are sent as they come, each as a line of JSON, after `headers`."""
        super().__init__(self._lines(), headers=headers, media_type="text/event-stream")
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; whoever is not there to the end gets no further ones made."""
        turn = asyncio.run_coroutine_threadsafe(self._run(asyncio.get_running_loop()), self._loop)
        try:
            await super().__call__(scope, receive, send)
        finally:
            turn.cancel()

    async def _run(self, server: asyncio.AbstractEventLoop) -> None:
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    server.call_soon_threadsafe(self._queue.put_nowait, event)
        finally:
            with suppress(RuntimeError):  # the server has ended
                server.call_soon_threadsafe(self._queue.put_nowait, None)

    async def _lines(self) -> AsyncIterator[str]:
        while (event := await self._queue.get()) is not None:
            yield f"data: {json.dumps(event)}\n\n"
