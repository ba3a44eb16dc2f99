"""The open connections to all targets, which every request to one uses.

Lists, and calls that need a session, go through fastmcp's client, which is built on httpx2. A call that is one request
goes through aiohttp, which takes a quarter of the time for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.server.dependencies import get_access_token
from opentelemetry import propagate

CONNECT_SECONDS = 10.0
"""How long a target may take to accept a connection."""

_ANSWER_SECONDS = 300.0  # the most that gateway.timeoutSeconds allows, which ends a call before

_IDLE_SECONDS = 4.0  # shorter than targets keep one: the servers of others, on uvicorn, close it after 5


@dataclass(frozen=True)
class Reply:
    """What a target answered to a request.

    Attributes:
        status: Of HTTP.
        kind: The content type; empty where none is said.
        text: The body.
    """

    status: int
    kind: str
    text: str


class Connections:
    """Holds the connections; one is opened with the first request that needs it."""

    def __init__(self) -> None:
        """Open nothing yet."""
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=_IDLE_SECONDS)
        self._sessions = httpx2.AsyncHTTPTransport(limits=limits, trust_env=False)
        self._requests: aiohttp.ClientSession | None = None

    async def post(self, url: str, content: str, headers: Mapping[str, str]) -> Reply:
        """Send one request with the caller's token and trace, and return what is answered.

        Args:
            url: Of the target.
            content: The body.
            headers: Of HTTP, besides token and trace.

        Raises:
            ConnectionError: When the target does not accept a connection in time.
            aiohttp.ClientError: When it cannot be reached, or its answer is no HTTP.
        """
        if self._requests is None:  # it belongs to the event loop of the first request
            self._requests = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),  # a target's cookie for one user is none for the next
            )
        sent = self._requests.post(url, data=content.encode(), headers=_with_caller(headers), allow_redirects=False)
        try:
            async with sent as reply:
                kind = reply.headers.get("Content-Type", "")
                return Reply(reply.status, kind, await reply.text("utf-8", "replace"))
        except aiohttp.ServerTimeoutError as error:
            raise ConnectionError(f"no connection within {CONNECT_SECONDS:g} s") from error

    def transport(self, url: str) -> StreamableHttpTransport:
        """Return what fastmcp's client sends its requests by, with the caller's token and trace in each.

        Args:
            url: Of the target.
        """

        def shared(headers: Any = None, timeout: Any = None, auth: Any = None, **_: Any) -> httpx2.AsyncClient:
            timeout = timeout or httpx2.Timeout(_ANSWER_SECONDS, connect=CONNECT_SECONDS)
            return httpx2.AsyncClient(headers=headers, auth=auth, transport=_Shared(self._sessions), timeout=timeout)

        return StreamableHttpTransport(url, auth=_Caller(), httpx_client_factory=shared)

    async def close(self) -> None:
        """Close all connections."""
        await self._sessions.aclose()
        if self._requests is not None:
            await self._requests.close()


def _with_caller(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with the caller's token, and the trace of the request that is being answered."""
    token = get_access_token()
    found = {**headers, "Authorization": f"Bearer {token.token}"} if token is not None else dict(headers)
    propagate.inject(found)
    return found


class _Caller(httpx2.Auth):
    """Puts token and trace into each request of fastmcp's client."""

    def auth_flow(self, request: httpx2.Request) -> Any:
        """Complete a request."""
        request.headers.update(_with_caller({}))
        yield request


class _Shared(httpx2.AsyncBaseTransport):
    """Sends requests over connections of others, and leaves them open at its own end."""

    def __init__(self, connections: httpx2.AsyncBaseTransport) -> None:
        self._connections = connections

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._connections.handle_async_request(request)
