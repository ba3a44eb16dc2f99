"""The tools: right figures, and the defined behaviour on each kind of failure."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from agent import tools
from agent.backend import MarketIndicator, NotFound, SampleData, Unavailable
from runtime import resilience


class FlakyBackend:
    """Fails as told before it answers."""

    def __init__(self, *failures: Exception | float) -> None:
        self.failures = list(failures)
        self.calls = 0

    def revenue(self, region: str, quarter: str) -> float:
        self.calls += 1
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            time.sleep(failure)
        return 100.0

    def market(self, region: str, data_type: str) -> MarketIndicator:
        self.revenue(region, data_type)
        return MarketIndicator(1.0, "billions USD", 2.0, "2026-Q3")


def use(monkeypatch: pytest.MonkeyPatch, *failures: Exception | float) -> FlakyBackend:
    backend = FlakyBackend(*failures)
    monkeypatch.setattr(tools, "backend", backend)
    return backend


def revenue(region: Any = "EMEA", quarter: str = "2026-Q3") -> dict[str, Any]:
    return asyncio.run(tools.get_quarterly_revenue(region, quarter))


def test_revenue_is_the_figure_of_the_data() -> None:
    assert revenue() == {
        "region": "EMEA",
        "quarter": "2026-Q3",
        "revenue": SampleData().revenue("EMEA", "2026-Q3"),
        "currency": "USD",
        "unit": "millions",
    }


def test_an_unknown_quarter_is_explained_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    result = revenue(quarter="2031-Q1")
    assert result["status"] == "error"
    assert "404" in result["content"][0]["text"]
    assert "2023-Q4 to 2026-Q3" in result["content"][0]["text"]
    backend = use(monkeypatch, NotFound("nothing"))
    assert revenue()["status"] == "error"
    assert backend.calls == 1


def test_a_passing_fault_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = use(monkeypatch, Unavailable("busy"), Unavailable("busy"))
    assert revenue()["revenue"] == 100.0
    assert backend.calls == 3


def test_a_backend_that_stays_down_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = use(monkeypatch, *[Unavailable("down")] * 9)
    assert "503" in revenue()["content"][0]["text"]
    assert backend.calls == resilience.ATTEMPTS
    assert "503" in asyncio.run(tools.get_market_data("APAC", "sales"))["content"][0]["text"]


def test_a_slow_backend_times_out_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilience, "TIMEOUT_SECONDS", 0.3)
    backend = use(monkeypatch, 1.0)
    assert revenue()["revenue"] == 100.0
    assert backend.calls == 2


def test_many_calls_at_once_do_not_make_a_healthy_backend_look_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilience, "TIMEOUT_SECONDS", 1.0)
    backend = use(monkeypatch, *[0.4] * 80)

    async def all_at_once() -> list[dict[str, Any]]:
        return await asyncio.gather(*(tools.get_quarterly_revenue("EMEA", "2026-Q3") for _ in range(80)))

    assert all(result.get("revenue") == 100.0 for result in asyncio.run(all_at_once()))
    assert backend.calls == 80


@pytest.mark.parametrize(("fault", "raised"), [(ZeroDivisionError, ZeroDivisionError), (StopIteration, RuntimeError)])
def test_a_programming_error_is_not_hidden_by_retries(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception], raised: type[Exception]
) -> None:
    backend = use(monkeypatch, fault())
    with pytest.raises(raised):
        revenue()
    assert backend.calls == 1


@pytest.mark.parametrize(
    ("current", "previous", "growth"),
    [(110, 100, 10.0), (90, 100, -10.0), (556.2, 533.5, 4.3), (-50, -100, 50.0), (0, 5, -100.0)],
)
def test_growth(current: float, previous: float, growth: float) -> None:
    assert tools.calculate_growth(current, previous)["growth"] == growth


def test_growth_from_zero_is_an_error() -> None:
    assert tools.calculate_growth(1, 0)["status"] == "error"


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.tool_name)
def test_every_tool_is_documented_to_the_standard(tool: Any) -> None:
    """Name, parameters, returns, errors, when to use: what a model needs to choose and call a tool."""
    spec = tool.tool_spec
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", spec["name"]), "a verb and a noun"
    for part in ("Use when", "Returns:", "Errors:"):
        assert part in spec["description"]
    for name, schema in spec["inputSchema"]["json"]["properties"].items():
        assert len(schema["description"]) > 30, f"parameter {name} needs a description"
