"""The targets: MCP servers whose tools the gateway offers, each called with the caller's own token.

Lists are read by fastmcp's client, which finds out what revision a target speaks. A target of revision 2026-07-28 keeps
no session, so a call to it is one request on a connection that stays open: a session for each call would cost ten
times as much. Any other target is called through fastmcp's proxy.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from fastmcp.server.providers.proxy import ProxyClient, ProxyTool
from mcp.shared.inbound import encode_header_value
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    CallToolResult,
    ListToolsResult,
    Tool,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agentcore_kit.local.gateway.connections import Connections, Reply
from agentcore_kit.local.gateway.results import failure
from agentcore_kit.local.gateway.target_tools import TargetTool

LIST_SECONDS = 5.0
"""How long a target's list of tools may take before it counts as down."""

FRESH_SECONDS = 1.0
"""How long a list, or that there is none, is taken as known."""

GATEWAY_INFO: dict[str, Any] = {"name": "agentcore-kit-gateway", "version": "1"}
"""What the gateway says it is, to its callers and to the targets."""

logger = logging.getLogger(__name__)


class Target:
    """One MCP server behind the gateway."""

    def __init__(
        self,
        name: str,
        url: str,
        call_seconds: float,
        connections: Connections,
        recorded: Callable[[], list[Tool]] = list,
    ) -> None:
        """Make it; nothing is connected.

        Args:
            name: What its tools have before their names.
            url: Of its MCP endpoint.
            call_seconds: How long a call of a tool may take.
            connections: To all targets.
            recorded: Returns the tools that it is taken to have while it was never reached.
        """
        self.name, self.url, self.call_seconds = name, url, call_seconds
        self._connections, self._recorded, self._was_reached = connections, recorded, False
        self._version: str | None = None  # a revision without sessions that it speaks
        self._listed: list[Tool] = []
        self._reply = ""  # in which the list came, where it came in one
        self._tools: dict[str, TargetTool] = {}
        self._down = ""
        self._known_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def tools(self) -> Mapping[str, TargetTool]:
        """Return its tools by the names that callers know, read again after a second; while it is down, as they were.

        A gateway in AWS keeps the list that it was synchronised with, too: callers learn from a call that it is down.
        """
        if (reading := self._read_anew()) is not None:
            await asyncio.shield(reading)
        return self._tools

    async def known_tools(self) -> Mapping[str, TargetTool]:
        """Return its tools as they were read last, for a search: what it waits for is only the first list.

        An older one is read again meanwhile, so the next search finds what has changed.
        """
        reading = self._read_anew()
        if reading is not None and not self._tools:
            await asyncio.shield(reading)
        return self._tools

    def _read_anew(self) -> asyncio.Task[None] | None:
        """Begin to read the list, one at a time, whoever asks; None while it is known."""
        if monotonic() - self._known_at <= FRESH_SECONDS:
            return None
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def tool(self, name: str) -> TargetTool | None:
        """Return one of its tools; the list is read anew only where it does not have it, or is not known yet."""
        known = None if self._down else self._tools.get(name)
        return known or (await self.tools()).get(name)

    @property
    def is_down(self) -> bool:
        """Whether it did not answer when it was asked last."""
        return bool(self._down)

    def takes_one_request(self, tool: TargetTool) -> bool:
        """Return whether a call of a tool is one request: no session, and no parameter that goes into a header."""
        return self._version is not None and not tool.has_headers

    def unavailable(self) -> dict[str, Any]:
        """Return the result of a call that cannot be made while it is down."""
        return failure(503, f"target {self.name} does not answer; try again later. Whoever runs it: start {self.url}")

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(LIST_SECONDS):
                listed = await self._list_again() or await self._list()
            if listed is not self._listed:
                await self._take(listed)
        except TimeoutError:
            self._fail(f"its list of tools did not come within {LIST_SECONDS:.0f} s")
        except Exception as error:  # whatever is wrong with one target, the others go on
            self._fail(str(error) or type(error).__name__)
        else:
            if self._down:
                logger.info("target %s at %s answers again", self.name, self.url)
            self._down, self._was_reached = "", True
        if not self._was_reached:
            await self._take(self._recorded())
        self._known_at = monotonic()

    async def look(self) -> None:
        """Look whether something listens at its address, without a token that a list of its tools may need."""
        where = urlsplit(self.url)
        port = where.port or {"http": 80}.get(where.scheme, 443)
        try:
            async with asyncio.timeout(LIST_SECONDS):
                _, writer = await asyncio.open_connection(where.hostname, port)
            writer.close()
        except (OSError, TimeoutError) as error:
            if not self._was_reached:
                self._fail(str(error) or type(error).__name__)

    async def _take(self, listed: list[Tool]) -> None:
        tools = {}
        for one in listed:
            # A tool that is the same stays, and with it what the search knows of it.
            tool = TargetTool.of(self, one, self._tools)
            tools[tool.name] = tool
            await asyncio.sleep(0)  # very many take a while, and other requests go on meanwhile
        self._listed, self._tools = listed, tools

    async def _list(self) -> list[Tool]:
        """Return the list, whatever revision the target speaks."""
        self._reply = ""
        async with self.client("auto") as client:
            listed: list[Tool] = await client.list_tools()
            version = client.protocol_version
        self._version = version if version in MODERN_PROTOCOL_VERSIONS else None
        return listed

    async def _list_again(self) -> list[Tool] | None:
        """Return the list by one request, the known one where nothing changed; None where one is not enough."""
        if self._version is None:
            return None
        reply = await self._post("tools/list", {})
        if reply.status != 200:
            return None
        if reply.text == self._reply:
            return self._listed
        result = _answer(reply).get("result")
        if result is None or result.get("nextCursor") is not None:
            return None
        self._reply = reply.text
        return ListToolsResult.model_validate(result).tools

    def _fail(self, why: str) -> None:
        if why != self._down:
            logger.warning("target %s at %s does not answer: %s", self.name, self.url, why)
        self._down, self._version = why, None

    def client(self, mode: Any = "legacy") -> ProxyClient[Any]:
        """Return a client that is not connected. It shares the connections of all, and has the caller's token."""
        return ProxyClient(self._connections.transport(self.url), mode=mode, forward_incoming_headers=False)

    async def call(self, tool: TargetTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a tool; a failure that says why where the target is down or too slow.

        Args:
            tool: As it was listed.
            arguments: What it is called with.
        """
        seconds = self.call_seconds
        try:
            async with asyncio.timeout(seconds):
                if self.takes_one_request(tool):
                    return await self._request(tool.own_name, arguments)
                found = await ProxyTool.run(tool, dict(arguments))
                result = {"content": found.content, "structuredContent": found.structured_content, "_meta": found.meta}
                whole = CallToolResult.model_validate({**result, "isError": found.is_error})
                return whole.model_dump(mode="json", by_alias=True, exclude_none=True)
        except TimeoutError:
            why = f"{tool.name} took longer than {seconds:g} s (gateway.timeoutSeconds of environments/local.yaml)"
            return failure(504, f"{why}; what it was to do may have been done")
        except Exception as error:
            self._fail(str(error) or type(error).__name__)
            self._known_at = float("-inf")  # the next call reads its list, and with it what it speaks
            return self.unavailable()

    async def _request(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool with one request."""
        reply = await self._post("tools/call", {"name": name, "arguments": arguments})
        if reply.status in (401, 403):
            return failure(reply.status, f"target {self.name} refused the caller: {reply.text[:300]}")
        try:
            return self._result(name, reply)
        except (ValueError, LookupError, AttributeError, TypeError):
            if reply.status >= 300:
                raise ConnectionError(f"HTTP status {reply.status}") from None
            why = f"{name} of target {self.name} answered what is no result of MCP"
            return failure(502, f"{why}; what it was to do may have been done")

    def _result(self, name: str, reply: Reply) -> dict[str, Any]:
        answer = _answer(reply)
        if "error" in answer:
            return failure(502, f"target {self.name}: {answer['error'].get('message', 'an error without a message')}")
        if reply.status >= 300:
            raise ConnectionError(f"HTTP status {reply.status}")
        result: dict[str, Any] = answer["result"]
        if result.get("resultType", "complete") != "complete":
            return failure(
                501, f"{name} of target {self.name} asks the user for input, which a gateway does not pass on"
            )
        CallToolResult.model_validate(result)
        return result

    async def _post(self, method: str, params: Mapping[str, Any]) -> Reply:
        """Send a request of a revision without sessions, and return what is answered."""
        meta = {
            PROTOCOL_VERSION_META_KEY: self._version,
            CLIENT_INFO_META_KEY: GATEWAY_INFO,
            CLIENT_CAPABILITIES_META_KEY: {},
        }
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": str(self._version),
            "Mcp-Method": method,
        }
        if "name" in params:
            headers["Mcp-Name"] = encode_header_value(params["name"])
        return await self._connections.post(self.url, json.dumps(message), headers)


def _answer(reply: Reply) -> dict[str, Any]:
    """Return the JSON-RPC answer, which may be the last of a stream of events."""
    text = reply.text
    if reply.kind.startswith("text/event-stream"):
        text = [line[5:] for line in text.splitlines() if line.startswith("data:") and line[5:].strip()][-1]
    found: dict[str, Any] = json.loads(text)
    return found
