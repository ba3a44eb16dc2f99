"""The requests of the market data dataset, and which tools they should select with which parameters, or none.

The figures are not typed: they come from the sample data.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

from agentcore_kit.evaluation.dataset import Call, Category, Metadata, Outcome, Row, Turn
from tool.backend import Backend, SqliteBackend

DATE = date(2026, 11, 16)
MARKET, LIST, ADD, REMOVE = "getMarketData", "listWatchedMarkets", "addWatchedMarket", "removeWatchedMarket"

Said = tuple[Category, str, list[Call]]
"""A request: its category, the words, and the calls that it should lead to."""


def datasets() -> dict[str, list[Row]]:
    """Return the rows of each dataset by its file's name."""
    return {"dataset.jsonl": [_row(*said) for said in _requests()]}


def _requests() -> Iterator[Said]:
    yield from _markets()
    yield from _watching()
    yield from _elsewhere()


def _markets() -> Iterator[Said]:
    for category, text, region, kind in (
        ("common", "How big is the market in EMEA?", "EMEA", "revenue"),
        ("common", "What is the market size in APAC?", "APAC", "revenue"),
        ("common", "How many customers does the market in AMER have?", "AMER", "customers"),
        ("common", "Market sales in APAC?", "APAC", "sales"),
        ("phrasing", "How is the industry doing in Europe?", "EMEA", "revenue"),
        ("phrasing", "Show me the market trends in North America.", "AMER", "revenue"),
        ("phrasing", "How many clients does the sector have in Asia?", "APAC", "customers"),
        ("phrasing", "How many contracts did the industry close in Europe?", "EMEA", "sales"),
        ("phrasing", "What turnover does the whole industry make in the Americas?", "AMER", "revenue"),
        ("phrasing", "Tell me about our competitors' sales in the United States.", "AMER", "sales"),
        ("phrasing", "Number of buyers in the Asian market", "APAC", "customers"),
        ("abbreviation", "EMEA market?", "EMEA", "revenue"),
        ("abbreviation", "US industry deals", "AMER", "sales"),
    ):
        yield category, text, [_market(region, kind)]  # type: ignore[misc]
    yield "ambiguous", "How big is the market?", [_market(region, "revenue") for region in ("EMEA", "APAC", "AMER")]
    yield "ambiguous", "Compare market sales in EMEA and APAC.", [_market("EMEA", "sales"), _market("APAC", "sales")]


def _watching() -> Iterator[Said]:
    for category, text in (
        ("common", "What is on my watch list?"),
        ("common", "Show my watch list."),
        ("phrasing", "Which markets are on my list?"),
        ("phrasing", "Let me see the list of markets on watch."),
    ):
        yield category, text, [_call(LIST)]  # type: ignore[misc]
    for category, text, tool, region, kind in (
        ("common", "Add the EMEA sales market to my watch list.", ADD, "EMEA", "sales"),
        ("common", "Watch the revenue market in APAC for me.", ADD, "APAC", "revenue"),
        ("phrasing", "Please follow customers in the Americas.", ADD, "AMER", "customers"),
        ("phrasing", "Bookmark market sales in Europe.", ADD, "EMEA", "sales"),
        ("phrasing", "I want to track the number of clients in Asia.", ADD, "APAC", "customers"),
        ("common", "Remove the EMEA sales market from my watch list.", REMOVE, "EMEA", "sales"),
        ("common", "Delete the APAC revenue market from the list.", REMOVE, "APAC", "revenue"),
        ("phrasing", "Stop watching customers in the US.", REMOVE, "AMER", "customers"),
        ("phrasing", "Unfollow sales in Asia.", REMOVE, "APAC", "sales"),
        ("phrasing", "Drop the European revenue market.", REMOVE, "EMEA", "revenue"),
    ):
        yield category, text, [_call(tool, region=region, dataType=kind)]  # type: ignore[misc]


def _elsewhere() -> Iterator[Said]:
    for text in (
        "What's the CEO's bonus?",
        "Book a flight to Paris.",
        "What is the weather tomorrow?",
        "Translate this sentence into French.",
        "Reset my password.",
        "How many vacation days do I have left?",
        "Write a poem about autumn.",
        "Which shares should I buy?",
    ):
        yield "decline", text, []


def _row(category: Category, text: str, calls: list[Call]) -> Row:
    outcome = Outcome(outcome="answer" if calls else "decline", calls=calls, figures=_figures(calls))
    said = ", ".join(f"{call.name}({', '.join(f'{k} {v}' for k, v in call.input.items())})" for call in calls)
    return Row(
        scenario_id=f"{category}-{'-'.join(re.findall('[a-z0-9]+', text.lower()))}"[:80].rstrip("-"),
        turns=[Turn(input=text)],
        expected_trajectory=[call.name for call in calls],
        assertions=[f"Calls {said}." if calls else "Calls no tool."],
        metadata=Metadata(category=category, date=DATE, any_date=True, expect=[[outcome]]),
    )


def _figures(calls: list[Call]) -> list[float | str]:
    found = [_backend().market(call.input["region"], call.input["dataType"]) for call in calls if call.name == MARKET]
    return [f"{indicator.value} {indicator.unit}" for indicator in found]


def _market(region: str, kind: str) -> Call:
    return _call(MARKET, region=region, dataType=kind)


def _call(name: str, **parameters: str) -> Call:
    return Call(name=name, input=parameters)


@cache
def _backend() -> Backend:
    return SqliteBackend(Path(tempfile.mkdtemp(prefix="cases-")) / "market.db")
