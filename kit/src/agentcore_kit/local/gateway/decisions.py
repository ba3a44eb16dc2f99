"""Decides on each call, by the policies of this repository, before anything of a target runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastmcp.server.dependencies import get_access_token
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool, ToolResult
from mcp_types import CallToolRequestParams, ListToolsRequest

from agentcore_kit.local.gateway.audit import Audit, Decided
from agentcore_kit.local.gateway.provider import GatewayTools
from agentcore_kit.local.gateway.results import failure, tool_result
from agentcore_kit.local.gateway.search import SEARCH_TOOL
from agentcore_kit.policies.engine import Decision, PolicySet

_DENIED = "AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement"
_BY_DEFAULT = "No policy applies to the request (denied by default)."
_REMEMBERED = 200


class MayCall:
    """Which tools the caller of the request that is being answered may call at all, as listing and search show it."""

    def __init__(self, policies: Callable[[], PolicySet]) -> None:
        """Ask the policies that a function returns."""
        self._policies = policies
        self._decided_by: PolicySet | None = None
        self._known: dict[str, dict[str, bool]] = {}

    def __call__(self, tool: str) -> bool:
        """Return whether the caller may call a tool."""
        if tool == SEARCH_TOOL:
            return True
        token = get_access_token()
        if token is None:
            return False
        policies = self._policies()
        if policies is not self._decided_by or len(self._known) > _REMEMBERED:
            self._decided_by, self._known = policies, {}
        known = self._known.setdefault(token.token, {})
        alike = "" if tool in policies.files.tools and not policies.names(tool) else tool
        if alike not in known:
            known[alike] = policies.may_call(token.claims, tool)
        return known[alike]


class Enforcer:
    """Decides on calls, and keeps an audit line of each decision."""

    def __init__(self, policies: Callable[[], PolicySet], audit: Audit) -> None:
        """Decide by policies.

        Args:
            policies: Returns them as they were saved last.
            audit: Takes a line for each decision.
        """
        self._policies, self._audit = policies, audit

    def refusal(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the result of a call that the caller may not make, as AWS words it; None where it may be made.

        Args:
            tool: The tool's name as the gateway has it.
            arguments: What it is to be called with.
        """
        token = get_access_token()
        user, claims = (str(token.subject), token.claims) if token else ("", {})
        if tool == SEARCH_TOOL:
            decided = Decided(user, tool, arguments, "allow", reason="the search shows only what its caller may call")
        else:
            found = self._policies().decide(claims, tool, arguments)
            why = "" if found.allowed else _why(found)
            decided = Decided(user, tool, arguments, "allow" if found.allowed else "deny", found.policy_ids, why)
        try:
            self._audit.write(decided)
        except OSError as error:
            return failure(500, f"the call was not made, as its audit line cannot be written: {error.strerror}")
        if decided.decision == "allow":
            return None
        return {"content": [{"type": "text", "text": f"{_DENIED} [{decided.reason}]"}], "isError": True}


class PolicyEnforcement(Middleware):
    """Lists what the caller may call, and calls nothing that the policies do not allow."""

    def __init__(self, enforcer: Enforcer, may_call: Callable[[str], bool], tools: GatewayTools) -> None:
        """Enforce policies.

        Args:
            enforcer: Decides and audits.
            may_call: Returns whether the caller may call a tool at all.
            tools: All that the gateway offers.
        """
        self._enforcer, self._may_call, self._tools = enforcer, may_call, tools

    async def on_list_tools(
        self, context: MiddlewareContext[ListToolsRequest], call_next: CallNext[ListToolsRequest, Sequence[Tool]]
    ) -> Sequence[Tool]:
        """Return the tools that the caller may call with some arguments."""
        return [tool for tool in await call_next(context) if self._may_call(tool.name)]

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Return the result of a tool, or that it may not be called."""
        name = context.message.name
        refused = self._enforcer.refusal(name, context.message.arguments or {})
        if refused is not None:
            return tool_result(refused)
        target = self._tools.target_of(name)
        if target is not None:
            await target.tool(name)  # which looks whether it is there again
            if target.is_down:
                return tool_result(target.unavailable())
        return await call_next(context)


def _why(decision: Decision) -> str:
    if decision.policy_ids:
        return f"Policy evaluation denied due to {', '.join(decision.policy_ids)}"
    if decision.errors:
        return f"{_BY_DEFAULT} {'; '.join(decision.errors)}"
    return _BY_DEFAULT
