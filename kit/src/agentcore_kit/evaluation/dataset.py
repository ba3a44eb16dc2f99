"""Ground-truth rows: what one says, and a check that names file, line and field of whatever is wrong.

A row is AgentCore's own (`AGENTCORE_EVALUATION_PREDEFINED_V1`), so the file can be uploaded as it is. What only this
evaluation knows (category, date, expected parameters and figures) is in the row's `metadata`, which AgentCore keeps.
"""

from __future__ import annotations

import hashlib
import json
import os
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from jsonschema import Draft202012Validator
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.explain import choose
from agentcore_kit.config.repository import relative, repository_root
from agentcore_kit.evaluation.expectations import STRICT, Match, Words
from agentcore_kit.evaluation.expectations import Call as Call
from agentcore_kit.evaluation.figures import as_text, figures
from agentcore_kit.evaluation.users import EvaluationUser, declared_users, undeclared


def dataset_path() -> Path:
    """Return where the ground truth is."""
    return repository_root() / "evals" / "dataset.jsonl"


REVIEW = "review"
"""The tag of a draft: a person has not yet said that what it expects is right."""

UNJUDGED_TAGS = frozenset({"smoke", "regression"})
"""Tags of rows that are asked where there is no judge."""

MOST_PROBLEMS = 20
"""So many are told: one tool renamed is wrong in every row."""

Category = Literal[
    "common",
    "phrasing",
    "abbreviation",
    "ambiguous",
    "edge",
    "decline",
    "escalate",
    "injection",
    "multi-turn",
    "tool-failure",
    "personalisation",
    "redteam",
]
OutcomeName = Literal["answer", "decline", "escalate", "clarify", "unavailable"]
FailureName = Literal["Timeout", "NetworkError", "ExecutionError"]


class _Model(BaseModel):
    model_config = STRICT


def _one(figure: float | str) -> float | str:
    if len(figures(as_text(figure))) != 1:
        raise ValueError(
            f"{figure!r} is no figure; write a number, or a text such as '-0.8 percent'; words are `mentions`"
        )
    return figure


class Outcome(_Model):
    """One acceptable end of a turn.

    `figures` and `mentions` must all be in the answer, nothing of `avoid` may be; tools of `may_call` are neither
    required nor wrong. A figure is a number, or a text with its unit: `-0.8 percent`, `18.4 billion`.
    """

    outcome: OutcomeName
    calls: list[Call] = []
    may_call: list[str] = []
    figures: list[Annotated[float | str, AfterValidator(_one)]] = []
    mentions: list[Words] = []
    avoid: list[Words] = []


class Turn(_Model):
    """What the user says, and an answer that would be right."""

    input: Words
    expected_response: str | None = None


class Metadata(_Model):
    """What AgentCore's schema has no field for.

    `expect` has the acceptable outcomes of each turn. `date` is the day the agent is told; `any_date` says that the
    expectation does not depend on it. `user` is who asks: a first name, or where `evals/users.yaml` is there, a user of
    that. `failures` makes a tool fail in one way of `strands_evals.chaos`; `injections` appends text to a tool's
    results. `tags` are free, but for three: `smoke` rows are asked after every deployment, `regression` rows went wrong
    once and must not again, `review` ones are drafts.
    """

    category: Category
    date: Date = Field(strict=False)
    any_date: bool = False
    expect: list[list[Outcome]]
    user: str | None = None
    failures: dict[str, FailureName] = {}
    injections: dict[str, str] = {}
    tags: list[str] = []


class Row(_Model):
    """One conversation with its ground truth."""

    scenario_id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$")
    turns: list[Turn] = Field(min_length=1)
    expected_trajectory: list[str] = []
    assertions: list[str] = []
    metadata: Metadata

    @model_validator(mode="after")
    def _one_expectation_a_turn(self) -> Row:
        if len(self.metadata.expect) != len(self.turns) or not all(self.metadata.expect):
            raise ValueError("metadata.expect needs one list of acceptable outcomes for each turn, none of them empty")
        return self

    @model_validator(mode="after")
    def _without_a_judge(self) -> Row:
        tags = UNJUDGED_TAGS & {*self.metadata.tags}
        outcomes = (outcome for turn in self.metadata.expect for outcome in turn)
        matches = (match for outcome in outcomes for call in outcome.calls for match in call.match.values())
        if tags and any(match.judged for match in matches):
            raise ValueError(
                f"metadata.expect has a judged input; a row that is tagged {' or '.join(sorted(tags))} is asked "
                "without a judge, and would never be right: say contains or matches instead"
            )
        return self


_GROUPS: dict[str, type[BaseModel]] = {
    "": Row, "turns": Turn, "metadata": Metadata, "expect": Outcome, "calls": Call, "match": Match
}  # fmt: skip
"""What stands in each group of fields."""

Tools = Mapping[str, Mapping[str, Any]]
"""The JSON schema of the parameters of each tool, by name."""


@dataclass(frozen=True)
class Entry:
    """Where a row is in the file: its line, and the offset of that in bytes."""

    id: str
    category: str
    tags: tuple[str, ...]
    offset: int
    line: int


@dataclass(frozen=True)
class Dataset:
    """A checked file. It keeps only where the rows are, so that the size of a file does not become memory."""

    path: Path
    entries: list[Entry]
    digest: str

    def rows(self, keep: Callable[[Entry], bool] = lambda _: True) -> Iterator[Row]:
        """Yield the rows in the order of the file."""
        with self.path.open("rb") as file:
            for entry in self.entries:
                if keep(entry):
                    file.seek(entry.offset)
                    yield Row.model_validate_json(file.readline())


def load_dataset(path: Path | None = None, tools: Tools | None = None) -> Dataset:
    """Return a dataset, checked.

    Args:
        path: The file; the repository's ground truth where it is left out.
        tools: Where they are given, expected calls must be calls of these.

    Raises:
        ConfigError: with file, line and field of everything that is wrong.
    """
    path = path or dataset_path()
    name, users = relative(path), declared_users()
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    problems: list[str] = []
    gone: Counter[str] = Counter()
    digest = hashlib.sha256()
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                digest.update(line)
                if number == 1 and line.startswith(BOM_UTF8):
                    problems.append(f"{name}:1: begins with a byte order mark; save the file as UTF-8 without one")
                elif line.strip():
                    row, wrong = _parse(line, tools, users)
                    problems += [f"{name}:{number}: {problem}" for problem in wrong]
                    gone.update(_tools_that_are_gone(row, tools))
                    if row and row.scenario_id in lines:
                        first = lines[row.scenario_id]
                        problems.append(
                            f"{name}:{number}: scenario_id: {row.scenario_id!r} is that of line {first} too"
                        )
                    elif row:
                        lines[row.scenario_id] = number
                        about = row.metadata
                        entries.append(Entry(row.scenario_id, about.category, tuple(about.tags), offset, number))
                offset += len(line)
    except OSError as error:
        raise ConfigError([f"{name}:1: cannot be read: {error.strerror}"]) from None
    if not entries and not problems:
        problems.append(f"{name}:1: the dataset has no rows; write some, or restore it from version control")
    if len(problems) > MOST_PROBLEMS:
        rows = [f"{name}: {n} rows name {tool}, which is no tool here" for tool, n in sorted(gone.items())]
        if rows:
            rows[-1] += "; rewrite them for the tools that there are, or delete them with the tool"
        problems[:0] = rows
        problems[MOST_PROBLEMS:] = [f"{name}: and {len(problems) - MOST_PROBLEMS} more"]
    if problems:
        raise ConfigError(problems)
    return Dataset(path, entries, digest.hexdigest())


def add_rows(draft: Path, path: Path, tools: Tools | None = None) -> list[str]:
    """Append the rows of a file to a dataset, as they are written there.

    Args:
        draft: The file with the rows, for example one that `kit row` has written.
        path: The dataset.
        tools: As for `load_dataset`.

    Returns:
        The ids of the rows.

    Raises:
        ConfigError: When either file is wrong, when a row still has the tag `review`, or when the dataset has its id
            already; nothing is appended then.
    """
    there = {entry.id: entry.line for entry in load_dataset(path, tools).entries}
    added, name = load_dataset(draft, tools), relative(draft)
    problems = [
        f"{name}:{entry.line}: scenario_id: {entry.id!r} is in {relative(path)} already, line {there[entry.id]}"
        for entry in added.entries
        if entry.id in there
    ]
    problems += [
        f"{name}:{entry.line}: row {entry.id} has the tag {REVIEW}; correct what it expects, then remove the tag"
        for entry in added.entries
        if REVIEW in entry.tags
    ]
    if problems:
        raise ConfigError(problems)
    rows = [line for line in draft.read_text(encoding="utf-8").splitlines() if line.strip()]
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        end = b"" if file.read() == b"\n" else b"\n"
        file.write(end + "".join(f"{row}\n" for row in rows).encode())
    return [entry.id for entry in added.entries]


def _parse(
    line: bytes, tools: Tools | None, users: Mapping[str, EvaluationUser] | None
) -> tuple[Row | None, list[str]]:
    try:
        row = Row.model_validate_json(line)
    except ValidationError as error:
        return None, [_words(detail) for detail in error.errors(include_url=False)]
    problems = list(_tool_problems(row, tools)) if tools is not None else []
    user = row.metadata.user
    if user is not None and (problem := undeclared(user, users)):
        problems.append(f"metadata.user: {problem}")
    return row, problems


def _words(detail: Any) -> str:
    field = ".".join(str(part) for part in detail["loc"])
    kind, given = detail["type"], detail.get("input")
    if kind == "json_invalid":
        return f"no JSON: {detail['ctx']['error']}; a row is one line"
    if kind == "value_error":
        return f"{field}: {detail['ctx']['error']}" if field else str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        *groups, wrong = (part for part in detail["loc"] if isinstance(part, str))
        group = "match" if "match" in groups else groups[-1] if groups else ""  # below it are names of parameters
        return f"{field}: no such field; {choose(wrong, _GROUPS[group].model_fields)}"
    if kind == "missing":
        return f"{field}: missing"
    shown = f"{json.dumps(given, default=str)[:60]} is not right; {detail['msg'].lower()}"
    return f"{field}: {shown}" if field else shown


def _tool_problems(row: Row, tools: Tools) -> Iterator[str]:
    for turn, outcomes in enumerate(row.metadata.expect):
        for at, outcome in enumerate(outcomes):
            where = f"metadata.expect.{turn}.{at}"
            for number, call in enumerate(outcome.calls):
                schema = tools.get(call.name)
                if schema is None:
                    if _is_gone(call.name, tools):
                        yield f"{where}.calls.{number}.name: no tool {call.name!r}; {choose(call.name, tools)}"
                    continue
                yield from _call_problems(f"{where}.calls.{number}", call, schema)
            for name in outcome.may_call:
                if _is_gone(name, tools):
                    yield f"{where}.may_call: no tool {name!r}; {choose(name, tools)}"
    if _contradicts(row):
        yield "expected_trajectory: not the calls that metadata.expect has; write the same there, or leave it out"
    for field, names in (
        ("expected_trajectory", row.expected_trajectory),
        ("metadata.failures", row.metadata.failures),
        ("metadata.injections", row.metadata.injections),
    ):
        for name in names:
            if _is_gone(name, tools):
                yield f"{field}: no tool {name!r}; {choose(name, tools)}"


def _tools_that_are_gone(row: Row | None, tools: Tools | None) -> set[str]:
    """Return the tools that a row expects to be called and that there are not."""
    if row is None or tools is None:
        return set()
    named = {
        *row.expected_trajectory,
        *(call.name for each in row.metadata.expect for one in each for call in one.calls),
    }
    return {name for name in named if _is_gone(name, tools)}


def _call_problems(where: str, call: Call, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a tool's schema refuses of an expected call."""
    known = schema.get("properties", {})
    for part, names in (("input", call.input), ("match", call.match)):
        for parameter in names.keys() - known.keys():
            yield f"{where}.{part}.{parameter}: {call.name} has no such parameter; {choose(parameter, known)}"
    asked = {**schema, "required": [name for name in schema.get("required", []) if name not in call.match]}
    for error in Draft202012Validator(asked).iter_errors(call.input):
        if error.validator != "additionalProperties":
            yield f"{'.'.join([f'{where}.input', *map(str, error.path)])}: {error.message}"
    for parameter, match in call.match.items():
        if parameter in known:
            of_parameter = {"$defs": schema.get("$defs", {}), **known[parameter]}
            yield from (f"{where}.match.{parameter}.{each}" for each in _match_problems(match, of_parameter))


def _match_problems(match: Match, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield why nothing that a parameter's schema allows could ever be a match."""
    for number, value in enumerate(match.one_of or []):
        for error in Draft202012Validator(schema).iter_errors(value):
            yield f"{'.'.join([f'one_of.{number}', *map(str, error.path)])}: {error.message}"
    needed = {"contains": {"string", "array"}, "matches": {"string"}, "near": {"number", "integer"}}.get(
        match.way, set()
    )
    types = schema.get("type")
    if needed and isinstance(types, str) and types not in needed:
        yield f"{match.way}: the parameter is of type {types}, and this is for {' or '.join(sorted(needed))}"


def _contradicts(row: Row) -> bool:
    """Whether no choice of acceptable outcomes, one a turn, makes the calls of the expected trajectory."""
    wanted = sorted(row.expected_trajectory)
    choices = product(*row.metadata.expect)
    return bool(wanted) and all(
        sorted(call.name for outcome in chosen for call in outcome.calls) != wanted for chosen in choices
    )


def _is_gone(name: str, tools: Tools) -> bool:
    """Return whether a name is of none of the tools, and of no gateway's, which are not known here."""
    return name not in tools and not _of_gateway(name)


def _of_gateway(name: str) -> bool:
    # A gateway's tools, `target___tool`, are known only where it runs.
    return "___" in name
