"""The component's own metrics: a line of the log for each request, of which CloudWatch Logs makes metrics.

AgentCore's metrics do not serve for all that alarms watch: a request that fails in the container counts as the caller's
error, and latency ends with the last token. The form is CloudWatch's embedded metric format. Such a line is written at
once, needs no right to put metrics, and is the same in AgentCore Runtime and in Lambda. OpenTelemetry's metrics would
lose the last minute of a process that is killed, and what fails before they are set up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from agentcore_kit.runtime.standard_streams import standard_error

Unit = Literal["Count", "Milliseconds", "None"]

SERVICE = "service.name"
"""The dimension of every metric: `<runtime name>.<endpoint>`, by which live and canary are told apart."""

KIND = "kind"
"""A further dimension of errors: what failed."""

_UNITS: Mapping[str, Unit] = {
    "TimeToFirstTokenMs": "Milliseconds",
    "TurnMs": "Milliseconds",
    "CallMs": "Milliseconds",
    "CostUsd": "None",
    "Feedback": "None",
}
"""Units other than Count."""


def service_name() -> str:
    """Return `<runtime name>.<endpoint>`: as AgentCore Runtime tells it, or of the Lambda function; else empty."""
    for pair in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        name, _, value = pair.strip().partition("=")
        if name == SERVICE:
            return value
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    return f"{function}.live" if function else ""


def namespace(service: str) -> str:
    """Return the namespace of a component's metrics in CloudWatch, by its service name."""
    return f"agentops/{service.rpartition('.')[0] or service}"


def emit(
    message: str, values: Mapping[str, float], ids: Mapping[str, str | None] | None = None, kind: str = ""
) -> None:
    """Write the metrics of one request. Where nobody makes metrics of a log, as on a laptop, nothing is written.

    Args:
        message: What happened, for who reads the log.
        values: The metrics by name.
        ids: The ids of the request, which are in the line and are no dimensions.
        kind: What failed, when something did.
    """
    if not (service := service_name()):
        return
    now = datetime.now(UTC)
    units = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values]
    dimensions = [[SERVICE], *([[SERVICE, KIND]] if kind else [])]
    about = {"Namespace": namespace(service), "Dimensions": dimensions, "Metrics": units}
    entry: dict[str, object] = {
        "timestamp": now.isoformat(timespec="milliseconds"),
        "level": "INFO",
        "logger": "metrics",
        "message": message,
        **{name: value for name, value in (ids or {}).items() if value is not None},
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [about]},
        SERVICE: service,
        **({KIND: kind} if kind else {}),
        **values,
    }
    stream = standard_error()
    stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
    stream.flush()
