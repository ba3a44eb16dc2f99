"""Who asks, for an agent's own tools: context that the framework hands them, never an argument of a model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_kit.runtime.identity import Caller

if TYPE_CHECKING:
    from strands import ToolContext

_CALLER = "agentcore_kit.caller"


def state_of_request(caller: Caller | None) -> dict[str, Any]:
    """Return what Strands hands to the tools of one request besides their arguments, as `invocation_state`."""
    return {} if caller is None else {_CALLER: caller}


def caller_of(tool_context: ToolContext) -> Caller:
    """Return the verified user whose request is being answered, with the claims of this request's token.

    Args:
        tool_context: What Strands gives a tool that is declared with `@tool(context=True)`. It is no part of the tool's
            schema: no model sees it, and what a model sends under its name is dropped.

    Raises:
        LookupError: When the tool was not called for a request: by an agent of your own that got no
            `invocation_state`, or by a test; `agentcore_kit.testing.tool_context` makes a context for tests.

    Example:
        >>> @tool(name="getOwnVacation", context=True)
        ... def get_own_vacation(tool_context: ToolContext) -> dict[str, Any]:
        ...     return balance_of(caller_of(tool_context).claims["employee_id"])
    """
    found = tool_context.invocation_state.get(_CALLER)
    if not isinstance(found, Caller):
        raise LookupError(
            "nobody asks: this tool was called outside of a request; hand its invocation_state on to an agent of your "
            "own, and in a test use agentcore_kit.testing.tool_context"
        )
    return found
