"""CloudWatch: the values that a test has put there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Metrics:
    """CloudWatch. `values` has, by metric name and endpoint or service, what GetMetricData returns."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], list[float]] = {}

    def get_metric_data(self, p: Mapping[str, Any]) -> dict[str, Any]:
        results = []
        for query in p["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            dimensions = {one["Value"] for one in metric.get("Dimensions", [])}
            values = next(
                (v for (name, of), v in self.values.items() if name == metric["MetricName"] and of in dimensions), []
            )
            results.append({"Id": query["Id"], "Label": metric["MetricName"], "Values": values, "Timestamps": []})
        return {"MetricDataResults": results}
