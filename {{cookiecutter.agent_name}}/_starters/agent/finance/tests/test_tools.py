"""The tools: right figures, and the defined behaviour on each kind of failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agentcore_kit.tool_contract.documentation import name_problem

from agent import tools
from agent.backend import MarketIndicator, NotFound, SampleData, Unavailable


class FailingBackend:
    """Raises each of these errors once, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def revenue(self, region: str, quarter: str) -> float:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 100.0

    def market(self, region: str, data_type: str) -> MarketIndicator:
        self.revenue(region, data_type)
        return MarketIndicator(1.0, "billions USD", 2.0, "2026-Q3")


def failing(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> FailingBackend:
    backend = FailingBackend(*errors)
    monkeypatch.setattr(tools, "backend", backend)
    return backend


def revenue(region: Any = "EMEA", quarter: str = "2026-Q3") -> dict[str, Any]:
    return asyncio.run(tools.get_quarterly_revenue(region, quarter))


def error(result: dict[str, Any]) -> str:
    assert result["status"] == "error"
    return str(result["content"][0]["text"])


def test_revenue_is_the_figure_of_the_data() -> None:
    assert revenue() == {
        "region": "EMEA",
        "quarter": "2026-Q3",
        "revenue": SampleData().revenue("EMEA", "2026-Q3"),
        "currency": "USD",
        "unit": "millions",
    }


def test_an_unknown_quarter_is_explained_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert error(revenue(quarter="2031-Q1")).startswith("Error 404: no revenue for 2031-Q1; there is data from 2023-Q4")
    backend = failing(monkeypatch, NotFound("nothing"))
    assert "404" in error(revenue())
    assert backend.calls == 1


def test_a_service_that_fails_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = failing(monkeypatch, Unavailable("busy"), Unavailable("busy"))
    assert revenue()["revenue"] == 100.0
    assert backend.calls == 3


def test_a_service_that_stays_down_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = failing(monkeypatch, *[Unavailable("down")] * 9)
    assert "503" in error(revenue())
    assert backend.calls == tools.REVENUE_SERVICE.attempts
    assert "503" in error(asyncio.run(tools.get_market_data("APAC", "sales")))


def test_market_data_is_the_figure_of_the_data() -> None:
    found = asyncio.run(tools.get_market_data("EMEA", "revenue"))
    assert (found["value"], found["unit"], found["changeOnYear"]) == (18.4, "billions USD", "+3.1 %")


@pytest.mark.parametrize(
    ("current", "previous", "growth"),
    [(110, 100, 10.0), (90, 100, -10.0), (556.2, 533.5, 4.3), (-50, -100, 50.0), (0, 5, -100.0)],
)
def test_growth(current: float, previous: float, growth: float) -> None:
    assert tools.calculate_growth(current, previous)["growth"] == growth


def test_growth_from_zero_is_an_error() -> None:
    assert "400" in error(tools.calculate_growth(1, 0))


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.tool_name)
def test_every_tool_is_documented_to_the_standard(tool: Any) -> None:
    """Name, parameters, returns, errors, when to use: what a model needs to choose and call a tool."""
    spec = tool.tool_spec
    assert not name_problem(spec["name"])
    for part in ("Use when", "Returns:", "Errors:"):
        assert part in spec["description"]
    for name, schema in spec["inputSchema"]["json"]["properties"].items():
        assert len(schema["description"]) > 30, f"parameter {name} needs a description"
