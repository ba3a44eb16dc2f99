"""All that the gateway offers: the tools of its targets, and the search in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from fastmcp.server.providers import Provider
from fastmcp.tools.base import Tool, ToolResult
from fastmcp.utilities.versions import VersionSpec
from mcp_types import Tool as Listed

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.local.gateway.connections import Connections
from agentcore_kit.local.gateway.results import tool_result
from agentcore_kit.local.gateway.search import (
    FOUND,
    SEARCH_DESCRIPTION,
    SEARCH_SCHEMA,
    SEARCH_TOOL,
    ToolIndex,
)
from agentcore_kit.local.gateway.target_tools import TargetTool
from agentcore_kit.local.gateway.targets import Target

if TYPE_CHECKING:
    from agentcore_kit.config.platform import Gateway


class GatewayTools(Provider):
    """The targets that the environment file names as it was saved last."""

    def __init__(
        self, settings: Callable[[], Gateway], may_call: Callable[[str], bool], recorded: Callable[[str], list[Listed]]
    ) -> None:
        """Offer tools.

        Args:
            settings: Returns the gateway's section of the environment file.
            may_call: Returns whether the caller of the request that is being answered may call a tool.
            recorded: Returns the tools that the repository has of a target, for as long as it was never reached.
        """
        super().__init__()
        self._settings, self._recorded = settings, recorded
        self._connections = Connections()
        self._targets: dict[str, Target] = {}
        self._search = SearchTool(name=SEARCH_TOOL, description=SEARCH_DESCRIPTION, parameters=SEARCH_SCHEMA)
        self._search.offer(self._known_tools, may_call)

    async def search(self, query: str) -> dict[str, Any]:
        """Return the tools that fit a query and that the caller may call, the best first: the result of the search.

        Args:
            query: What a tool is looked for, in plain words.
        """
        return await self._search.find(query)

    def targets(self) -> dict[str, Target]:
        """Return the targets by name; one whose address has changed is another."""
        settings = self._settings()
        for one in settings.targets:
            known = self._targets.get(one.name)
            if known is None or known.url != one.url:
                recorded = partial(self._recorded, one.name)
                self._targets[one.name] = Target(
                    one.name, one.url, settings.timeout_seconds, self._connections, recorded
                )
            self._targets[one.name].call_seconds = settings.timeout_seconds
        for name in self._targets.keys() - {one.name for one in settings.targets}:
            del self._targets[name]
        return self._targets

    def target_of(self, tool: str) -> Target | None:
        """Return the target whose name a tool has before its own."""
        name, separator, _ = tool.partition(SEPARATOR)
        return self.targets().get(name) if separator else None

    async def look(self) -> None:
        """Look whether something listens at each target, and log where nothing does."""
        await asyncio.gather(*(target.look() for target in list(self.targets().values())))

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Close the connections to the targets when the gateway ends."""
        try:
            yield
        finally:
            await self._connections.close()

    async def _list_tools(self) -> Sequence[Tool]:
        return [self._search, *await self._list_targets()]

    async def _list_targets(self) -> Sequence[Tool]:
        listed = await asyncio.gather(*(target.tools() for target in self.targets().values()))
        return [tool for tools in listed for tool in tools.values()]

    async def _known_tools(self) -> list[TargetTool]:
        listed = await asyncio.gather(*(target.known_tools() for target in self.targets().values()))
        return [tool for tools in listed for tool in tools.values()]

    async def _get_tool(self, name: str, version: VersionSpec | None = None) -> Tool | None:
        if name == SEARCH_TOOL:
            return self._search
        target = self.target_of(name)
        return await target.tool(name) if target else None

    async def get_tasks(self) -> Sequence[Any]:
        """Return none: fastmcp would list all tools at its start, when nobody calls."""
        return []


class SearchTool(Tool):
    """The search: it finds only what its caller may call."""

    _list: Any = None
    _may_call: Any = None
    _indexed: list[Tool] = []  # noqa: RUF012 - pydantic gives each tool a list of its own
    _index: ToolIndex = ToolIndex([])

    def offer(self, list_tools: Any, may_call: Callable[[str], bool]) -> None:
        """Say what it searches in, and which tool the caller of a request may call."""
        self._list, self._may_call = list_tools, may_call

    async def run(self, arguments: dict[str, Any], context: Any = None) -> ToolResult:
        """Return the tools that fit `query`, the best first."""
        query = arguments.get("query")
        if not isinstance(query, str):
            raise ValueError(f"{SEARCH_TOOL} needs query, a text that says what a tool is looked for")
        return tool_result(await self.find(query))

    async def find(self, query: str) -> dict[str, Any]:
        """Return the result of a search, as MCP has it."""
        tools = await self._list()
        if len(tools) != len(self._indexed) or any(a is not b for a, b in zip(tools, self._indexed, strict=True)):
            self._indexed, self._index = list(tools), ToolIndex([tool.offered for tool in tools])
        found = []
        for tool in self._index.search(query):
            if self._may_call(tool.name):
                found.append({"name": tool.name, "description": tool.description, "inputSchema": tool.schema})
            if len(found) == FOUND:
                break
        answer = {"tools": found}
        text = json.dumps(answer, ensure_ascii=False)
        return {"content": [{"type": "text", "text": text}], "structuredContent": answer, "isError": False}
