"""The metrics, in the order of the reports. A threshold may name only these."""

from __future__ import annotations

from agentcore_kit.evaluation.metric import Metric, lower

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("toolSelection", "tool", "Tool selection"),
        Metric("toolParameters", "tool", "Parameters"),
        lower("toolErrorRate", "tool", "Tool errors"),
        lower("toolLatencyP95", "tool", "Tool latency P95", "ms"),
        Metric("refusal", "turn", "No tool where none fits"),
        Metric("correctness", "turn", "Result correct"),
        Metric("goalReached", "session", "Goal reached"),
        lower("latencyP95", "system", "Latency P95", "ms"),
        lower("caseErrorRate", "system", "Cases that could not run"),
    )
}

OF_CATEGORIES = ("toolSelection", "toolParameters", "correctness", "refusal")
"""Those that the summary shows for each category."""
