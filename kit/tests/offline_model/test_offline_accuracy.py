"""How well the offline model chooses and fills tools it has never seen, played through a real agent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.offline_model.offline_cases import DOMAINS, Domain, Outcome, build_agent, load, play, rounds_since, shares


@pytest.fixture(scope="module")
def held_out() -> list[Outcome]:
    return [outcome for name in DOMAINS for outcome in play(load(name, "held_out"))]


@pytest.mark.parametrize("name", DOMAINS)
def test_the_cases_it_was_tuned_on_are_right(name: str) -> None:
    wrong = [outcome.ask for outcome in play(load(name, "development")) if not outcome.all_right]
    assert not wrong


def test_cases_and_domains_it_was_not_tuned_on_are_mostly_right(held_out: list[Outcome]) -> None:
    reached = shares(held_out)
    assert len(held_out) > 120
    assert reached["selection"] >= 0.92, reached
    assert reached["calls"] >= 0.9, reached  # with all parameters
    assert reached["question"] >= 0.95, reached


def test_what_is_out_of_scope_is_never_answered(held_out: list[Outcome]) -> None:
    assert not [
        outcome.ask for outcome in held_out if outcome.kind in ("decline", "escalate") and not outcome.all_right
    ]


def with_names(domain: Domain, rename: dict[str, str]) -> Domain:
    """The same domain under other tool names, in the tools, their documentation and the expected calls."""
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(rename, key=len, reverse=True)))
    tools = [
        {
            **tool,
            "name": rename[tool["name"]],
            "description": pattern.sub(lambda match: rename[match.group()], tool["description"]),
        }
        for tool in domain.tools
    ]
    cases = [_renamed(case, rename) for case in domain.cases]
    return Domain(domain.prompt, domain.today, tools, cases)


def _renamed(value: object, rename: dict[str, str]) -> dict[str, object]:
    def walk(item: object) -> object:
        if isinstance(item, dict):
            return {rename.get(key, key): walk(inner) for key, inner in item.items()}
        return [walk(inner) for inner in item] if isinstance(item, list) else item

    result = walk(value)
    assert isinstance(result, dict)
    return result


def test_it_knows_no_tool_of_the_starter_by_name() -> None:
    finance = load("finance", "development")
    names = {
        "getQuarterlyRevenue": "erp___fetch17",
        "calculateGrowth": "math___delta",
        "getMarketData": "feed___lookup",
    }
    outcomes = play(with_names(finance, names))
    assert shares(outcomes)["selection"] >= 0.95
    assert shares(outcomes)["calls"] >= 0.95


def test_a_poor_description_lowers_tool_selection() -> None:
    good = load("finance", "development")
    tools = [
        {**tool, "description": "Gets revenue data"} if tool["name"] == "getQuarterlyRevenue" else tool
        for tool in good.tools
    ]
    poor = Domain(good.prompt, good.today, tools, good.cases)
    assert shares(play(poor))["selection"] < shares(play(good))["selection"]


@pytest.mark.parametrize("name", ["finance", "hr", "energy"])
def test_it_is_as_good_as_the_documentation(name: str) -> None:
    good = load(name, "development")
    poor = [{**tool, "description": "Gets data"} for tool in good.tools]
    bare = [{**tool, "parameters": without_descriptions(tool["parameters"])} for tool in poor]
    selection = [
        shares(play(Domain(good.prompt, good.today, tools, good.cases)))["selection"]
        for tools in (good.tools, poor, bare)
    ]
    assert selection[0] - selection[1] >= 0.15, selection
    assert selection[1] - selection[2] >= 0.15, selection


def without_descriptions(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: {key: value for key, value in sub.items() if key != "description"}
        for name, sub in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def test_four_phrasings_make_the_same_call() -> None:
    finance = load("finance", "development")
    for ask in (
        "What's our Q3 revenue in EMEA?",
        "How much did we make in Europe last quarter?",
        "EMEA Q3 numbers?",
        "Show me European revenue for July through September.",
    ):
        agent = build_agent(finance)
        agent(ask)
        assert rounds_since(agent, 0) == [[("getQuarterlyRevenue", {"region": "EMEA", "quarter": "2026-Q3"})]], ask
