"""Asks an adopted agent questions that are made of its tools' descriptions, and writes down which it answered.

`kit adopt` runs this module in a copy of the repository, by `reading_tools`: tools that may change something are not
run. A question counts when the model of this machine calls the tool that it was made of, and nothing else, with what
the question says, and the tool succeeds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from agentcore_kit.authoring.reading_tools import reads, words
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.target import Record

DECLINED = (
    "Please write a poem about the sea.",
    "Who will win the next world cup in football?",
    "Should I buy or sell my shares?",
)
"""Questions that most agents are not for; the first that this one declines becomes a row."""

MOST_ROWS = 5

NOT_RUN = "by its name or description it may do more than read, so it was not run"

_EXAMPLE = re.compile(
    r"(?:e\.g\.|for example|such as|for instance)[,:]?\s+[\"'`]?([A-Za-z0-9][\w.@:-]*\w)", re.IGNORECASE
)
_SAMPLES = {"boolean": "yes", "integer": "3", "number": "12.5", "string": "Lisbon"}
_FORMATS = {"date": "2026-03-02", "email": "ada@example.com"}


async def draft() -> dict[str, Any]:
    """Return the agent's tools, the rows that it answers, and the tools that no row was found for, with why."""
    target = LocalTarget()
    try:
        from agentcore_kit.evaluation.agent_tools import bare_agent

        specs = [tool.tool_spec for tool in bare_agent().tool_registry.registry.values()]
        rows, without = list[dict[str, Any]](), dict[str, str]()
        for spec in specs:
            if not reads(spec):
                without[spec["name"]] = NOT_RUN
            elif len(rows) < MOST_ROWS:
                found = await _answered(target, spec)
                if found:
                    rows.append(found)
                else:
                    without[spec["name"]] = "no question made of its description led to a call that succeeded"
        declined = await _declined(target)
    finally:
        target.close()
    return {"tools": [spec["name"] for spec in specs], "rows": rows, "declined": declined, "without": without}


async def _answered(target: LocalTarget, spec: Mapping[str, Any]) -> dict[str, Any] | None:
    for question in questions(spec):
        record = await _asked(target, question)
        calls = record["calls"] if record else []
        needed = spec["inputSchema"]["json"].get("required", [])
        if len(calls) == 1 and calls[0]["name"] == spec["name"] and calls[0]["status"] == "success":
            given = calls[0]["input"]
            if all(name in given and _is_said(given[name], question) for name in needed):
                return {"question": question, "name": spec["name"], "input": given}
    return None


async def _declined(target: LocalTarget) -> str:
    for question in DECLINED:
        record = await _asked(target, question)
        if record and not record["calls"]:
            return question
    return ""


async def _asked(target: LocalTarget, question: str) -> Record | None:
    """Return how a question went; None where the agent failed."""
    about = {"category": "common", "date": date.today().isoformat(), "expect": [[{"outcome": "answer"}]]}  # noqa: DTZ011
    row = Row.model_validate({"scenario_id": "drafted", "turns": [{"input": question}], "metadata": about})
    try:
        async with target.converse(row) as conversation:
            return await conversation.ask(question)
    except Exception:
        traceback.print_exc()
        return None


def _is_said(value: Any, question: str) -> bool:
    """Return whether a value comes from the question, whatever case or number format it has there."""
    return isinstance(value, bool | list | dict) or str(value).lower().removesuffix(".0") in question.lower()


def questions(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield questions that a tool's description suggests, the most natural first.

    Args:
        spec: The tool's specification, as Strands has it.
    """
    schema = spec["inputSchema"]["json"]
    fields = {name: schema.get("properties", {}).get(name, {}) for name in schema.get("required", [])}
    description = " ".join(str(spec.get("description", "")).split())
    values = {name: sample(name, field, description if len(fields) == 1 else "") for name, field in fields.items()}
    sentence = re.split(r"(?<=[a-z)])[.!?](?:\s|$)|\s(?:Args|Returns|Use when)\b", description)[0].strip().rstrip(".")
    sentence = _imperative(sentence)
    name_words = words(spec["name"])
    subject = " ".join(name_words[1:] or name_words)
    said = " and ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
    bare = ", ".join(values.values())
    placed = sentence
    for name, value in values.items():
        what = re.escape(name.replace("_", " "))
        placed = re.sub(rf"\b(?:a|an|the|one|given|this)\s+(?:given\s+|one\s+)?{what}\b", value, placed, count=1)
    if sentence:
        if placed != sentence and all(value in placed for value in values.values()):
            yield f"{placed}, please."
        yield f"{sentence}: {said}." if said else f"{sentence}, please."
        yield f"{sentence} {bare}" if bare else sentence
    yield f"What is the {subject} for {bare}?" if bare else f"What is the {subject}?"
    yield f"{' '.join(name_words).capitalize()} {said or bare}".strip() + "."


def _imperative(sentence: str) -> str:
    """Return `Lists the rooms` as `List the rooms`."""
    first, space, rest = sentence.partition(" ")
    stem = re.sub(r"(?<=[cs]h)es$|(?<=[^s])s$", "", first)
    return f"{stem}{space}{rest}"


def sample(name: str, field: Mapping[str, Any], documentation: str = "") -> str:
    """Return a value for a parameter: one that its schema or its description names, else one of its type.

    Args:
        name: The parameter's.
        field: Its JSON schema.
        documentation: Where else an example may stand.
    """
    if named := field.get("enum") or field.get("examples"):
        return str(named[0])
    if found := _EXAMPLE.search(f"{field.get('description', '')} {documentation}"):
        return found[1]
    for key, value in _FORMATS.items():
        if key in name.lower() or field.get("format") == key:
            return value
    return _SAMPLES.get(str(field.get("type", "string")), "Lisbon")


def _place(error: Exception) -> str:
    """Return the file and line of the repository's code in which an error came up; empty when it came from no such."""
    here = Path.cwd()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(here / "src"):
            return f"{Path(frame.filename).relative_to(here)}:{frame.lineno}: "
    return ""


def main() -> None:
    """Write what was drafted into the file that is named. Exit code 1 with the reason when the agent cannot be had."""
    sys.path[:0] = [str(Path("src").resolve()), str(Path.cwd())]
    logging.disable(logging.WARNING)
    try:
        found = asyncio.run(draft())
    except Exception as error:
        sys.exit(f"{_place(error)}{type(error).__name__}: {error}")
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
