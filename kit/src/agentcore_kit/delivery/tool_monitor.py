"""`monitor`: do the live tools answer, offer what they should, and stay below their limits for errors and latency?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import endpoints, lambda_function, output
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.names import LIVE, snake

HOURS = 6
"""What is looked at: the time since the last run of the workflow."""


def report_path() -> Path:
    """Return where what people have to look at is written."""
    return repository_root() / ".local" / "delivery" / "monitor.md"


def monitor(env: Env = "") -> None:
    """Test the live tools, and compare their errors and latency with the limits. Exit code 1 when one is wrong."""
    with deployment("monitor", env) as context:
        output.plan([])
        problems = list(_beyond_limits(context))
        try:
            if lambda_function.is_chosen(context):
                lambda_function.check(context, lambda_function.deployed(context))
            else:
                context.kind.smoke(context, endpoints.runtime(context).arn, LIVE, token(context))
        except CommandError as failure:
            problems.append(failure.message)
        if problems:
            lines = [
                f"{context.component} in {env}, {context.kind.live(context)}:",
                "",
                *(f"- {one}" for one in problems),
            ]
            report_path().parent.mkdir(parents=True, exist_ok=True)
            report_path().write_text("\n".join(lines) + "\n", encoding="utf-8")
            raise CommandError(
                "; ".join(problems), f"read the dashboard; kit rollback --env {env} goes back", GATE_NOT_PASSED
            )
        output.done(f"{env}: the tools answer, within their limits; {context.kind.live(context)}")


def _beyond_limits(context: DeploymentContext) -> Iterator[str]:
    limits = context.environment.alarms
    errors = _measured(context, "Errors", "Sum")
    if errors >= limits.errors * HOURS * 12:  # the limit is for five minutes
        yield f"{errors:.0f} failed requests in {HOURS} hours"
    if (latency := _measured(context, "Latency", "p95")) >= limits.latency_p95_ms:
        yield f"a P95 latency of {latency:.0f} ms in {HOURS} hours, the limit is {limits.latency_p95_ms} ms"


def _measured(context: DeploymentContext, what: str, statistic: str) -> float:
    now, name = datetime.now(UTC), snake(context.component, context.name)
    if lambda_function.is_chosen(context):
        namespace, metric = "AWS/Lambda", {"Errors": "Errors", "Latency": "Duration"}[what]
        dimensions = {"FunctionName": name}
    else:
        namespace, metric = "AWS/Bedrock-AgentCore", {"Errors": "SystemErrors", "Latency": "Latency"}[what]
        arn = endpoints.runtime(context).arn
        dimensions = {"Operation": "InvokeAgentRuntime", "Resource": arn, "Name": f"{name}::{LIVE}"}
    about = {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    query = {"Id": "measured", "MetricStat": {"Metric": about, "Period": 3600 * HOURS, "Stat": statistic}}
    start = now - timedelta(hours=HOURS)
    data = context.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=now)
    values = data["MetricDataResults"][0]["Values"]
    return float(values[0]) if values else 0.0
