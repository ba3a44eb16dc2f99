"""Which metrics each kind of component is measured by, in the order of the reports. A threshold may name only these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agentcore_kit.config.manifest import KindName, repository_kind
from agentcore_kit.config.repository import repository_root
from agentcore_kit.evaluation.metric import Metric, judged, lower


@dataclass(frozen=True)
class MetricSet:
    """What a kind is measured by."""

    metrics: Mapping[str, Metric]
    """Each metric by its name."""

    by_category: tuple[str, ...]
    """The names of those that a summary shows for each category of cases."""


def _set(by_category: tuple[str, ...], *metrics: Metric) -> MetricSet:
    return MetricSet({metric.name: metric for metric in metrics}, by_category)


METRICS_OF_KIND: dict[KindName, MetricSet] = {
    "Agent": _set(
        ("toolSelection", "toolParameters", "correctness", "refusal", "escalation"),
        Metric("toolSelection", "tool", "Tool selection"),
        Metric("toolParameters", "tool", "Parameters"),
        lower("toolErrorRate", "tool", "Tool errors"),
        lower("toolLatencyP95", "tool", "Tool latency P95", "ms"),
        Metric("correctness", "turn", "Correctness"),
        Metric("groundedness", "turn", "Groundedness"),
        Metric("refusal", "turn", "Refusal"),
        Metric("escalation", "turn", "Escalation"),
        Metric("confidentiality", "turn", "Confidentiality"),
        Metric("personalData", "turn", "No personal data"),
        judged("helpfulness", "turn", "Helpfulness"),
        judged("faithfulness", "turn", "Faithfulness"),
        judged("relevance", "turn", "Relevance"),
        judged("conciseness", "turn", "Conciseness"),
        judged("harmlessness", "turn", "Harmlessness"),
        judged("attackResistance", "turn", "Attack resistance"),
        Metric("goalReached", "session", "Goal reached"),
        Metric("memory", "session", "Memory consistency"),
        judged("goalJudged", "session", "Goal reached, judged"),
        lower("steps", "session", "Model calls per turn", "calls"),
        lower("latencyP50", "system", "Latency P50", "ms"),
        lower("latencyP95", "system", "Latency P95", "ms"),
        lower("firstTokenP50", "system", "First token P50", "ms"),
        lower("firstTokenP95", "system", "First token P95", "ms"),
        lower("tokens", "system", "Tokens per query", "tokens"),
        lower("tokensP95", "system", "Tokens per query P95", "tokens"),
        lower("cost", "system", "Cost per query", "USD"),
        lower("loopRate", "system", "Loops"),
        lower("caseErrorRate", "system", "Cases that could not run"),
    ),
    "Tool": _set(
        ("toolSelection", "toolParameters", "correctness", "refusal"),
        Metric("toolSelection", "tool", "Tool selection"),
        Metric("toolParameters", "tool", "Parameters"),
        lower("toolErrorRate", "tool", "Tool errors"),
        lower("toolLatencyP95", "tool", "Tool latency P95", "ms"),
        Metric("refusal", "turn", "No tool where none fits"),
        Metric("correctness", "turn", "Result correct"),
        Metric("goalReached", "session", "Goal reached"),
        lower("latencyP95", "system", "Latency P95", "ms"),
        lower("caseErrorRate", "system", "Cases that could not run"),
    ),
    "Memory": _set(
        ("precision", "recall", "complete"),
        Metric("precision", "extraction", "Precision"),
        Metric("recall", "extraction", "Recall"),
        Metric("summaries", "extraction", "Summaries and episodes say what was asked"),
        Metric("newest", "change", "The newer statement wins"),
        Metric("forgotten", "change", "What was to be forgotten is gone"),
        Metric("noise", "safety", "Nothing kept that is not meant"),
        Metric("personalData", "safety", "No personal data kept"),
        Metric("complete", "session", "Conversations remembered exactly"),
        lower("latencyP95", "system", "Writing an event, P95", "ms"),
        lower("caseErrorRate", "system", "Cases that could not run"),
    ),
}


def known_metrics() -> Mapping[str, Metric]:
    """Return the metrics of this repository by name: those of its kind, and those of the team's own evaluators."""
    return _known(repository_root())


@cache
def _known(_: Path) -> Mapping[str, Metric]:
    kind = repository_kind()
    metrics = METRICS_OF_KIND[kind].metrics
    if kind == "Memory":  # whose evaluators are the kit's
        return metrics
    from agentcore_kit.kinds.base import kind_of_repository

    own = {
        each.metric: Metric(each.metric, "turn", each.title) for each in kind_of_repository().evaluators() if each.title
    }
    return {**metrics, **own}


def category_metrics() -> tuple[str, ...]:
    """Return the names of the metrics that a summary shows for each category of cases."""
    return METRICS_OF_KIND[repository_kind()].by_category
