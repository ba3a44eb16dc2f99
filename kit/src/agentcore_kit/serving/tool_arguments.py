"""Arguments are checked before a tool runs: what does not fit goes back to the model, by the field's name.

Strands takes arguments that are no JSON for none, and would run the tool with its defaults.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from typing import Any

from strands.middleware import ExecuteToolContext, InvokeModelContext, MiddlewareNext
from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from agentcore_kit.runtime.arguments import NOT_CALLED, type_name, wrong_arguments
from agentcore_kit.serving.errors import tool_error

_UNREADABLE = "unreadable_arguments"
"""Where the state of an invocation keeps, by the calls' ids, why arguments of the last message are no JSON object."""

_NAMED = 5
"""How many wrong arguments of one call are named."""

_DEEPEST = 64
"""How deeply arguments may be nested: what is copied, stored and sent again is walked by recursion."""

logger = logging.getLogger(__name__)


async def readable_arguments(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    """Yield what the model streams, and note which arguments are no JSON object; in the message they are empty."""
    unreadable: dict[str, str] = {}
    context.invocation_state[_UNREADABLE] = unreadable
    writing: dict[str, Any] = {}
    async with aclosing(next_fn(context)) as events:
        async for event in events:
            chunk = event.get("event") or {}
            if "messageStart" in chunk:
                unreadable.clear()
            writing = event.get("current_tool_use") or writing
            if "contentBlockStop" in chunk and writing:
                if why := _unreadable(writing["input"]):
                    unreadable[writing.get("toolUseId", "")] = why
                    writing["input"] = ""  # Strands parses it next, and logs what it cannot parse
                writing = {}
            yield event


async def fitting_arguments(
    context: ExecuteToolContext, next_fn: MiddlewareNext[ExecuteToolContext, Any]
) -> AsyncGenerator[Any, None]:
    """Yield what a tool gives; where its arguments do not fit, what is wrong with them, without running it.

    The last of all that may change arguments, and only for calls by the model: a call by the team's own code is passed
    on as it is.
    """
    if context.tool and "event_loop_cycle_id" in context.invocation_state and (refusal := _refusal(context)):
        logger.info("tool %s was not called: its arguments do not fit", context.tool_use["name"])
        context = replace(context, tool=_NotCalled(context.tool, refusal))
    async with aclosing(next_fn(context)) as events:
        async for event in events:
            yield event


def _unreadable(written: str) -> str | None:
    """Return why a text is no JSON object; None where it is one, or empty, as for a tool that needs no arguments."""
    if not written.strip():
        return None
    try:
        found = json.loads(written)
    except RecursionError:
        return "its arguments are nested too deeply"
    except json.JSONDecodeError as error:
        if error.pos >= len(written.rstrip()) or error.msg.startswith("Unterminated"):
            return f"its arguments are cut off after {len(written)} characters: send them whole"
        return f"its arguments are no JSON: {error.msg} at character {error.pos}"
    except ValueError:  # of Python: more digits than it reads
        return "its arguments have a number with too many digits"
    if not isinstance(found, dict):
        return f"its arguments must be an object, not {type_name(found)}"
    return "its arguments are nested too deeply" if _is_too_deep(found) else None


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [item for items in inner for item in items if isinstance(item, (dict, list))]
    return bool(level)


def _refusal(context: ExecuteToolContext) -> dict[str, Any] | None:
    """Return what the model is told instead of a result; None where the arguments fit."""
    use, tool = context.tool_use, context.tool
    if why := context.invocation_state.get(_UNREADABLE, {}).get(use["toolUseId"]):
        return tool_error(400, f"{NOT_CALLED}: {why}")
    schema: dict[str, Any] = tool.tool_spec["inputSchema"] if tool else {}
    try:
        wrong = list(islice(wrong_arguments(use["input"], schema.get("json", schema)), _NAMED))
    except Exception:
        logger.exception("the arguments of tool %s cannot be checked against its schema", use["name"])
        return tool_error(500, f"the schema of {use['name']} cannot be read, so it was not called; do without it")
    return tool_error(400, f"{NOT_CALLED}: {'; '.join(wrong)}") if wrong else None


class _NotCalled(AgentTool):
    """Stands for a tool that is not called, so that the trace has the call and why it was refused."""

    def __init__(self, tool: AgentTool, refusal: dict[str, Any]) -> None:
        super().__init__()
        self._tool, self._refusal = tool, refusal

    @property
    def tool_name(self) -> str:
        return self._tool.tool_name

    @property
    def tool_spec(self) -> ToolSpec:
        return self._tool.tool_spec

    @property
    def tool_type(self) -> str:
        return self._tool.tool_type

    async def stream(self, tool_use: ToolUse, invocation_state: dict[str, Any], **_: Any) -> ToolGenerator:
        yield ToolResultEvent({"toolUseId": tool_use["toolUseId"], **self._refusal})  # type: ignore[typeddict-item]
