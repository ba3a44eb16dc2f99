"""The connection to one gateway: every call bounded, unusable tools left out, and no foreign error told."""

from __future__ import annotations

import logging
from datetime import timedelta
from math import ceil
from typing import Any

from strands.tools.mcp import MCPClient

from agentcore_kit.config.agent import GatewayLimits
from agentcore_kit.serving.errors import tool_error

logger = logging.getLogger(__name__)


class GatewayClient(MCPClient):
    """An MCP client. Bounds an agent's calls, and a search's, which a plugin makes: MCP's own limit is minutes.

    Attributes:
        broken: The names of tools that were left out because of their schema.
    """

    def __init__(self, url: str, auth: Any, application: str, limits: GatewayLimits) -> None:
        """Make the client of a gateway.

        Args:
            url: The gateway's.
            auth: What puts the caller's token into each request.
            application: The agent's name.
            limits: How long it may take.
        """
        super().__init__(
            url=url, auth_provider=auth, startup_timeout=ceil(limits.connect_seconds), application_name=application
        )
        self.broken: list[str] = []
        self._limits = limits

    async def call_tool_async(self, *arguments: Any, **options: Any) -> Any:
        """Call a tool for the agent."""
        options["read_timeout_seconds"] = timedelta(seconds=self._limits.call_seconds)
        return await super().call_tool_async(*arguments, **options)

    def call_tool_sync(self, *arguments: Any, **options: Any) -> Any:
        """Call a tool for a search."""
        options["read_timeout_seconds"] = timedelta(seconds=self._limits.connect_seconds)
        return super().call_tool_sync(*arguments, **options)

    def list_all_tools(self) -> list[Any]:
        """Return the tools of all pages. One that no model takes is left out, and named in `broken`."""
        self._check_listings()
        page = self.list_tools_sync()
        tools: list[Any] = list(page)
        while page.pagination_token:
            page = self.list_tools_sync(page.pagination_token)
            tools.extend(page)
        return tools

    def _check_listings(self) -> None:
        """See the tools before the session does, which refuses a whole page for one of them."""
        dispatcher: Any = self._background_thread_session._dispatcher  # type: ignore[union-attr]
        send = dispatcher.send_raw_request

        async def checked(method: str, *arguments: Any, **options: Any) -> Any:
            answer = await send(method, *arguments, **options)
            if method == "tools/list" and isinstance(answer.get("tools"), list):
                answer["tools"] = [tool for tool in answer["tools"] if self._can_be_offered(tool)]
            return answer

        dispatcher.send_raw_request = checked

    def _can_be_offered(self, tool: Any) -> bool:
        from jsonschema import Draft202012Validator, SchemaError

        schema = tool.get("inputSchema") if isinstance(tool, dict) else None
        try:
            if isinstance(schema, dict) and schema.get("type") == "object":
                Draft202012Validator.check_schema(schema)
                return True
            why = "is none of an object"
        except SchemaError as error:
            why = error.message
        name = str(tool.get("name")) if isinstance(tool, dict) else "without a name"
        logger.warning("left out tool %s: its schema %s", name, why)
        self.broken.append(name)
        return False

    def _handle_tool_execution_error(self, tool_use_id: str, exception: Exception) -> Any:
        """Log what a call raised, and tell model and caller only that it failed: it may hold addresses or a secret."""
        logger.error("a call of a gateway's tool failed", exc_info=exception)
        if "timed out" in str(exception).lower():
            return {"toolUseId": tool_use_id, **tool_error(504, "the tool timed out; try again later")}
        return {
            "toolUseId": tool_use_id,
            **tool_error(503, "the tool cannot be called; its operators find the cause in the log"),
        }
