"""What rows that were written by hand expect, held against what the tools of their starter return.

The figures and words of an expected answer stand in the results of the calls that are expected with it, or the row is
wrong, or the sample data was changed. `python -m starters.results` prints the rows of which this is not so.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from agentcore_kit.evaluation.dataset import Outcome, Row
from agentcore_kit.testing.tool_context import tool_context

from starters.expected import FOLDER

STARTERS = ("hr", "it", "blank")
"""Those of an agent; what finance expects is computed."""

OF_THE_AGENT = {"Kim", "Robin"}
"""Words that no tool returns: the names of the users who ask."""


def differences(folder: Path) -> Iterator[str]:
    """Yield what rows expect of an answer and the results of the expected calls do not have.

    Args:
        folder: Of a starter, laid out as its repository.
    """
    tools = {tool.tool_name: tool for tool in _tools(folder).TOOLS}
    for name in ("dataset.jsonl", "redteam.jsonl"):
        for line in (folder / "evals" / name).read_text(encoding="utf-8").splitlines():
            row = Row.model_validate_json(line)
            for outcome in (each for accepted in row.metadata.expect for each in accepted):
                if outcome.outcome in ("answer", "unavailable") and outcome.calls and not row.metadata.failures:
                    for missing in _missing(outcome, tools):
                        yield f"{folder.name}: {name}: row {row.scenario_id}: no result of its calls has {missing}"


def _missing(outcome: Outcome, tools: dict[str, Any]) -> list[str]:
    found = []
    for call in outcome.calls:
        # A parameter that need not be equal is given the words that it must have.
        loose = {key: " ".join(match.contains or ["anything"]) for key, match in call.match.items()}
        found.append(_result(tools[call.name], call.input | loose))
    if outcome.outcome == "unavailable":
        return [] if any(result.get("status") == "error" for result in found) else ["an error"]
    text = json.dumps(found, ensure_ascii=False).casefold()
    figures = [_number(str(figure)) for figure in outcome.figures]
    numbers = {float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}
    words = [word for word in outcome.mentions if word not in OF_THE_AGENT]
    return [
        *(str(figure) for figure in figures if figure not in numbers),
        *(word for word in words if not any(part.casefold() in text for part in word.split("|"))),
    ]


def _number(figure: str) -> float:
    return float(figure.split()[0].replace(",", ""))


def _result(tool: Any, given: dict[str, Any]) -> dict[str, Any]:
    function = tool._tool_func
    if "tool_context" in inspect.signature(function).parameters:
        given = given | {"tool_context": tool_context(confirmed=True)}
    result = function(**given)
    found: dict[str, Any] = asyncio.run(result) if inspect.iscoroutine(result) else result
    return found


def _tools(folder: Path) -> ModuleType:
    """Load a starter's tools beside those of others: each calls its package `agent`."""
    before = {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == "agent"}
    try:
        for name in ("agent", "agent.backend", "agent.tools"):
            path = folder / "src" / "agent" / f"{name.partition('.')[2]}.py"
            if name == "agent":
                sys.modules[name] = ModuleType(name)
                sys.modules[name].__path__ = [str(path.parent)]
                continue
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return sys.modules["agent.tools"]
    finally:
        for name in [*sys.modules]:
            if name.split(".")[0] == "agent":
                del sys.modules[name]
        sys.modules.update(before)


if __name__ == "__main__":
    told = [line for starter in STARTERS for line in differences(FOLDER / "agent" / starter)]
    print("\n".join(told))
    sys.exit(bool(told))
