"""What Strands gives a tool besides its arguments, for tests of tools that need to know who asks."""

from __future__ import annotations

from typing import Any

from strands import ToolContext
from strands.interrupt import Interrupt, InterruptException

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.caller import state_of_request


class _Context(ToolContext):
    """The context of a tool outside any agent, where a question of the tool is answered at once or not at all."""

    confirmed = False

    def interrupt(self, name: str, reason: Any = None, response: Any = None) -> Any:
        """Return a yes, or raise what ends the turn with the question."""
        if self.confirmed:
            return "yes"
        raise InterruptException(Interrupt("test", name, reason))


def tool_context(user_id: str = "tester", *, confirmed: bool = False, **claims: Any) -> ToolContext:
    """Return the context of a tool that is called for a user.

    Args:
        user_id: The subject of the user's token.
        confirmed: Whether the user says yes to what the tool asks with `confirm`. Otherwise it raises
            `strands.interrupt.InterruptException`, whose `interrupt.reason` is the question.
        claims: What else the token says, for example `employee_id="E1001"` or `given_name="Kim"`.

    Example:
        >>> asyncio.run(check_vacation_balance(tool_context=tool_context(employee_id="E1001")))
    """
    caller = Caller(user_id, {"sub": user_id, **claims})
    use: Any = {"toolUseId": "test", "name": "test", "input": {}}
    context = _Context(tool_use=use, agent=None, invocation_state=state_of_request(caller))
    context.confirmed = confirmed
    return context
