"""Who uses the tools: how often each was called through the gateway, as CloudWatch counts it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from agentcore_kit.delivery.gateway_targets import Gateway
from agentcore_kit.delivery.measurements import SERVICE_NAMESPACE, Window, value

CONSUMER_DAYS = 7
"""An agent that has called a tool within so many days is a consumer."""


def calls(gateway: Gateway, names: Iterable[str]) -> dict[str, float]:
    """Return how often each tool that was called in `CONSUMER_DAYS` days was.

    Args:
        gateway: Through which agents reach the tools.
        names: The tools, as agents see them.
    """
    window = Window.since(datetime.now(UTC) - timedelta(days=CONSUMER_DAYS))
    found: dict[str, float] = {}
    for name in names:
        about = {"Resource": gateway.arn, "Name": name}
        if total := value(gateway.home, SERVICE_NAMESPACE, "Invocations", about, "Sum", window):
            found[name] = total
    return found
