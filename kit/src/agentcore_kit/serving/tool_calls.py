"""The tool calls of a turn: how many there may be, what of their results is kept, and what callers are told of them."""

from __future__ import annotations

import json
import logging
from typing import Any, TypedDict

from pydantic import ValidationError
from strands.hooks import AfterToolCallEvent, BeforeToolCallEvent, HookProvider, HookRegistry

from agentcore_kit.config.agent import TurnLimits
from agentcore_kit.runtime.masking import mask_value
from agentcore_kit.serving.errors import tool_error
from agentcore_kit.serving.model_stream import LIMITS
from agentcore_kit.serving.plain import plain
from agentcore_kit.serving.tool_content import left_out_notice, not_taken, shown
from agentcore_kit.serving.tool_results import GONE, READ_ON, WholeResults

CALLS, NOTICES = "recorded_tool_calls", "turn_notices"
"""Where the state of an invocation keeps the turn's calls, and what its user is told besides the answer."""

_BEGUN, _ANSWERED = "tool_calls_begun", "tool_calls_answered"
_USED_UP = "Error 429:"
_NO_OUTPUT = "(no output)"
"""What the model is told of a tool that said nothing: many models refuse empty content."""

logger = logging.getLogger(__name__)


class ToolCall(TypedDict):
    """One call of a tool, as callers are told of it."""

    name: str
    input: Any
    status: str
    result: Any
    durationMs: float


class ToolCallRecorder(HookProvider):
    """Notes each tool call in the invocation's own state, so that concurrent turns never mix, and bounds them."""

    def __init__(self, limits: TurnLimits | None = None) -> None:
        """`limits` are the environment's; without them the defaults hold."""
        self.limits = limits or TurnLimits()
        self._results = WholeResults(self.limits.max_tool_result_characters)

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Listen for tool calls that begin and end."""
        registry.add_callback(BeforeToolCallEvent, self._admit)
        registry.add_callback(AfterToolCallEvent, self._record)

    def _admit(self, event: BeforeToolCallEvent) -> None:
        """Refuse a call beyond the limit. The model may say once more what it has by then; after that the turn ends."""
        state, most = event.invocation_state, self.limits.max_tool_calls
        state[_BEGUN] = state.get(_BEGUN, 0) + 1
        if state[_BEGUN] <= most:
            return
        event.cancel_tool = f"{_USED_UP} the {most} tool calls of this turn are used up; answer with what there is"
        if state[_BEGUN] == most + 1:
            logger.warning("the %s tool calls of the turn are used up", most)
            state.get(NOTICES, []).append(f"Only the first {most} tool calls of this answer were made.")
            invocation = event.agent.event_loop_metrics.latest_agent_invocation
            if invocation and LIMITS in state:
                state[LIMITS]["turns"] = min(state[LIMITS]["turns"], len(invocation.cycles) + 1)

    def _record(self, event: AfterToolCallEvent) -> None:
        if event.exception is not None:
            _hide(event)
        # Images stay the bytes that they are. Neither model nor memory is told a secret that a tool returns.
        whole = [
            mask_value(plain(block)) if block.keys() & {"text", "json"} else block for block in event.result["content"]
        ]
        whole = _taken(whole, event)
        use = event.tool_use
        event.result["content"], lost = self._results.cut(event.agent, use["toolUseId"], whole)
        if lost:
            logger.info("the result of %s was cut: %s", use["name"], lost)
            event.invocation_state.get(NOTICES, []).append(f"The result of {use['name']} was cut: {lost}")
        event.invocation_state.setdefault(_ANSWERED, set()).add(event.tool_use["toolUseId"])
        calls: list[ToolCall] | None = event.invocation_state.get(CALLS)
        if calls is not None and not (event.cancel_message or "").startswith(_USED_UP):
            calls.append(_call(event.tool_use, event.result, event.duration))
        event.result["content"] = [
            {"text": _NO_OUTPUT} if "text" in block and not block["text"].strip() else block
            for block in event.result["content"]
        ] or [{"text": _NO_OUTPUT}]


def _taken(content: list[Any], event: AfterToolCallEvent) -> list[Any]:
    """Return the content of a result with a text in the place of what the model's requests cannot hold."""
    taken = getattr(event.agent.model, "tool_content", None)
    if not isinstance(taken, frozenset):
        return content
    lost = sorted({next(iter(block)) for block in content if not block.keys() & taken})
    if not lost:
        return content
    event.invocation_state.get(NOTICES, []).append(left_out_notice(lost))
    return [block if block.keys() & taken else not_taken(block) for block in content]


def record_unknown(uses: list[Any], message: Any, state: dict[str, Any]) -> None:
    """Note the calls of tools that cannot exist by their names: for them no tool call begins.

    Args:
        uses: The tool uses of the model's last message; none where it had none.
        message: What followed it, with the results that the model is told.
        state: The invocation's.
    """
    answered: set[str] = state.pop(_ANSWERED, set())
    results = [block["toolResult"] for block in message["content"] if "toolResult" in block]
    told = {result["toolUseId"]: result for result in results}
    for use in uses:
        if use["toolUseId"] not in answered and use["toolUseId"] in told:
            state[CALLS].append(_call(use, told[use["toolUseId"]], None))


def _call(use: Any, result: Any, seconds: float | None) -> ToolCall:
    return {
        "name": use["name"],
        "input": use["input"],
        "status": result["status"],
        "result": _content(result),
        "durationMs": round((seconds or 0.0) * 1000, 2),
    }


def _hide(event: AfterToolCallEvent) -> None:
    """Log what a tool raised, and tell model and caller only that it failed: its message may hold a secret."""
    name, error = event.tool_use["name"], event.exception
    if event.selected_tool is None and name == READ_ON:
        told = GONE
    elif event.selected_tool is None:
        told = tool_error(404, f"there is no tool {name}")
    elif isinstance(error, ValueError) and isinstance(error.__cause__, ValidationError):
        # The model named a wrong parameter and can mend that; it needs to know which, not what pydantic read.
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.__cause__.errors())
        told = tool_error(400, f"wrong parameters: {wrong}")
    else:
        logger.error("tool %s failed", name, exc_info=error)
        told = tool_error(500, f"{name} failed; its operators find the cause in the log")
    event.result["content"] = told["content"]


def _content(result: Any) -> Any:
    """Return a tool result's content: parsed where it is JSON, else its text."""
    values = [shown(block) for block in result["content"]]
    value = values[0] if len(values) == 1 else values
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
