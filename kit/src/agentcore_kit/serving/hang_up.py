"""Who hangs up ends what was begun for them, whether it is streamed or not: others may wait for the session."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class EndsOnHangUp:
    """ASGI middleware. Cancels the application when its client disconnects after its request was read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received: asyncio.Queue[Message] = asyncio.Queue(1)  # a body is read no faster than the application takes it

        async def listen() -> None:
            read = False
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" and read:
                    return
                read = message["type"] == "http.request" and not message.get("more_body", False)
                await received.put(message)
                if message["type"] == "http.disconnect":
                    await asyncio.Event().wait()  # the application knows, and ends by itself

        async def answer() -> None:
            await self.app(scope, received.get, send)

        answering = asyncio.create_task(answer())
        listening = asyncio.create_task(listen())
        try:
            await asyncio.wait([answering, listening], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
        finally:
            listening.cancel()
            answering.cancel()
            await asyncio.gather(answering, listening, return_exceptions=True)
