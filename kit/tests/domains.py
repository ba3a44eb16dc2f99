"""What tests must know of the agent's starter, one description each: so that no test is tied to one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """A question that one call of one tool answers, and what it is called with."""

    question: str
    input: dict[str, Any]


@dataclass(frozen=True)
class Domain:
    """One starter.

    Attributes:
        tool: The tool that answers `asked`.
        asked: A question that stands alone.
        figure: What its answer states.
        result: The field of the tool's result that has the figure, and its value.
        content: What must not be in traces that keep contents out: of answers, questions, parameters.
        backend_method: What the tool calls of `agent.tools.backend`.
        conversations: Questions, and what may follow each; what follows means something else without the first.
    """

    tool: str
    asked: Exchange
    figure: str
    result: tuple[str, float]
    content: tuple[str, ...]
    backend_method: str
    conversations: tuple[tuple[Exchange, Exchange], ...]


def _finance(region: str, other: str, quarter: str) -> tuple[Exchange, Exchange]:
    year, _, number = quarter.partition("-")
    return (
        Exchange(f"What was our revenue in {region} in {number} {year}?", {"region": region, "quarter": quarter}),
        Exchange(f"and {other}?", {"region": other, "quarter": quarter}),
    )


def _hr(country: str, other: str, year: int) -> tuple[Exchange, Exchange]:
    codes = {"Germany": "DE", "France": "FR", "the UK": "UK"}
    return (
        Exchange(f"When are the public holidays in {country} in {year}?", {"year": year, "region": codes[country]}),
        Exchange(f"and in {other}?", {"year": year, "region": codes[other]}),
    )


DOMAINS = {
    "finance": Domain(
        tool="getQuarterlyRevenue",
        asked=Exchange("What's our Q3 revenue in EMEA?", {"region": "EMEA", "quarter": "2026-Q3"}),
        figure="556.2",
        result=("revenue", 556.2),
        content=("556.2", "Q3 revenue", "2026-Q3"),
        backend_method="revenue",
        conversations=(
            _finance("EMEA", "APAC", "2025-Q1"),
            _finance("APAC", "AMER", "2024-Q1"),
            _finance("AMER", "EMEA", "2025-Q2"),
            _finance("EMEA", "AMER", "2024-Q1"),
        ),
    ),
    "hr": Domain(
        tool="checkVacationBalance",
        asked=Exchange("How many vacation days has E1003 left?", {"employeeId": "E1003"}),
        figure="16.5",
        result=("remaining", 16.5),
        content=("remaining 16.5", "vacation days has", "E1003"),
        backend_method="balance",
        conversations=(
            _hr("Germany", "France", 2027),
            _hr("France", "the UK", 2025),
            _hr("the UK", "Germany", 2027),
            _hr("Germany", "the UK", 2025),
        ),
    ),
}
