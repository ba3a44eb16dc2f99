"""What a team may write beside its agent: the examples of the documentation, tested as they stand."""

from __future__ import annotations

import logging
from typing import Any

from strands import Agent, ToolContext, tool
from strands.hooks import AgentInitializedEvent, BeforeToolCallEvent, HookProvider, HookRegistry

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.runtime.logging import Ids
from agentcore_kit.serving import AgentSession, RequestRefused, caller_of, tool_error

logger = logging.getLogger(__name__)


def on_request(caller: Caller, prompt: str) -> None:
    """Let nobody ask who has no department."""
    if not caller.claims.get("department"):
        raise RequestRefused("your account has no department; ask the service desk for one")


async def on_request_that_waits(caller: Caller, prompt: str) -> None:
    """Refuse attachments, as something that waits for an answer of a service would."""
    if "data:" in prompt:
        raise RequestRefused("attachments are not accepted")


def formatter(ids: Ids) -> logging.Formatter:
    """Return the formatter of all log lines: plain text, with the session."""

    class Line(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"{record.levelname} [{ids().get('sessionId') or '-'}] {super().format(record)}"

    return Line()


class CallBudget(HookProvider):
    """Lets an agent make so many tool calls in one session, and logs whose session it is."""

    def __init__(self, session: AgentSession, calls: int) -> None:
        self.session, self.left = session, calls

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Listen for the begin of the session, and for each tool call before it is made."""
        registry.add_callback(AgentInitializedEvent, self.session_began)
        registry.add_callback(BeforeToolCallEvent, self.before_tool_call)

    def session_began(self, event: AgentInitializedEvent[Any]) -> None:
        """Called once a session."""
        logger.info("session of %s", self.session.caller.user_id)

    def before_tool_call(self, event: BeforeToolCallEvent[Any]) -> None:
        """Called for each tool call; a reason in `cancel_tool` is what the model is told instead of a result."""
        self.left -= 1
        if self.left < 0:
            event.cancel_tool = "this session has used up its tool calls"


@tool(name="countBoxes")
def count_boxes() -> dict[str, int]:
    """Counts the boxes. Use when the user asks how many boxes there are."""
    return {"boxes": 7}


BALANCES = {"E1001": 14.5, "E1002": 3.0}


@tool(name="checkOwnVacationBalance", context=True)
async def check_own_vacation_balance(tool_context: ToolContext) -> dict[str, Any]:
    """Retrieves how many days of vacation the user who asks has left. Use when the user asks for their own days.

    Returns:
        {"employeeId": "E1001", "remaining": 14.5, "unit": "days"}

    Errors:
        403 when it is not known which employee asks: tell the user to contact the HR team.
    """
    employee = caller_of(tool_context).claims.get("employee_id")
    if employee not in BALANCES:
        return tool_error(403, "it is not known which employee asks")
    return {"employeeId": employee, "remaining": BALANCES[employee], "unit": "days"}


def build_agent(session: AgentSession) -> Agent:
    """Return an agent with hooks of its session."""
    return Agent(tools=[count_boxes], plugins=session.plugins, hooks=[CallBudget(session, calls=1)], **session.options)
