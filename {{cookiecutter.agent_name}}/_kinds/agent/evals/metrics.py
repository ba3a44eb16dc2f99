"""The metrics: at which level, in which unit, and whether more is better. A threshold may name only these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["tool", "turn", "session", "system"]
Unit = Literal["share", "ms", "tokens", "USD", "calls"]


@dataclass(frozen=True)
class Metric:
    """One figure of a report. Shares are from 0 to 1; `judged` ones need a judge model."""

    name: str
    level: Level
    title: str
    unit: Unit = "share"
    higher_is_better: bool = True
    judged: bool = False


def _lower(name: str, level: Level, title: str, unit: Unit = "share") -> Metric:
    return Metric(name, level, title, unit, higher_is_better=False)


def _judged(name: str, level: Level, title: str) -> Metric:
    return Metric(name, level, title, judged=True)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("toolSelection", "tool", "Tool selection"),
        Metric("toolParameters", "tool", "Parameters"),
        _lower("toolErrorRate", "tool", "Tool errors"),
        _lower("toolLatencyP95", "tool", "Tool latency P95", "ms"),
        Metric("correctness", "turn", "Correctness"),
        Metric("groundedness", "turn", "Groundedness"),
        Metric("refusal", "turn", "Refusal"),
        Metric("escalation", "turn", "Escalation"),
        Metric("confidentiality", "turn", "Confidentiality"),
        _judged("helpfulness", "turn", "Helpfulness"),
        _judged("faithfulness", "turn", "Faithfulness"),
        _judged("relevance", "turn", "Relevance"),
        _judged("conciseness", "turn", "Conciseness"),
        _judged("harmlessness", "turn", "Harmlessness"),
        _judged("attackResistance", "turn", "Attack resistance"),
        Metric("goalReached", "session", "Goal reached"),
        Metric("memory", "session", "Memory consistency"),
        _judged("goalJudged", "session", "Goal reached, judged"),
        _lower("steps", "session", "Model calls per turn", "calls"),
        _lower("latencyP50", "system", "Latency P50", "ms"),
        _lower("latencyP95", "system", "Latency P95", "ms"),
        _lower("firstTokenP50", "system", "First token P50", "ms"),
        _lower("firstTokenP95", "system", "First token P95", "ms"),
        _lower("tokens", "system", "Tokens per query", "tokens"),
        _lower("tokensP95", "system", "Tokens per query P95", "tokens"),
        _lower("cost", "system", "Cost per query", "USD"),
        _lower("loopRate", "system", "Loops"),
        _lower("caseErrorRate", "system", "Cases that could not run"),
    )
}


def show(metric: Metric, value: float | None) -> str:
    """Return a value as people read it."""
    if value is None:
        return "not judged" if metric.judged else "–"
    match metric.unit:
        case "share":
            return f"{value * 100:.1f} %"
        case "ms":
            return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.1f} ms"
        case "USD":
            return f"{value:.5f} USD"
        case "calls":
            return f"{value:.2f}"
        case _:
            return f"{value:,.0f}"
