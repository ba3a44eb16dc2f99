"""The documentation standard: what is missing is named, and so is what a gateway or a model would refuse."""

from __future__ import annotations

import copy
from typing import Annotated, Any

import pytest
from pydantic import Field

from agentcore_kit.mcp_server.declarations import tool
from agentcore_kit.tool_contract.commands import _nameless, tools
from agentcore_kit.tool_contract.definitions import _offered, offered
from agentcore_kit.tool_contract.documentation import ELEMENTS, ambiguous, limits, missing, name_problem

READERS = ("commands", "pages", "samples")
"""Modules that read what is declared."""


def first(**changes: Any) -> dict[str, Any]:
    tool = copy.deepcopy(offered()[0])
    return {**tool, **changes}


def without(word: str) -> dict[str, Any]:
    return first(description=first()["description"].replace(word, "…"))


def unexplained(part: str, field: str) -> dict[str, Any]:
    tool = first()
    tool[part]["properties"][field].pop("description")
    return tool


NESTED = {
    "$defs": {"Line": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    "properties": {"lines": {"items": {"$ref": "#/$defs/Line"}, "description": "the lines, each with its own number"}},
}


@pytest.mark.parametrize("tool", offered(), ids=lambda tool: str(tool["name"]))
def test_every_tool_has_all_elements(tool: dict[str, Any]) -> None:
    assert not missing(tool)


@pytest.mark.parametrize(
    ("tool", "element"),
    [
        (first(name="getData"), "name"),
        (first(name="get_data"), "name"),
        (first(name="market"), "name"),
        (unexplained("inputSchema", "region"), "parameters"),
        (unexplained("outputSchema", "value"), "returns"),
        (first(inputSchema=NESTED), "parameters"),
        (first(outputSchema=NESTED), "returns"),
        (without("Returns:"), "returns"),
        (without("Errors:"), "errors"),
        (first(description="Use when asked. Returns: it. Errors: some."), "errors"),
        (without("Use when"), "when to use"),
    ],
)
def test_a_missing_element_is_named(tool: dict[str, Any], element: str) -> None:
    assert element in ELEMENTS
    assert list(missing(tool)) == [element]


@pytest.mark.parametrize(
    "name",
    [
        "getMarketData", "createHRTicket", "checkVPNStatus", "getPolicyPDF", "listSLAs", "checkS3Bucket", "resetMFA",
        "create_hr_ticket", "check_VPN_status", "getITInfo",
    ],
)  # fmt: skip
def test_acronyms_and_snake_case_are_names(name: str) -> None:
    assert not name_problem(name)
    assert not missing(first(name=name))
    assert not list(limits(first(name=name), "hr"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("getInfo", "does not say what it is about"),
        ("get_data_items", "does not say what it is about"),
        ("CreateHRTicket", "not a verb and a noun"),
        ("HRTicket", "not a verb and a noun"),
        ("create-hr-ticket", "not a verb and a noun"),
        ("create hr ticket", "not a verb and a noun"),
        ("create__ticket", "not a verb and a noun"),
        ("hr___createTicket", "not a verb and a noun"),
        ("createTicket_", "not a verb and a noun"),
        ("prüfeStatus", "not a verb and a noun"),
        ("", "not a verb and a noun"),
    ],
)
def test_other_names_are_refused(name: str, said: str) -> None:
    assert said in name_problem(name)


def test_a_name_that_models_would_refuse_with_its_prefix() -> None:
    assert not list(limits(first(), "m" * 48))
    (said,) = limits(first(), "m" * 49)
    assert "65 characters" in said
    assert "shorten prefix or name by 1" in said


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


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def get_bill(number: str): ...", "tool getBill: .* return annotation required"),
        ("def get_bill(_number: str) -> str: ...", "tool getBill: .* cannot start with '_'"),
        ("def get_bill(number: str) -> dict[str, Any]: ...", "getBill: returns: give the function a return type"),
        ("def get_bill(number: Annotated[str, Field(pattern='^B')]) -> str: ...", "getBill: number needs an example"),
        ("def get_bill(number: str) -> str: ...\ndeclare(get_bill)", "tool getBill is declared twice"),
        ("", "no tool is declared"),
    ],
)
def test_what_no_server_could_offer_is_named(monkeypatch: pytest.MonkeyPatch, source: str, said: str) -> None:
    declared: dict[str, Any] = {}
    for module in ("mcp_server.declarations", "mcp_server.server", *(f"tool_contract.{name}" for name in READERS)):
        monkeypatch.setattr(f"agentcore_kit.{module}.TOOLS", declared)

    def offered_anew() -> list[dict[str, Any]]:
        names = {
            "Annotated": Annotated,
            "Any": Any,
            "Field": Field,
            "declare": tool("getBill", title="B", effect="read"),
        }
        exec(f"{source}\nif source: declare(get_bill)", names | {"source": source})  # noqa: S102
        return list(_offered.__wrapped__())

    monkeypatch.setattr("agentcore_kit.tool_contract.commands.offered", offered_anew)
    with pytest.raises(SystemExit, match=said):
        tools()
