"""The dataset: conversations, what should be kept of them, and what must not be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import Model
from agentcore_kit.config.repository import repository_root


def dataset_path() -> Path:
    """Return where the conversations are."""
    return repository_root() / "evals" / "dataset.jsonl"


LEAST = 60
"""So many conversations are the least that says something."""

Group = Literal[
    "preference",
    "project",
    "terminology",
    "contradiction",
    "correction",
    "forget",
    "distractor",
    "personal data",
    "summary",
]


class Turn(Model):
    """What one side says."""

    role: Literal["USER", "ASSISTANT"] = Field(description="USER or ASSISTANT")
    text: str = Field(min_length=1, description="what is said")


class Session(Model):
    """One conversation of a person."""

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$", description="its id")
    turns: list[Turn] = Field(min_length=1, description="in their order")


class Case(Model):
    """One line of the dataset."""

    scenario_id: str = Field(alias="scenario_id", pattern=r"^[a-z0-9][a-z0-9-]{0,60}$", description="its name")
    group: Group = Field(description="what it is about")
    why: str = Field(min_length=5, description="what it is there for")
    sessions: list[Session] = Field(min_length=1, description="in the order of time")
    expected: dict[str, list[list[str]]] = Field(description="by strategy, the words that one record must have")
    absent: list[str] = Field(description="what no record may have in the end")


def load(path: Path, strategies: list[str]) -> list[Case]:
    """Return the cases.

    Raises:
        DocumentError: with the line and field of everything that is wrong.
    """
    name = path.relative_to(repository_root()).as_posix() if path.is_relative_to(repository_root()) else str(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError([f"{name}:1: cannot be read: {error.strerror}"]) from None
    problems: list[str] = []
    cases: list[Case] = []
    for number, line in enumerate(lines, 1):
        try:
            cases.append(Case.model_validate(json.loads(line)))
        except ValidationError as error:
            places = [(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
            problems += [f"{name}:{number}: {place}: {said}" for place, said in places]
            continue
        except ValueError as error:
            problems.append(f"{name}:{number}: no JSON: {error}")
            continue
        problems += [f"{name}:{number}: {said}" for said in _problems(cases[-1], cases[:-1], strategies)]
    if len(lines) < LEAST:
        problems.append(f"{name}:{len(lines)}: {len(lines)} conversations; needed at least {LEAST}")
    if problems:
        raise ConfigError(problems)
    return cases


def _problems(case: Case, before: list[Case], strategies: list[str]) -> list[str]:
    found = []
    if case.scenario_id in {each.scenario_id for each in before}:
        found.append(f"scenario_id: {case.scenario_id!r} stands here twice")
    if unknown := sorted(set(case.expected) - set(strategies)):
        found.append(f"expected: {unknown[0]!r} is no strategy of manifest.yaml; there are {', '.join(strategies)}")
    if not case.expected and not case.absent:
        found.append("expected: empty, and absent too: nothing could be wrong")
    said = " ".join(turn.text for session in case.sessions for turn in session.turns).lower()
    for words in [words for lists in case.expected.values() for words in lists]:
        found += [f"expected: {word!r} was never said" for word in words if word.lower() not in said]
    return found


def digest(path: Path) -> str:
    """Return the version of a dataset: a hash of its bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
