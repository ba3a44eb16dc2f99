"""`kit add eval-row`: a question and its right end, as a row of the ground truth."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from agentcore_kit.authoring.changes import Changes, not_placed
from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

DATASET = "evals/dataset.jsonl"

End = Literal["answer", "decline", "escalate", "clarify"]
"""How a turn may end, as far as a question alone can bring it about."""

_CATEGORIES = {"answer": "common", "decline": "decline", "escalate": "escalate", "clarify": "ambiguous"}
_LONGEST_ID = 80


@dataclass(frozen=True)
class Expectation:
    """What is right for a question.

    Attributes:
        outcome: How the turn ends.
        calls: The tools that are called, each with its input.
        figures: The figures that the answer states, each with its unit.
        mentions: Words that the answer has; `a|b` is either.
        category: Under which the row is counted; that of the outcome where it is empty.
        tags: Tags of the row.
        any_date: Whether it holds on any day, also where the agent of this machine is told one.
    """

    outcome: End = "answer"
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    figures: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    category: str = ""
    tags: tuple[str, ...] = ()
    any_date: bool = False


def expectation(
    calls: list[str], figures: list[str], mentions: list[str], outcome: str = "", category: str = "", tags: str = ""
) -> Expectation:
    """Return what a person typed as an expectation.

    Args:
        calls: Each a tool's name and its input as JSON, for example `getPrice {"company": "ACME"}`.
        figures: Each with its unit, for example `4.3 percent`.
        mentions: As for `Expectation`.
        outcome: One of `End`; answer where it is empty and there is anything else.
        category: As for `Expectation`.
        tags: Joined by commas.

    Raises:
        CommandError: When it is not said what is right, or not in this form.
    """
    if not (calls or figures or mentions or outcome):
        raise CommandError(
            "it is not said what is right for this question",
            'add --call \'TOOL {"parameter": "value"}\', --figure "4.3 percent", --mention "words", or '
            "--outcome decline; kit row drafts a row of what was answered in a recorded conversation",
            WRONG_INPUT,
        )
    for end in get_args(End):
        if end == (outcome or "answer"):
            named = tuple(tag for tag in tags.split(",") if tag)
            return Expectation(end, tuple(map(_call, calls)), tuple(figures), tuple(mentions), category, named)
    raise CommandError(f"{outcome!r} is no outcome", f"--outcome is one of: {', '.join(get_args(End))}", WRONG_INPUT)


def add_row(changes: Changes, question: str, expected: Expectation) -> str:
    """Add a row to the ground truth; do nothing where it is there.

    Args:
        changes: The repository's files.
        question: As a user asks it.
        expected: What is right.

    Returns:
        The id of the row.

    Raises:
        CommandError: When the question is there with another expectation, or the file is no dataset.
    """
    question = " ".join(question.split())
    if not question:
        raise CommandError("the question is empty", 'kit add eval-row "QUESTION" …', WRONG_INPUT)
    text, known = changes.text(DATASET), {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _row(number, line)
        known[row["scenario_id"]] = number
        if [turn.get("input") for turn in row["turns"]] == [question]:
            if row["metadata"].get("expect") == _expect(expected):
                return str(row["scenario_id"])
            what = f"row {row['scenario_id']} has this question, and expects something else"
            raise not_placed(DATASET, number, what, "change that row yourself, or ask in other words")
    made = _new(question, expected, known)
    apart = "" if text.endswith("\n") or not text else "\n"
    changes.set(DATASET, f"{text}{apart}{json.dumps(made, ensure_ascii=False, separators=(',', ':'))}\n")
    return str(made["scenario_id"])


def _row(number: int, line: str) -> Any:
    try:
        row = json.loads(line)
        _ = row["scenario_id"], [turn["input"] for turn in row["turns"]], row["metadata"]["expect"]
    except (ValueError, TypeError, KeyError, AttributeError):
        step = "correct it (kit dataset says what is wrong), then type the same again"
        raise not_placed(DATASET, number, "is no row, so nothing can be added behind it", step) from None
    return row


def _new(question: str, expected: Expectation, known: dict[str, int]) -> dict[str, Any]:
    category = expected.category or _CATEGORIES[expected.outcome]
    said = [f"Calls {name} with {', '.join(f'{key} {value}' for key, value in given.items())}.".replace(" with .", ".")
            for name, given in expected.calls]  # fmt: skip
    if expected.figures:
        said.append(f"States {', '.join(expected.figures)}.")
    if expected.mentions:
        said.append(f"Mentions {', '.join(expected.mentions)}.")
    row: dict[str, Any] = {"scenario_id": _id(category, question, known), "turns": [{"input": question}]}
    if expected.calls:
        row["expected_trajectory"] = [name for name, _ in expected.calls]
    row["assertions"] = said or [f"Ends with: {expected.outcome}."]
    told = _told()
    day = told or datetime.now(UTC).date()
    row["metadata"] = {"category": category, "date": day.isoformat(), "expect": _expect(expected)}
    if told is None or expected.any_date:  # then what is right depends on no day
        row["metadata"]["any_date"] = True
    if expected.tags:
        row["metadata"]["tags"] = list(expected.tags)
    return row


def _expect(expected: Expectation) -> list[list[dict[str, Any]]]:
    outcome: dict[str, Any] = {"outcome": expected.outcome}
    if expected.calls:
        outcome["calls"] = [{"name": name, "input": given} for name, given in expected.calls]
    if expected.figures:
        outcome["figures"] = list(expected.figures)
    if expected.mentions:
        outcome["mentions"] = list(expected.mentions)
    return [[outcome]]


def _id(category: str, question: str, known: dict[str, int]) -> str:
    plain = unicodedata.normalize("NFKD", re.sub(r"['’]", "", question.lower())).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_ID].strip("-")
    name = f"{category}-{words or hashlib.sha256(question.encode()).hexdigest()[:12]}"
    number = 2
    unique = name
    while unique in known:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _told() -> date | None:
    """Return the day that an agent on this machine is told; None where none is told one."""
    day: date | None = getattr(read_environment(LOCAL_ENVIRONMENT, load_manifest()), "today", None)
    return day


def _call(text: str) -> tuple[str, dict[str, Any]]:
    name, _, given = text.strip().partition(" ")
    try:
        values = json.loads(given or "{}")
    except ValueError:
        values = None
    if not name or not isinstance(values, dict):
        step = 'write the tool and its input as JSON: --call \'getPrice {"company": "ACME"}\''
        raise CommandError(f"--call: {text!r} is no call", step, WRONG_INPUT)
    return name, values
