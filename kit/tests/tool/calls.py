"""How tests call a running server: with the MCP SDK's own client, as some user."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from agentcore_kit.runtime.identity import issue_development_token

R = TypeVar("R")


@dataclass(frozen=True)
class Tools:
    """A running server."""

    url: str
    state: Path

    def headers(self, user: str = "alice", **more: str) -> dict[str, str]:
        """Return the headers of a user's requests."""
        return {"Authorization": f"Bearer {issue_development_token(user, self.state)}", **more}

    def call(self, name: str, arguments: dict[str, Any] | None = None, user: str = "alice") -> CallToolResult:
        """Return the result of one call by a user."""

        async def once(client: Client) -> Any:
            return await client.call_tool(name, arguments or {})

        result: CallToolResult = asyncio.run(self.connected(once, user))
        return result

    async def connected(self, use: Callable[[Client], Awaitable[R]], user: str = "alice") -> R:
        """Return what `use` makes of a connected client."""
        async with httpx2.AsyncClient(headers=self.headers(user)) as http:
            transport = streamable_http_client(self.url, http_client=http)
            async with Client(transport) as client:
                return await use(client)
