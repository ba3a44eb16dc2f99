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
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    import httpx
    from strands.plugins import Plugin

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
        """Whether connecting again could help: a connection was lost, or one was missing and it is time to try."""
        if self.missing and monotonic() - self.connected_at > self.retry_seconds:
            return True
        return any(not client._is_session_active() for client in self.clients)

    def close(self) -> None:
        """End the connections; one that is dead already must not keep the others open."""
        for client in self.clients:
            _stop(client)


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
        own_tools: The names of the agent's own tools; a gateway's tool of the same name is left out.
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
            found.notices.append(f"The tools of gateway {name} are unavailable at the moment.")
            future.add_done_callback(_close_late)
            continue
        found.clients.append(client)
        offers.append((name, client, tools))
    _choose(offers, set(own_tools), found, limits.search_above)
    return found


Offer = tuple[str, "GatewayClient", list[Any]]


def _open(url: str, token: CallerToken, application: str, limits: GatewayLimits) -> tuple[GatewayClient, list[Any]]:
    from strands.tools.mcp import mcp_client

    from agentcore_kit.serving.gateway_client import GatewayClient

    mcp_client.logger.addFilter(_worth_telling)
    client = GatewayClient(url, token.auth(), application, limits)
    client.start()  # closes itself when it fails
    try:
        return client, client.list_all_tools()
    except BaseException:
        _stop(client)
        raise


def _worth_telling(record: logging.LogRecord) -> bool:
    """Leave out what `connect_gateways` says in one line, and that plain HTTP is used: only this machine may be."""
    text = str(record.msg)
    return not text.startswith("client ") and "sending oauth credentials over plaintext http" not in text


def _close_late(opening: Future[tuple[GatewayClient, list[Any]]]) -> None:
    """Close a connection that came after its time was up."""
    if not opening.cancelled() and opening.exception() is None:
        _stop(opening.result()[0])


def _stop(client: GatewayClient) -> None:
    try:
        client.stop(None, None, None)
    except Exception:
        logger.debug("closing a connection that is dead already", exc_info=True)


def _choose(offers: list[Offer], taken: set[str], found: GatewayTools, search_above: int) -> None:
    """Give the model all tools, or where there are too many, a search in the gateways that have one."""
    many = sum(tool.tool_name != SEARCH_TOOL for _, _, tools in offers for tool in tools) > search_above
    for name, client, tools in offers:
        found.notices += [f"The tool {each} of gateway {name} cannot be used: its schema." for each in client.broken]
        if many and any(tool.tool_name == SEARCH_TOOL for tool in tools):
            found.plugins.append(_search_plugin(name, client))
            continue
        for tool in tools:
            if tool.tool_name == SEARCH_TOOL:
                continue
            if tool.tool_name in taken or not _MODEL_TOOL_NAME.fullmatch(tool.tool_name):
                logger.warning("gateway %s: left out tool %s: a name taken or unusable", name, tool.tool_name)
                found.notices.append(f"The tool {tool.tool_name} of gateway {name} cannot be used: its name.")
                continue
            taken.add(tool.tool_name)
            found.tools.append(tool)


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
