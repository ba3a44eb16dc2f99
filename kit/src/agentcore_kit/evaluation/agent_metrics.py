"""The metrics, in the order of the reports. A threshold may name only these."""

from __future__ import annotations

from agentcore_kit.evaluation.metric import Metric, judged, lower

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("toolSelection", "tool", "Tool selection"),
        Metric("toolParameters", "tool", "Parameters"),
        lower("toolErrorRate", "tool", "Tool errors"),
        lower("toolLatencyP95", "tool", "Tool latency P95", "ms"),
        Metric("correctness", "turn", "Correctness"),
        Metric("groundedness", "turn", "Groundedness"),
        Metric("refusal", "turn", "Refusal"),
        Metric("escalation", "turn", "Escalation"),
        Metric("confidentiality", "turn", "Confidentiality"),
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
    )
}

OF_CATEGORIES = ("toolSelection", "toolParameters", "correctness", "refusal", "escalation")
"""Those that the summary shows for each category."""
