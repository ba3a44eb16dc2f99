"""Tools from AgentCore Gateways, over MCP, with the caller's own token."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.wiring.identity import Caller
from agent.wiring.settings import Settings

if TYPE_CHECKING:
    import httpx
    from strands.plugins import Plugin
    from strands.tools.mcp import MCPClient

logger = logging.getLogger(__name__)

SEARCH_ABOVE = 20
"""With more tools than this the model gets the few that fit the request, found by the gateway's semantic search."""

CONNECT_SECONDS = 5
SEARCH_TOOL = "x_amz_bedrock_agentcore_search"


@dataclass
class GatewayTools:
    """What the gateways offer one session, and what the user must be told about those that do not answer."""

    tools: list[Any] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    clients: list[MCPClient] = field(default_factory=list)

    def close(self) -> None:
        """End the connections."""
        for client in self.clients:
            client.stop(None, None, None)


class CallerToken:
    """Holds the session's newest token: a session outlives a token, and each request brings a fresh one."""

    def __init__(self, caller: Caller) -> None:
        self.token = caller.token

    def auth(self) -> httpx.Auth:
        """Return what puts the token into each request to a gateway."""
        import httpx

        holder = self

        class BearerAuth(httpx.Auth):
            def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
                request.headers["Authorization"] = f"Bearer {holder.token}"
                yield request

        return BearerAuth()


def connect_gateways(settings: Settings, token: CallerToken) -> GatewayTools:
    """Connect to every gateway the manifest names. A gateway that is down costs its tools, not the agent. Blocks."""
    found = GatewayTools()
    for name in settings.manifest.spec.tools.gateways:
        _connect(name, settings.environment.gateways[name], token, settings.name, found)
    return found


def _connect(name: str, url: str, token: CallerToken, application: str, found: GatewayTools) -> None:
    from strands.tools.mcp import MCPClient

    client = MCPClient(
        url=url, auth_provider=token.auth(), startup_timeout=CONNECT_SECONDS, application_name=application
    )
    try:
        client.start()  # closes itself when it fails
        found.clients.append(client)
        tools = _list_tools(client)
    except Exception as error:  # a gateway may fail in any way; none may cost the agent
        logger.warning("gateway %s at %s is unavailable: %s", name, url, error)
        found.notices.append(f"The tools of gateway {name} are unavailable at the moment.")
        return
    offered = [tool for tool in tools if tool.tool_name != SEARCH_TOOL]
    if len(offered) > SEARCH_ABOVE and len(offered) < len(tools):
        found.plugins.append(_search_plugin(name, client))
    else:
        found.tools.extend(offered)


def _list_tools(client: MCPClient) -> list[Any]:
    tools: list[Any] = []
    page = client.list_tools_sync()
    tools.extend(page)
    while page.pagination_token:
        page = client.list_tools_sync(page.pagination_token)
        tools.extend(page)
    return tools


def _search_plugin(name: str, client: MCPClient) -> Plugin:
    from bedrock_agentcore.gateway.integrations.strands.plugins.agentcore_tool_search import (
        AgentCoreToolSearchPlugin,
        IntentProvider,
    )

    # The plugin logs what it searches for at INFO, which would put the user's words into the log.
    logging.getLogger(AgentCoreToolSearchPlugin.__module__).setLevel(logging.WARNING)

    class RequestIntent(IntentProvider):
        """Searches by the user's own words: no model call, and the same tools for the same words."""

        def derive_intent(self, messages: list[dict[Any, Any]], model: Any = None) -> str:
            return last_user_text(messages)

    plugin = AgentCoreToolSearchPlugin(client, RequestIntent())
    plugin.name = f"tool-search-{name}"
    return plugin


def last_user_text(messages: Sequence[Any]) -> str:
    """Return the newest words of the user in the conversation, cut to what a search takes."""
    for message in reversed(messages):
        if message["role"] == "user":
            text = " ".join(block["text"] for block in message["content"] if "text" in block).strip()
            if text:
                return text[:256]
    return ""
