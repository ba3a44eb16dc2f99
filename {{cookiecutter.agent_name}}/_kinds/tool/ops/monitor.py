"""`monitor`: do the live tools answer, offer what they should, and stay below their limits for errors and latency?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ops import component, function
from ops.delivery import endpoint, show
from ops.delivery.acting import Env, acting
from ops.delivery.bearer import token
from ops.delivery.names import LIVE, snake
from ops.delivery.place import Place
from ops.delivery.stop import Stop
from ops.document import ROOT

HOURS = 6
"""What is looked at: the time since the last run of the workflow."""

REPORT = ROOT / ".local" / "delivery" / "monitor.md"


def monitor(env: Env = "") -> None:
    """Test the live tools, and compare their errors and latency with the limits. Exit code 1 when one is wrong."""
    with acting("monitor", env) as place:
        show.plan([])
        problems = list(_beyond_limits(place))
        try:
            if function.is_chosen(place):
                function.check(place, function.deployed(place))
            else:
                component.smoke(place, endpoint.runtime(place).arn, LIVE, token(place))
        except Stop as stop:
            problems.append(stop.message)
        if problems:
            lines = [f"{place.component} in {env}, {component.live(place)}:", "", *(f"- {one}" for one in problems)]
            REPORT.parent.mkdir(parents=True, exist_ok=True)
            REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
            raise Stop("; ".join(problems), f"read the dashboard; make rollback ENV={env} goes back")
        show.done(f"{env}: the tools answer, within their limits; {component.live(place)}")


def _beyond_limits(place: Place) -> Iterator[str]:
    limits = place.environment.alarms
    errors = _measured(place, "Errors", "Sum")
    if errors >= limits.errors * HOURS * 12:  # the limit is for five minutes
        yield f"{errors:.0f} failed requests in {HOURS} hours"
    if (latency := _measured(place, "Latency", "p95")) >= limits.latency_p95_ms:
        yield f"a P95 latency of {latency:.0f} ms in {HOURS} hours, the limit is {limits.latency_p95_ms} ms"


def _measured(place: Place, what: str, statistic: str) -> float:
    now, name = datetime.now(UTC), snake(place.component, place.name)
    if function.is_chosen(place):
        namespace, metric = "AWS/Lambda", {"Errors": "Errors", "Latency": "Duration"}[what]
        dimensions = {"FunctionName": name}
    else:
        namespace, metric = "AWS/Bedrock-AgentCore", {"Errors": "SystemErrors", "Latency": "Latency"}[what]
        arn = endpoint.runtime(place).arn
        dimensions = {"Operation": "InvokeAgentRuntime", "Resource": arn, "Name": f"{name}::{LIVE}"}
    about = {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    query = {"Id": "measured", "MetricStat": {"Metric": about, "Period": 3600 * HOURS, "Stat": statistic}}
    start = now - timedelta(hours=HOURS)
    data = place.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=now)
    values = data["MetricDataResults"][0]["Values"]
    return float(values[0]) if values else 0.0
