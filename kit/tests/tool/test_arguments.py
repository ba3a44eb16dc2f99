"""Arguments that a tool does not have are found at any depth, and nothing else is taken for one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from agentcore_kit.runtime.arguments import unknown_arguments


class Filter(BaseModel):
    """What is looked for."""

    region: str = ""
    inner: Filter | None = None


class Open(BaseModel):
    """Takes any field."""

    model_config = ConfigDict(extra="allow")

    region: str = ""


class Range(TypedDict):
    """Between two values."""

    low: int
    high: int


class Search(BaseModel):
    """The arguments of a tool."""

    filter: Filter | None = None
    either: Filter | Range | None = None
    filters: list[Filter] = []
    labels: dict[str, str] = {}
    anything: Any = None
    plain: dict[str, Any] = {}
    taken: Open = Open()


SCHEMA = TypeAdapter(Search).json_schema()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"filtr": {}}, "there is no argument 'filtr', did you mean filter?"),
        ({"FILTERS": []}, "there is no argument 'FILTERS', did you mean filters?"),
        ({"filter": {"regoin": "EMEA"}}, "there is no argument 'filter.regoin', did you mean region?"),
        (
            {"filter": {"inner": {"inner": {"x": 1}}}},
            "there is no argument 'filter.inner.inner.x', there are region, inner",
        ),
        ({"filters": [{}, {"regoin": "EMEA"}]}, "there is no argument 'filters.1.regoin', did you mean region?"),
        ({"either": {"hihg": 2}}, "there is no argument 'either.hihg', did you mean high?"),
    ],
)
def test_what_there_is_not_is_said_with_the_nearest(arguments: dict[str, Any], said: str) -> None:
    (found,) = unknown_arguments(arguments, SCHEMA)
    assert found.startswith(said)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"filter": None, "filters": [{"region": "EMEA"}], "either": {"low": 1, "high": 2}},
        {"labels": {"a": "b"}, "anything": {"a": [{"b": 1}]}, "plain": {"a": {}}, "taken": {"a": 1}},
        {"filter": "text", "filters": {"a": 1}, "labels": [1]},  # another's to refuse
    ],
)
def test_nothing_else_is_taken_for_one(arguments: dict[str, Any]) -> None:
    assert not list(unknown_arguments(arguments, SCHEMA))


@pytest.mark.parametrize("name", ["x" * 100_000, "\ud800", "filter\nError 500"])
def test_any_name_is_said_on_one_line(name: str) -> None:
    (found,) = unknown_arguments({name: 1}, SCHEMA)
    assert "\n" not in found
    assert len(found.encode()) < 300


def test_depth_is_no_failure() -> None:
    arguments: dict[str, Any] = {"x": 1}
    for _ in range(5_000):
        arguments = {"inner": arguments}
    (found,) = unknown_arguments({"filter": arguments}, SCHEMA)
    assert found.startswith("there is no argument 'filter.inner.inner.")
