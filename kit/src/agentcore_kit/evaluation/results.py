"""The cases of a run: `cases.jsonl` in its folder, a line for each, written as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

CASES = "cases.jsonl"

CaseResult = dict[str, Any]
"""One line of `cases.jsonl`, described in `results.schema.json` of this package."""


class Judgement(TypedDict):
    """What a judge said of one turn: a share from 0 to 1, None when the judge failed, and why."""

    metric: str
    score: float | None
    reason: str


def finished(folder: Path) -> set[str]:
    """Return the ids that a run has results of; drop cut lines, and cases that could not run, to try them again."""
    path = folder / CASES
    if not path.exists():
        return set()
    draft, ids = path.with_suffix(".draft"), set()
    with draft.open("w", encoding="utf-8") as kept:
        for line in path.open(encoding="utf-8", errors="replace"):
            try:
                result = json.loads(line)
            except ValueError:
                continue
            if result["status"] != "error":
                ids.add(result["id"])
                kept.write(line)
    draft.replace(path)
    return ids


def results(folder: Path) -> Iterator[CaseResult]:
    """Yield the results of a run, one at a time."""
    path = folder / CASES
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def why(case: Mapping[str, Any]) -> str:
    """Return what went wrong in a case, in words."""
    reasons: dict[str, str] = case["reasons"]
    unjudged: dict[str, str] = case.get("unjudged", {})
    return str(
        case.get("error")
        or reasons.get("goalReached")
        or (unjudged.get("goalReached") if case.get("status") == "unjudged" else "")
        or " | ".join(reasons.values())
    )


def written(name: str, parameters: dict[str, Any]) -> str:
    """Return a call as people write it."""
    return f"{name}({', '.join(f'{key}={value}' for key, value in parameters.items())})"
