"""Tools that must be called, whatever was said: structured output, and a tool choice that the caller demands."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel
from strands.types.exceptions import StructuredOutputException
from strands.types.tools import ToolChoice, ToolSpec

from agentcore_kit.local.offline_model.catalogue import Tool, read_tools
from agentcore_kit.local.offline_model.conversation import Conversation
from agentcore_kit.local.offline_model.parameters import default, fill
from agentcore_kit.local.offline_model.ranking import Index
from agentcore_kit.local.offline_model.request import Request

_FREE = {"answer", "summary", "text", "message", "response", "explanation"}


def is_form(spec: ToolSpec) -> bool:
    """Whether a spec is Strands' own tool for structured output, which is called only when demanded."""
    return "StructuredOutputTool should only be invoked as the last" in spec.get("description", "")


def spec_of(model: type[BaseModel]) -> ToolSpec:
    """A Pydantic model as a tool spec."""
    return {
        "name": model.__name__,
        "description": model.__doc__ or "",
        "inputSchema": {"json": model.model_json_schema()},
    }


def demanded(choice: ToolChoice | None, index: Index, specs: list[ToolSpec], talk: Conversation) -> Tool | None:
    """The tool that a choice demands: the one it names, or of any the one that fits best, once a turn."""
    wanted = cast(dict[str, Any], choice or {})
    if "tool" in wanted:
        name = wanted["tool"]["name"]
        return next((read_tools([spec])[0] for spec in specs if spec["name"] == name), None)
    if "any" in wanted and index.tools and not talk.turns[-1].calls:
        request = Request(talk.turns[-1].text, talk.today, talk.context)
        return index.rank(request)[0].tool
    return None


def fill_form(tool: Tool, talk: Conversation) -> dict[str, Any]:
    """Fills a tool from tool results and the last requests.

    Raises:
        StructuredOutputException: A required field is not given anywhere.
    """
    turns = talk.turns[-2:]
    request = Request("\n".join(turn.text for turn in turns), talk.today, talk.context)
    values: dict[str, Any] = {name: found[0] for name, found in fill(tool, request).values.items()}
    for call in (call for turn in turns for call in turn.calls if isinstance(call.value, dict) and not call.failed):
        values |= {p.name: call.value[p.name] for p in tool.parameters if p.name in call.value}
    reply = next((turn.reply for turn in reversed(turns) if turn.reply), "")
    for parameter in tool.required:
        if reply and set(parameter.label.split()) & _FREE:
            values[parameter.name] = reply
        for value in default(parameter, request) if parameter.name not in values else ():
            values.setdefault(parameter.name, value)
    missing = [parameter.label for parameter in tool.required if parameter.name not in values]
    if missing:
        raise StructuredOutputException(
            f"the offline model finds no value for {', '.join(missing)} of {tool.name} in the conversation"
        )
    return values
