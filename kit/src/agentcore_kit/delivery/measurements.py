"""What CloudWatch has measured of an endpoint: the service's metrics, and the component's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.names import LIVE, snake

SERVICE_NAMESPACE = "AWS/Bedrock-AgentCore"


@dataclass(frozen=True)
class Window:
    """A time that is looked at."""

    start: datetime
    end: datetime

    @classmethod
    def since(cls, start: datetime) -> Window:
        """Return the time from then until now, a minute at least."""
        return cls(start, max(datetime.now(UTC), start + timedelta(minutes=1)))


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of a runtime, as its metrics name it.

    Attributes:
        context: The environment.
        runtime_arn: The ARN of the runtime.
        name: `live` or `canary`.
    """

    context: DeploymentContext
    runtime_arn: str
    name: str = LIVE

    @property
    def _runtime(self) -> str:
        return snake(self.context.component, self.context.name)

    @property
    def service_name(self) -> str:
        """The value of the dimension `service.name` of the component's own metrics."""
        return f"{self._runtime}.{self.name}"

    @property
    def namespace(self) -> str:
        """The namespace of the component's own metrics, and of its scores."""
        return f"agentops/{self._runtime}"

    def of_service(self, metric: str, statistic: str, window: Window) -> float | None:
        """Return what AgentCore has measured; None when it has no data. Counts are summed, latencies are in ms."""
        about = {
            "Operation": "InvokeAgentRuntime",
            "Resource": self.runtime_arn,
            "Name": f"{self._runtime}::{self.name}",
        }
        return value(self.context, SERVICE_NAMESPACE, metric, about, statistic, window)

    def own(self, metric: str, statistic: str, window: Window) -> float | None:
        """Return what the component itself has measured (`runtime/metrics.py`); None when it has no data."""
        return value(self.context, self.namespace, metric, {"service.name": self.service_name}, statistic, window)

    def count(self, metric: str, window: Window) -> float:
        """Return a sum of the component's own metric, 0 without data."""
        return self.own(metric, "Sum", window) or 0.0

    def answered(self, window: Window) -> float:
        """Return how many requests the Runtime has answered: all but the failed and the refused ones."""
        failed = ("UserErrors", "SystemErrors", "Throttles")
        lost = sum(self.of_service(metric, "Sum", window) or 0.0 for metric in failed)
        return max(0.0, (self.of_service("Invocations", "Sum", window) or 0.0) - lost)


def value(
    context: DeploymentContext,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, str],
    statistic: str,
    window: Window,
) -> float | None:
    """Return one statistic of a metric over a time; None when it has no data.

    CloudWatch cuts the time at multiples of the period, so there may be two parts: sums are added, and of the others
    the higher counts.

    Args:
        context: The environment.
        namespace: The metric's namespace.
        metric: Its name.
        dimensions: Its dimensions by name.
        statistic: `Sum`, `SampleCount`, `Average`, or a percentile such as `p95`.
        window: The time.
    """
    found = [{"Name": key, "Value": each} for key, each in dimensions.items()]
    about: dict[str, Any] = {"Namespace": namespace, "MetricName": metric, "Dimensions": found}
    hours = (window.end - window.start) // timedelta(hours=1) + 1  # one period that holds it all
    query = {"Id": "one", "MetricStat": {"Metric": about, "Period": hours * 3600, "Stat": statistic}}
    answer = context.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=window.start, EndTime=window.end
    )
    values = [float(each) for each in answer["MetricDataResults"][0]["Values"]]
    if not values:
        return None
    return sum(values) if statistic in ("Sum", "SampleCount") else max(values)
