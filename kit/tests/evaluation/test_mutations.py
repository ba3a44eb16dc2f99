"""What breaks an agent makes the gate fail, in the metric where it should."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import agent.agent
import agent.tools
import pytest
import runtime.turn
from agent.backend import SampleData, Unavailable
from strands.tools.decorator import DecoratedFunctionTool

from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.serving.settings import AgentSettings
from tests.evaluation.runs import below, evaluated, rows_of

REVENUE_ROWS = (
    "common-what-was-emeas-revenue-in-2024-q3",
    "common-revenue-for-apac-in-q1-2025",
    "common-what-was-emea-revenue-in-the-fourth-quarter-of-2023",
    "phrasing-asian-revenue-for-april-through-june-2025",
    "phrasing-how-much-money-did-we-make-in-asia-in-the-second-quarter-of",
    "phrasing-what-was-turnover-in-asia-pacific-in-q2-of-2025",
    "phrasing-tell-me-our-income-in-asia-for-2025-q2",
    "phrasing-what-did-the-americas-earn-in-the-first-quarter-of-2026",
    "common-how-big-is-the-market-in-emea",
)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Return rows that the agent as it is answers rightly, so that what fails below is the mutation's doing."""
    asked = [*rows_of(*REVENUE_ROWS), *rows_of("tempting")]
    report = evaluated(tmp_path_factory.mktemp("right"), asked)
    passed = {case["id"] for case in report.cases() if case["status"] == "passed"}
    rows = [row for row in asked if row.scenario_id in passed]
    assert len([row for row in rows if row.metadata.category == "decline"]) >= 5
    assert len(rows) >= 12
    return rows


def test_nothing_changed_passes(right: list[Row], tmp_path: Path, settings: AgentSettings) -> None:
    report = evaluated(tmp_path, right, settings)

    assert report.passed, report.headline


def test_a_tool_renamed(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _replace_tool(monkeypatch, name="getRegionFigures")

    assert "toolSelection" in below(evaluated(tmp_path, right, settings))


def test_a_description_emptied(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _replace_tool(monkeypatch, description="Gets data")

    assert "toolSelection" in below(evaluated(tmp_path, right, settings))


def test_a_parameter_mapped_wrongly(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _replace_tool(monkeypatch, swapped=True)

    assert "toolParameters" in below(evaluated(tmp_path, right, settings))


def test_the_refusal_rule_removed(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _, rest = agent.agent.PROMPT.partition("# Out of scope")
    monkeypatch.setattr(agent.agent, "PROMPT", before + rest[rest.index("# Escalate") :])

    assert "refusal" in below(evaluated(tmp_path, right, settings))


def test_a_tool_made_slow(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(SampleData):
        def revenue(self, region: str, quarter: str) -> float:
            time.sleep(0.2)
            return super().revenue(region, quarter)

    monkeypatch.setattr(agent.tools, "backend", Slow())

    assert "toolLatencyP95" in below(evaluated(tmp_path, right[:4], settings))


def test_a_tool_made_to_fail(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down(SampleData):
        def revenue(self, region: str, quarter: str) -> float:
            raise Unavailable("connection refused")

    monkeypatch.setattr(agent.tools, "backend", Down())
    monkeypatch.setattr(resilience, "ATTEMPTS", 1)

    assert {"toolErrorRate", "correctness"} <= below(evaluated(tmp_path, right, settings))


def test_an_answer_that_invents_a_figure(
    right: list[Row], tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = runtime.turn._answer
    monkeypatch.setattr(runtime.turn, "_answer", lambda *told: said(*told) + " The plan was 612.5 million USD.")

    assert "groundedness" in below(evaluated(tmp_path, right, settings))


def _replace_tool(
    monkeypatch: pytest.MonkeyPatch, *, name: str = "", description: str = "", swapped: bool = False
) -> None:
    """Let the agent have another revenue tool; the figures it returns stay right."""
    original: Any = agent.tools.get_quarterly_revenue
    spec: Any = dict(original.tool_spec)
    if name:
        spec["name"] = name
    if description:
        spec["description"] = description
        schema = spec["inputSchema"]["json"]
        bare = {key: {**value, "description": ""} for key, value in schema["properties"].items()}
        spec["inputSchema"] = {"json": {**schema, "properties": bare}}
    if swapped:
        schema = json.loads(json.dumps(spec["inputSchema"]["json"]))
        region = schema["properties"]["region"]
        region["description"] = _swap(region["description"], "EMEA (", "APAC (")
        spec["inputSchema"] = {"json": schema}
    changed: Any = DecoratedFunctionTool(spec["name"], spec, original._tool_func, original._metadata)
    tools = [changed if tool is original else tool for tool in agent.tools.TOOLS]
    monkeypatch.setattr(agent.agent, "TOOLS", tools)


def _swap(text: str, one: str, other: str) -> str:
    return text.replace(one, "\0").replace(other, one).replace("\0", other)
