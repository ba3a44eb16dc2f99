"""The metrics, in the order of the reports. A threshold may name only these."""

from __future__ import annotations

from agentcore_kit.evaluation.metric import Metric, lower

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("precision", "extraction", "Precision"),
        Metric("recall", "extraction", "Recall"),
        Metric("summaries", "extraction", "Summaries say what was asked"),
        Metric("newest", "change", "The newer statement wins"),
        Metric("forgotten", "change", "What was to be forgotten is gone"),
        Metric("noise", "safety", "Nothing kept that is not meant"),
        Metric("personalData", "safety", "No personal data kept"),
        Metric("complete", "session", "Conversations remembered exactly"),
        lower("latencyP95", "system", "Writing an event, P95", "ms"),
        lower("caseErrorRate", "system", "Cases that could not run"),
    )
}

OF_CATEGORIES = ("precision", "recall", "complete")
"""Those that the summary shows for each category."""
