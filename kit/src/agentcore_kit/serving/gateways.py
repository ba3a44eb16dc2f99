"""Tools from AgentCore Gateways, over MCP, with the caller's own token."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import propagate
from strands.hooks import BeforeInvocationEvent, HookCallback
from strands.plugins import hook

from agentcore_kit.config.agent import GatewayLimits
from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.gateway_status import GatewayRefused, unavailable
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    import httpx2
    from strands.plugins import Plugin
    from strands.tools.mcp.mcp_agent_tool import MCPAgentTool

    from agentcore_kit.serving.gateway_client import GatewayClient

logger = logging.getLogger(__name__)

_MODEL_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what Bedrock's Converse API takes
SEARCH_TOOL = "x_amz_bedrock_agentcore_search"


@dataclass
class GatewayTools:
    """What the gateways offer one session.

    Attributes:
        tools: The tools that the model is given.
        plugins: A search for each gateway whose tools are too many to be given.
        notices: What the user is told: gateways that do not answer, tools that cannot be used.
        clients: The open connections.
        missing: Whether a gateway did not answer.
        retry_seconds: After how many seconds one that did not answer is tried again.
        connected_at: When the connections were opened, on the clock of `monotonic`, in seconds.
    """

    tools: list[Any] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    clients: list[GatewayClient] = field(default_factory=list)
    missing: bool = False
    retry_seconds: float = 30.0
    connected_at: float = field(default_factory=monotonic)

    def is_stale(self) -> bool:
        """Whether connecting again helps: one was lost, or is missing and may be tried again, or has other tools now.

        Blocks while a list of tools is read, which is after `limits.gateways.retrySeconds`, or when a call has failed.
        """
        if self.missing and monotonic() - self.connected_at > self.retry_seconds:
            return True
        return any(client.is_lost or client.has_other_tools() for client in self.clients)

    def rest(self) -> None:
        """Close the connections while nobody asks; the next call of a tool opens them anew."""
        for client in self.clients:
            client.rest()

    def close(self) -> None:
        """End the connections."""
        for client in self.clients:
            client.end()


class CallerToken:
    """Holds the session's newest token: a session outlives a token, and each request brings a fresh one."""

    def __init__(self, caller: Caller) -> None:
        self.token = caller.token

    def auth(self) -> httpx2.Auth:
        """Return what puts the token into each request to a gateway."""
        import httpx2

        holder = self

        class BearerAuth(httpx2.Auth):
            def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
                if holder.token:  # an empty one is no legal header
                    request.headers["Authorization"] = f"Bearer {holder.token}"
                propagate.inject(request.headers)
                yield request

        return BearerAuth()


def connect_gateways(settings: AgentSettings, token: CallerToken, own_tools: Sequence[str]) -> GatewayTools:
    """Connect to every gateway that the manifest names, all at once.

    Blocks for `limits.gateways.connectSeconds` of the environment file at the most. A gateway that is down costs its
    tools, not the agent.

    Args:
        settings: The manifest and the environment.
        token: The caller's token, which each call to a gateway carries.
        own_tools: The names of the agent's own tools; a gateway's tool of the same name has the gateway's before it.
    """
    limits = settings.environment.limits.gateways
    found = GatewayTools(retry_seconds=limits.retry_seconds)
    names = settings.manifest.spec.tools.gateways
    if not names:
        return found
    pool = ThreadPoolExecutor(len(names), thread_name_prefix="gateway")
    urls = settings.environment.gateways
    opening = {name: pool.submit(_open, urls[name], token, settings.name, limits) for name in names}
    pool.shutdown(wait=False)
    deadline = monotonic() + limits.connect_seconds
    offers: list[Offer] = []
    for name, future in opening.items():
        try:
            client, tools = future.result(max(0.0, deadline - monotonic()))
        except Exception as error:  # a gateway may fail in any way; none may cost the agent
            logger.warning("gateway %s at %s is unavailable: %s", name, urls[name], error or "no answer in time")
            found.missing = True
            found.notices.append(unavailable(name, error))
            future.add_done_callback(_close_late)
            continue
        found.clients.append(client)
        offers.append((name, client, tools))
    _choose(offers, set(map(_comparable, own_tools)), found, limits.search_above)
    return found


Offer = tuple[str, "GatewayClient", list[Any]]


def _open(url: str, token: CallerToken, application: str, limits: GatewayLimits) -> tuple[GatewayClient, list[Any]]:
    from strands.tools.mcp import mcp_client

    from agentcore_kit.serving.gateway_client import GatewayClient

    mcp_client.logger.addFilter(_worth_telling)
    # A tenth of the time is for handing over what was read of a list that has no end.
    last = monotonic() + 0.9 * limits.connect_seconds
    client = GatewayClient(url, token.auth(), application, limits)
    try:
        client.connect()
        return client, client.list_all_tools(last - monotonic())
    except BaseException as error:
        client.end()
        if client.refused:
            raise GatewayRefused(client.refused) from error
        raise


def _worth_telling(record: logging.LogRecord) -> bool:
    """Leave out what `connect_gateways` says in one line."""
    return not str(record.msg).startswith("client ")


def _close_late(opening: Future[tuple[GatewayClient, list[Any]]]) -> None:
    """Close a connection that came after its time was up."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].end()


def _choose(offers: list[Offer], taken: set[str], found: GatewayTools, search_above: int) -> None:
    """Give the model all tools, or where there are too many, a search in the gateways that have one."""
    many = sum(tool.tool_name != SEARCH_TOOL for _, _, tools in offers for tool in tools) > search_above
    for name, client, tools in offers:
        listing = client.listing
        found.notices += [f"The tool {each} of gateway {name} cannot be used: its schema." for each in listing.broken]
        if listing.is_cut:
            found.notices.append(f"The list of tools of gateway {name} has no end; some may be missing.")
        if many and any(tool.tool_name == SEARCH_TOOL for tool in tools):
            client.is_searched = True
            found.plugins.append(_search_plugin(name, client))
            continue
        for tool in tools:
            if tool.tool_name == SEARCH_TOOL:
                continue
            offered = _set_apart(tool, name) if _comparable(tool.tool_name) in taken else tool
            if _comparable(offered.tool_name) in taken or not _MODEL_TOOL_NAME.fullmatch(offered.tool_name):
                logger.warning("gateway %s: left out tool %s: a name taken or unusable", name, tool.tool_name)
                found.notices.append(f"The tool {tool.tool_name} of gateway {name} cannot be used: its name.")
                continue
            taken.add(_comparable(offered.tool_name))
            found.tools.append(offered)


def _comparable(name: str) -> str:
    """Return what no two tools of an agent may share: Strands takes no names that differ in hyphens alone."""
    return name.replace("-", "_")


def _set_apart(tool: MCPAgentTool, gateway: str) -> MCPAgentTool:
    """Return a tool under the gateway's name and its own, as a gateway in AWS puts the target's name before it."""
    from strands.tools.mcp.mcp_agent_tool import MCPAgentTool

    return MCPAgentTool(tool.mcp_tool, tool.mcp_client, f"{gateway}{SEPARATOR}{tool.tool_name}", tool.timeout)


def _search_plugin(name: str, client: GatewayClient) -> Plugin:
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

    class Search(AgentCoreToolSearchPlugin):
        """Searches off the event loop, which other sessions share."""

        async def _search(self, event: BeforeInvocationEvent) -> None:
            await asyncio.to_thread(super().on_before_invocation, event)

        # The types of `hook` leave out methods.
        on_before_invocation: Any = hook(cast("HookCallback[BeforeInvocationEvent]", _search))

    plugin = Search(client, RequestIntent())
    plugin.name = f"tool-search-{name}"
    return plugin


def last_user_text(messages: Sequence[Any]) -> str:
    """Return the newest words of the user in a conversation, cut to the 256 characters that a search takes."""
    for message in reversed(messages):
        if message["role"] == "user":
            text = " ".join(block["text"] for block in message["content"] if "text" in block).strip()
            if text:
                return text[:256]
    return ""
