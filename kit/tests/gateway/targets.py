"""MCP servers that stand behind the gateway in its tests, and note each call with its caller and its headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from mcp.server.lowlevel import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

from agentcore_kit.local.served_app import served
from agentcore_kit.runtime.identity import claims_of
from tests.homes import free_port

_headers: ContextVar[dict[str, str]] = ContextVar("headers_of_a_call")


@dataclass
class Call:
    """A call that reached a tool.

    Attributes:
        tool: Its name at the target.
        arguments: What it was called with.
        headers: The HTTP request's, in lower case.
    """

    tool: str
    arguments: dict[str, Any]
    headers: dict[str, str]

    @property
    def user(self) -> str:
        """The subject of the caller's token."""
        return str(claims_of(self.headers["authorization"].removeprefix("Bearer "))["sub"])


@dataclass
class Target:
    """A server whose tools answer who called them.

    Attributes:
        tools: The names of its tools, which a test may change while it runs.
        calls: What reached a tool.
        seconds: How long a call takes.
        sessions: Whether it keeps sessions, as revision 2025-11-25 may, and speaks no newer one.
        raw: What is answered to a call in the place of its result, after it was made; empty for nothing.
        lists: While it is not set, no request for the list of its tools is answered.
        port: Where it listens, also when it is started again.
    """

    tools: list[str]
    calls: list[Call] = field(default_factory=list)
    seconds: float = 0.0
    sessions: bool = False
    raw: bytes = b""
    lists: Event = field(default_factory=Event)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        """Answer for the list at first."""
        self.lists.set()

    @property
    def url(self) -> str:
        """The address of its MCP endpoint."""
        return f"http://127.0.0.1:{self.port}/mcp"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve it."""
        server: Any = Server("target", on_list_tools=self._list, on_call_tool=self._call)
        app = server.streamable_http_app(json_response=not self.sessions, stateless_http=not self.sessions)

        async def noting(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                if self.sessions and headers.get("mcp-protocol-version") == "2026-07-28":
                    await send({"type": "http.response.start", "status": 400, "headers": []})
                    await send({"type": "http.response.body", "body": b"unknown revision"})
                    return
                _headers.set(headers)
            await app(scope, receive, self._answering(send) if self.raw and scope["type"] == "http" else send)

        with served(noting, "target", self.port):
            yield

    def _answering(self, send: Any) -> Any:
        """Return what sends `raw` in the place of the body of an answer to a call."""
        before = len(self.calls)

        async def sending(message: Any) -> None:
            if len(self.calls) > before and message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                message = {**message, "headers": kept}
            if len(self.calls) > before and message["type"] == "http.response.body":
                message = {**message, "body": self.raw}
            await send(message)

        return sending

    def described(self) -> list[dict[str, Any]]:
        """Return its tools as MCP lists them."""
        schema = {
            "type": "object",
            "properties": {"amount": {"type": "integer", "description": "In euros."}},
            "required": ["amount"],
        }
        about = "Does the {} of a customer."
        return [{"name": name, "description": about.format(name), "inputSchema": schema} for name in self.tools]

    async def _list(self, *_: Any) -> ListToolsResult:
        await asyncio.to_thread(self.lists.wait)
        return ListToolsResult(tools=[Tool.model_validate(tool) for tool in self.described()])

    async def _call(self, _: Any, call: Any) -> CallToolResult:
        made = Call(call.name, call.arguments or {}, _headers.get())
        self.calls.append(made)
        await asyncio.sleep(self.seconds)
        said = {"tool": made.tool, "user": made.user, "amount": made.arguments.get("amount")}
        return CallToolResult(content=[TextContent(type="text", text=str(said))], structured_content=said)
