"""CloudWatch: the values that a test has put there, as GetMetricData aggregates them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agentcore_kit.local.aws_protocol.wire import ApiError


class Metrics:
    """CloudWatch.

    Attributes:
        values: What GetMetricData returns for any statistic, by the metric's name and a dimension's value.
        points: What was measured and when, likewise, of which statistics are computed.
    """

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], list[float]] = {}
        self.points: dict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)

    def add(self, name: str, of: str, *values: float, at: datetime | None = None) -> None:
        """Put values of a metric, for statistics to be computed of.

        Args:
            name: The metric's name.
            of: The value of the dimension that tells it from others.
            values: What was measured.
            at: When; now, where it is left out.
        """
        self.points[name, of] += [(at or datetime.now(UTC), float(value)) for value in values]

    def get_metric_data(self, p: Mapping[str, Any]) -> dict[str, Any]:
        span = (_time(p["StartTime"]), _time(p["EndTime"]))
        if span[0] >= span[1]:
            raise ApiError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
        results = [self._result(query, *span) for query in p["MetricDataQueries"]]
        return {"MetricDataResults": results}

    def _result(self, query: Mapping[str, Any], start: datetime, end: datetime) -> dict[str, Any]:
        metric, statistic = query["MetricStat"]["Metric"], query["MetricStat"]["Stat"]
        dimensions = {one["Value"] for one in metric.get("Dimensions", [])}
        given = next(
            (v for (name, of), v in self.values.items() if name == metric["MetricName"] and of in dimensions), None
        )
        if given is None:
            found = [
                value
                for (name, of), points in self.points.items()
                if name == metric["MetricName"] and of in dimensions
                for at, value in points
                if start <= at < end
            ]
            given = [_aggregate(statistic, found)] if found else []
        return {"Id": query["Id"], "Label": metric["MetricName"], "Values": given, "Timestamps": []}


def _time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)


def _aggregate(statistic: str, values: Sequence[float]) -> float:
    ordered = sorted(values)
    match statistic:
        case "Sum":
            return sum(values)
        case "Average":
            return sum(values) / len(values)
        case "SampleCount":
            return float(len(values))
        case "Minimum":
            return ordered[0]
        case "Maximum":
            return ordered[-1]
    return ordered[min(len(ordered) - 1, int(float(statistic.removeprefix("p")) / 100 * len(ordered)))]
