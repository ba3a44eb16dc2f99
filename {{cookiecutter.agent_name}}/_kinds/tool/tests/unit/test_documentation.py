"""The documentation standard: what is missing is named, and so is what a gateway or a model would refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ops.documentation import ELEMENTS, ambiguous, limits, missing
from ops.offer import offered
from ops.tools import _nameless


def first(**changes: Any) -> dict[str, Any]:
    tool = copy.deepcopy(offered()[0])
    return {**tool, **changes}


def without(word: str) -> dict[str, Any]:
    return first(description=first()["description"].replace(word, "…"))


def unexplained(part: str, field: str) -> dict[str, Any]:
    tool = first()
    tool[part]["properties"][field].pop("description")
    return tool


@pytest.mark.parametrize("tool", offered(), ids=lambda tool: str(tool["name"]))
def test_every_tool_has_all_elements(tool: dict[str, Any]) -> None:
    assert not missing(tool)


@pytest.mark.parametrize(
    ("tool", "element"),
    [
        (first(name="getData"), "name"),
        (first(name="market_data"), "name"),
        (unexplained("inputSchema", "region"), "parameters"),
        (unexplained("outputSchema", "value"), "returns"),
        (without("Returns:"), "returns"),
        (without("Errors:"), "errors"),
        (first(description="Use when asked. Returns: it. Errors: some."), "errors"),
        (without("Use when"), "when to use"),
    ],
)
def test_a_missing_element_is_named(tool: dict[str, Any], element: str) -> None:
    assert element in ELEMENTS
    assert list(missing(tool)) == [element]


def test_a_name_that_models_would_refuse_with_its_prefix() -> None:
    assert not list(limits(first(), "m" * 48))
    (said,) = limits(first(), "m" * 49)
    assert "65 characters" in said
    assert "shorten the prefix to 48" in said


def test_a_description_that_is_too_long() -> None:
    (said,) = limits(first(description="word " * 300), "market-data")
    assert "1500 characters, allowed are 1024" in said


def test_two_tools_for_one_request_are_named() -> None:
    twin = first(name="readMarketFigures")
    assert not list(ambiguous(offered()))
    assert any("getMarketData" in said and "readMarketFigures" in said for said in ambiguous([*offered(), twin]))


def test_tools_that_need_a_user_where_none_is_known_are_named() -> None:
    (said,) = _nameless("iam")
    assert "listWatchedMarkets, addWatchedMarket, removeWatchedMarket need" in said
    assert not list(_nameless("jwt"))
