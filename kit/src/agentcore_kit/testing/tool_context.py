"""What Strands gives a tool besides its arguments, for tests of tools that need to know who asks."""

from __future__ import annotations

from typing import Any

from strands import ToolContext

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.caller import state_of_request


def tool_context(user_id: str = "tester", **claims: Any) -> ToolContext:
    """Return the context of a tool that is called for a user.

    Args:
        user_id: The subject of the user's token.
        claims: What else the token says, for example `employee_id="E1001"` or `given_name="Kim"`.

    Example:
        >>> asyncio.run(check_vacation_balance(tool_context=tool_context(employee_id="E1001")))
    """
    caller = Caller(user_id, {"sub": user_id, **claims})
    use: Any = {"toolUseId": "test", "name": "test", "input": {}}
    return ToolContext(tool_use=use, agent=None, invocation_state=state_of_request(caller))
