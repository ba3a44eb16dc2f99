"""A turn of the page as a row of the ground truth: shown as a difference first, then written."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from agentcore_kit.authoring.changes import Changes
from agentcore_kit.authoring.eval_rows import DATASET, End, Expectation, add_row
from agentcore_kit.authoring.proof import of_kit, tried
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import WRONG_INPUT
from agentcore_kit.serving.settings import AgentSettings


class _Call(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    input: dict[str, Any]


class _Wanted(BaseModel):
    """What the page sends: what a person has looked at, and holds to be right."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1)
    calls: list[_Call] = []
    figures: list[str] = []
    outcome: End = "answer"
    write: bool = False


def row(_: AgentSettings, __: Request, body: Any) -> dict[str, str]:
    """Return the difference that a row makes; with `write` it is checked in a copy, as `kit dataset` does, and written.

    Raises:
        ConfigError: When a field is wrong.
        CommandError: When the question is there with another expectation, or `kit dataset` does not pass.
    """
    wanted = _wanted(body)
    calls = tuple((one.name, one.input) for one in wanted.calls)
    figures = tuple(figure for one in wanted.figures if (figure := one.strip()))
    changes = Changes(repository_root())
    row_id = add_row(changes, wanted.question, Expectation(wanted.outcome, calls, figures))
    if not wanted.write:
        return {"id": row_id, "difference": changes.difference()}
    if changes.changed():
        with tried(changes) as trial:
            trial.all(of_kit("dataset"), code=WRONG_INPUT)
        changes.write()
    return {"id": row_id, "written": DATASET}


def _wanted(body: Any) -> _Wanted:
    try:
        return _Wanted.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        ends = f"; one of {', '.join(get_args(End))}" if field == "outcome" else ""
        raise ConfigError([f"{field}: {first['msg']}{ends}"]) from None
