"""Calls of tools that need no more than one request to their target, which is nearly every call.

The MCP server below answers any request, and costs as much as a tool's own call for it. What is well formed, of a known
tool, and for a target without sessions is answered here: decided, audited, and sent on. All else goes to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from mcp.shared.inbound import InboundModernRoute, classify_inbound_request
from mcp_types import SERVER_INFO_META_KEY
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from opentelemetry import trace
from starlette.datastructures import Headers

from agentcore_kit.local.gateway.decisions import Enforcer
from agentcore_kit.local.gateway.provider import GatewayTools
from agentcore_kit.local.gateway.search import SEARCH_TOOL
from agentcore_kit.local.gateway.targets import GATEWAY_INFO

Call = Callable[[], Coroutine[Any, Any, dict[str, Any]]]

_KEYS, _PARAMS = {"jsonrpc", "id", "method", "params"}, {"name", "arguments", "_meta"}

_tracer = trace.get_tracer("gateway")


class DirectCalls:
    """Answers calls of tools without the MCP server."""

    def __init__(self, tools: GatewayTools, enforcer: Enforcer) -> None:
        """Answer calls.

        Args:
            tools: All that the gateway offers.
            enforcer: Decides and audits.
        """
        self._tools, self._enforcer = tools, enforcer

    async def answer(self, headers: Headers, message: Any) -> dict[str, Any] | None:
        """Return the answer to a request; None where it is for the MCP server to answer.

        Args:
            headers: Of HTTP.
            message: The body.
        """
        if not isinstance(message, dict) or message.get("method") != "tools/call" or not _is_whole(message, headers):
            return None
        params = message["params"]
        is_modern = headers.get("mcp-protocol-version") in MODERN_PROTOCOL_VERSIONS
        if is_modern and not isinstance(classify_inbound_request(message, headers=headers), InboundModernRoute):
            return None
        name, arguments = params["name"], params.get("arguments") or {}
        attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": name}
        call = await self._call(name, arguments, attributes)
        if call is None:
            return None
        with _tracer.start_as_current_span(f"tools/call {name}", kind=trace.SpanKind.CLIENT, attributes=attributes):
            result = self._enforcer.refusal(name, arguments)
            if result is None:
                result = await call()
        meta = {key: value for key, value in (result.get("_meta") or {}).items() if key != SERVER_INFO_META_KEY}
        shown = {
            key: value for key, value in result.items() if key not in ("_meta", "resultType") and value is not None
        }
        if is_modern:
            shown["resultType"] = "complete"
            meta[SERVER_INFO_META_KEY] = GATEWAY_INFO
        return {"jsonrpc": "2.0", "id": message["id"], "result": {**shown, "_meta": meta} if meta else shown}

    async def _call(self, name: str, arguments: dict[str, Any], attributes: dict[str, str]) -> Call | None:
        """Return what calls a tool, and note its target; None where that takes more than one request, or fails."""
        if name == SEARCH_TOOL:
            query = arguments.get("query")
            return partial(self._tools.search, query) if isinstance(query, str) else None
        target = self._tools.target_of(name)
        tool = await target.tool(name) if target else None
        if target is None or tool is None or not target.takes_one_request(tool):
            return None
        attributes["gateway.target"] = target.name
        return partial(target.call, tool, arguments)


def _is_whole(message: dict[str, Any], headers: Headers) -> bool:
    """Return whether a call is one that no revision of MCP objects to, and asks for nothing but its result."""
    params = message.get("params")
    if message.get("jsonrpc") != "2.0" or message.keys() != _KEYS or not isinstance(params, dict):
        return False
    number = message["id"]
    right_id = isinstance(number, str | int) and not isinstance(number, bool)
    right = right_id and isinstance(params.get("name"), str) and isinstance(params.get("arguments", {}), dict)
    plain = params.keys() <= _PARAMS and isinstance(params.get("_meta", {}), dict)
    version = headers.get("mcp-protocol-version")
    known = version is None or version in HANDSHAKE_PROTOCOL_VERSIONS or version in MODERN_PROTOCOL_VERSIONS
    accepted, kind = headers.get("accept", ""), headers.get("content-type", "")
    either = "application/json" in accepted and "text/event-stream" in accepted
    once = all(len(headers.getlist(name)) <= 1 for name in ("mcp-protocol-version", "mcp-method", "mcp-name"))
    return right and plain and known and either and once and kind.partition(";")[0].strip() == "application/json"
