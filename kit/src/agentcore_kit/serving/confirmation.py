"""What a tool does only after its user said yes: asked in one turn, done in the next.

A tool that calls `confirm` is interrupted (by Strands' own interrupts), and its question is the turn's answer. A plain
yes in the user's next request resumes it; the model is not asked in between, so it cannot confirm in the user's place.
Anything else ends the call without its being done, and is answered as any request: when the model calls the tool again
then, the user is asked again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a server answers pings before strands is imported
    from strands import Agent
    from strands.types.interrupt import InterruptResponseContent
    from strands.types.tools import ToolContext, ToolResult

NOT_CONFIRMED = "Not done: the user was asked to confirm it, and did not say yes."
"""What the model is told of a call that was not confirmed."""

LEFT = "I have not done that, as it was not confirmed."
"""What the conversation says after such a call."""

_NAME = "confirm"
_WORD = re.compile(r"[^\W_]+")
_YES = {
    "yes", "yeah", "yep", "yup", "sure", "ok", "okay", "confirm", "confirmed", "agreed", "ja", "oui", "si", "sí", "sim",
}  # fmt: skip
_BESIDE = {
    "please", "thanks", "thank", "you", "i", "it", "that", "do", "so", "go", "ahead", "of", "course", "right",
    "correct", "create", "open", "submit", "send", "reset", "request", "the", "ticket",
    "bitte", "danke", "merci", "gracias",
}  # fmt: skip
_ALSO_YES = {"go ahead", "do it", "please do", "do that", "of course", "correct", "that is correct"}


def confirm(tool_context: ToolContext[Any], question: str) -> None:
    """Ask the user, and go on only after a yes. Call it before the tool changes anything: what is above runs again.

    Args:
        tool_context: Of the call, as `@tool(context=True)` gives it.
        question: What the user is asked. It says everything that will be done; where it is another one when the tool
            runs again, because a price has changed for example, the user is asked anew.
    """
    tool_context.interrupt(f"{_NAME} {question}", reason=question)  # by name a yes is to this question alone


def is_yes(text: str) -> bool:
    """Return whether a text is nothing but a yes: with a condition, a change or another question it is none."""
    words = _WORD.findall(text.casefold())
    if "?" in text or not words:
        return False
    return " ".join(words) in _ALSO_YES or (bool(_YES & {*words}) and {*words} <= _YES | _BESIDE)


def questions(interrupts: Any) -> str:
    """Return what the user is asked, in one text.

    Args:
        interrupts: Of the result of a turn.
    """
    return "\n\n".join(str(each.reason or each.name) for each in interrupts or ())


def resumption(agent: Agent, prompt: str) -> list[InterruptResponseContent] | None:
    """Return what resumes the tools that wait for a yes, when this is one; None when nothing waits or it is none.

    Args:
        agent: The agent of a session.
        prompt: What the user says.
    """
    state = agent._interrupt_state
    if not state.activated or not is_yes(prompt) or not _has_open_call(agent):
        return None
    return [{"interruptResponse": {"interruptId": each, "response": prompt}} for each in state.interrupts]


def waits(agent: Agent) -> bool:
    """Return whether a tool of the last turn waits for a yes."""
    return agent._interrupt_state.activated and _has_open_call(agent)


def give_up(agent: Agent) -> dict[str, ToolResult]:
    """Forget that tools wait.

    Returns:
        The results of the calls beside those that waited, by their ids.
    """
    state = agent._interrupt_state
    if not state.activated:
        return {}
    done = state.pending_tool_execution.completed_tool_results if state.pending_tool_execution else []
    state.deactivate()
    return {result["toolUseId"]: result for result in done}


def _has_open_call(agent: Agent) -> bool:
    """Whether the conversation still ends with the calls: a store may have brought it back with results for them."""
    return bool(agent.messages) and any("toolUse" in block for block in agent.messages[-1]["content"])
