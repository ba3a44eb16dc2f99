"""A tool of a target, as callers of the gateway know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastmcp.server.providers.proxy import ProxyTool
from fastmcp.tools.base import ToolResult
from mcp.shared.inbound import x_mcp_header_map
from mcp_types import Tool

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.local.gateway.results import tool_result
from agentcore_kit.local.gateway.search import Offered

if TYPE_CHECKING:
    from agentcore_kit.local.gateway.targets import Target


class TargetTool(ProxyTool):
    """A tool of a target, under the name that callers of the gateway know."""

    _target: Target
    _listed: Tool
    _offered: Offered
    own_name: str = ""
    has_headers: bool = False

    @classmethod
    def of(cls, target: Target, listed: Tool, known: Mapping[str, TargetTool]) -> TargetTool:
        """Return a tool as its target lists it: the one that is known already, where it is the same."""
        name = f"{target.name}{SEPARATOR}{listed.name}"
        if name in known and known[name]._listed == listed:
            return known[name]
        shown = {"name": name, "title": listed.title or listed.name}
        tool: Any = cls.from_mcp_tool(target.client, listed.model_copy(update=shown))
        tool.own_name = tool._backend_name = listed.name
        tool._target, tool._listed, tool.has_headers = target, listed, bool(x_mcp_header_map(tool.parameters))
        tool._offered = Offered(name, tool.description or "", tool.parameters)
        _ = tool._offered.weights  # known now, no search has to wait for it
        found: TargetTool = tool
        return found

    @property
    def offered(self) -> Offered:
        """What the search reads of it."""
        return self._offered

    async def run(self, arguments: dict[str, Any], context: Any = None) -> ToolResult:
        """Return the tool's result."""
        return tool_result(await self._target.call(self, arguments))
