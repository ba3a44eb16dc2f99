"""Which tools only read, and a process in which no other tool is run, whatever a model asks for.

`python -m agentcore_kit.authoring.reading_tools MODULE …` is `python -m MODULE …` in such a process. `kit adopt` asks
and checks the agent in it: the model of this machine may choose another tool than the one that a question is about.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from agentcore_kit.authoring.tools import CHANGING

READING = ("browse", "calculate", "check", "compare", "compute", "count", "describe", "estimate", "explain", "fetch",
           "find", "get", "has", "is", "list", "look", "lookup", "query", "read", "retrieve", "search",
           "view")  # fmt: skip
"""Verbs by which the name of a tool that only reads begins. What begins otherwise may change something."""

_CHANGING_PHRASES = {("check", "in"), ("check", "off"), ("check", "out"), ("get", "rid")}
_CONJUNCTIONS = {"and", "or", "then"}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")


def words(text: str) -> list[str]:
    """Return the words of a name in camel or snake case, or of a sentence, in lower case."""
    return [word.lower() for word in _WORDS.findall(text)]


def reads(spec: Mapping[str, Any]) -> bool:
    """Return whether a tool only reads, as far as what it says of itself goes.

    Its name begins with a verb of `READING`, also after an "and" in it, or the server that it is of gives it the
    `readOnlyHint` of MCP. Neither counts where the name or the description begins with a verb for changing something,
    or where that hint is false.

    Args:
        spec: The tool's specification, as Strands has it.
    """
    name = words(spec["name"].rpartition("___")[2])  # without the target's name, which AgentCore Gateway sets before
    described = words(str(spec.get("description", "")))[:1]
    if any(map(CHANGING.fullmatch, [*name[:1], *described, *(one.removesuffix("s") for one in described)])):
        return False
    hint = (spec.get("annotations") or {}).get("readOnlyHint")
    return hint if isinstance(hint, bool) else _begins_with_reading(name)


def _begins_with_reading(name: Sequence[str]) -> bool:
    pairs = [*zip(["and", *name], name, strict=False)]
    verbs = [word for before, word in pairs if before in _CONJUNCTIONS]
    return bool(verbs) and all(verb in READING for verb in verbs) and not _CHANGING_PHRASES & {*pairs}


def run_no_others() -> None:
    """Let no agent of this process run a tool that may change something; its call fails, and says why.

    What runs a tool in Strands is replaced, as hooks and middleware of the agent's may choose another tool until then.
    """
    from strands.tools.executors import _executor
    from strands.tools.structured_output.structured_output_tool import StructuredOutputTool
    from strands.types._events import ToolResultEvent

    original = _executor._run_tool

    async def run(context: Any, *others: Any) -> AsyncGenerator[Any, None]:
        tool = context.tool
        if tool is None or isinstance(tool, StructuredOutputTool) or reads(tool.tool_spec):
            async for event in original(context, *others):
                yield event
            return
        why = f"{tool.tool_name} was not run, as it may change something"
        result: Any = {"toolUseId": context.tool_use["toolUseId"], "status": "error", "content": [{"text": why}]}
        yield ToolResultEvent(result)

    _executor._run_tool = run  # type: ignore[assignment]


def main() -> None:
    """Run the module that is named, with the words after it."""
    run_no_others()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
