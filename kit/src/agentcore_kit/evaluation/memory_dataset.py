"""The dataset of a memory: conversations, what should be kept of them, and what must not be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import Model
from agentcore_kit.config.memory import Strategy
from agentcore_kit.config.repository import relative, repository_path

PERSONAL_DATA = "personal data"
"""The group of conversations of which personal data may be kept nowhere, summaries included."""


def dataset_path() -> Path:
    """Return where the conversations are."""
    return repository_path("evals", "dataset.jsonl")


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
    group: str = Field(
        pattern=r"^[a-z][a-z0-9 -]{0,40}$",
        description="what it is about; contradiction, correction, forget and personal data say what `absent` means",
        examples=["preference"],
    )
    why: str = Field(min_length=5, description="what it is there for")
    sessions: list[Session] = Field(min_length=1, description="in the order of time")
    expected: dict[str, list[list[str]]] = Field(description="by strategy, the words that one record must have")
    absent: list[str] = Field(description="what no record may have in the end")


def load(path: Path, strategies: Sequence[Strategy]) -> list[Case]:
    """Return the conversations of a dataset.

    Args:
        path: The file, a conversation a line.
        strategies: Those of the manifest: what is expected names them, and each must be expected somewhere.

    Raises:
        ConfigError: With the line and field of everything that is wrong.
    """
    name = relative(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError([f"{name}:1: cannot be read: {error.strerror}"]) from None
    problems: list[str] = []
    cases: list[Case] = []
    for number, line in enumerate(lines, 1):
        try:
            case = Case.model_validate(json.loads(line))
        except ValidationError as error:
            wrong = [(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
            problems += [f"{name}:{number}: {field}: {message}" for field, message in wrong]
        except ValueError as error:
            problems.append(f"{name}:{number}: no JSON: {error}")
        else:
            problems += [f"{name}:{number}: {problem}" for problem in _problems(case, cases, strategies)]
            cases.append(case)
    expected = {strategy for case in cases for strategy, words in case.expected.items() if words}
    for strategy in strategies:
        if strategy.name not in expected and strategy.kind != "selfManaged" and not problems:
            missing = f"no conversation expects a record of strategy {strategy.name}; add one, or nothing measures it"
            problems.append(f"{name}:{len(lines)}: expected: {missing}")
    if problems:
        raise ConfigError(problems)
    return cases


def _problems(case: Case, before: Sequence[Case], strategies: Sequence[Strategy]) -> Iterator[str]:
    kinds = {strategy.name: strategy.kind for strategy in strategies}
    if any(case.scenario_id == each.scenario_id for each in before):
        yield f"scenario_id: {case.scenario_id!r} stands here twice"
    for name in case.expected:
        if name not in kinds:
            yield f"expected: {name!r} is no strategy of manifest.yaml; there are {', '.join(kinds) or 'none'}"
        elif kinds[name] == "selfManaged":
            yield f"expected: {name!r} is self-managed: your pipeline writes its records, so measure that; remove it"
    if not case.expected and not case.absent:
        yield "expected: empty, and absent too: nothing could be wrong"
    said = " ".join(turn.text for session in case.sessions for turn in session.turns).lower()
    for words in [words for lists in case.expected.values() for words in lists]:
        yield from (f"expected: {word!r} was never said" for word in words if word.lower() not in said)


def digest(path: Path) -> str:
    """Return the version of a dataset: a hash of its bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
