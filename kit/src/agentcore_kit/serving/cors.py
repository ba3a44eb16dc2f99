"""Lets pages of the origins that the environment names call the agent from a browser (CORS); off without any."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from bedrock_agentcore.runtime.models import REQUEST_ID_HEADER, SESSION_HEADER
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_ALLOWED = ("Authorization", "Content-Type", SESSION_HEADER, REQUEST_ID_HEADER, "traceparent", "tracestate", "baggage")


class CrossOrigin:
    """ASGI middleware. To an origin that is not named, the server is one that does not know CORS."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            origins: Returns the origins that may call it. Asked only when a request has one, because the environment
                file is read after the port is open.
        """
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; preflights of named origins are answered here, and need no token."""
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        app = self.app
        if origin and origin in await self._origins():
            # Without credentials: who asks is in the Authorization header, never in a cookie.
            app = CORSMiddleware(
                app,
                allow_origins=[origin],
                allow_methods=["GET", "POST"],
                allow_headers=_ALLOWED,
                expose_headers=[SESSION_HEADER],
            )
        await app(scope, receive, send)
