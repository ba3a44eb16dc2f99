"""The last evaluation of a repository that is on this machine, read from `evals/results`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LastEvaluation:
    """What the last finished evaluation of a repository measured.

    Attributes:
        passed: Whether all thresholds were met.
        score: The share of the cases that were right, from 0 to 1; None when none was asked.
        cases: How many were asked.
        date: The day it was started, as YYYY-MM-DD.
        environment: Which environment was evaluated; `local` on a laptop.
        headline: The verdict in one line, in the report's own words.
    """

    passed: bool
    score: float | None
    cases: int
    date: str
    environment: str
    headline: str


def last_evaluation(path: Path) -> LastEvaluation | None:
    """Return the last finished evaluation of a repository; None when there is none that can be read."""
    found: list[tuple[str, LastEvaluation]] = []
    for file in (path / "evals" / "results").glob("*/results.json"):
        try:
            report = json.loads(file.read_text(encoding="utf-8"))
            if report["finished"]:
                found.append((str(report["run"]["started"]), _of_report(report)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # of another program, or half-written
            continue
    return max(found, key=lambda each: each[0])[1] if found else None


def _of_report(report: dict[str, Any]) -> LastEvaluation:
    cases, right = int(report["total"]["cases"]), int(report["total"]["passed"])
    return LastEvaluation(
        passed=report["verdict"] == "passed",
        score=right / cases if cases else None,
        cases=cases,
        date=str(report["run"]["started"])[:10],
        environment=str(report["run"]["environment"]),
        headline=str(report["headline"]),
    )
