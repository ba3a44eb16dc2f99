"""What alarms and monitoring rely on and that has no data although there was traffic: without it they stay green."""

from __future__ import annotations

from collections.abc import Iterator

from agentcore_kit.delivery.measurements import Endpoint, Window

OWN_METRICS = (
    "deploy and promote a version of this kit, if live is older; else read the log of the endpoint: each request "
    "writes a line with _aws, when OTEL_RESOURCE_ATTRIBUTES names the service"
)
"""What to do when the component's own metrics are missing."""


def own_metrics(endpoint: Endpoint, window: Window, timed: str = "") -> Iterator[str]:
    """Yield what is missing of the component's own metrics.

    Args:
        endpoint: Whose metrics.
        window: The time that is looked at.
        timed: The metric that each answered request has besides, of which the latency alarm wants P95; if any.
    """
    answered = endpoint.answered(window)
    counted = endpoint.count("Requests", window)
    where = f"{endpoint.service_name} in namespace {endpoint.namespace}"
    if answered and not counted:
        yield f"the Runtime has answered {answered:.0f} requests, and metric Requests of {where} has no data"
        return
    good = counted - endpoint.count("Errors", window) - endpoint.count("Refused", window)
    if timed and good > 0 and not endpoint.own(timed, "SampleCount", window):
        yield f"{good:.0f} requests were answered, and metric {timed} of {where} has no data"


def nobody_answered(endpoint: Endpoint, window: Window, least: int) -> Iterator[str]:
    """Yield that all requests of a time failed before the component counted one.

    Either the container does not start, or all callers were refused; the Runtime counts both as errors of the caller.
    """
    asked = endpoint.of_service("Invocations", "Sum", window) or 0
    if asked >= least and not endpoint.answered(window) and not endpoint.count("Requests", window):
        yield (
            f"none of {asked:.0f} requests was answered, and the component has counted none: its container does not "
            "start, or every caller was refused"
        )
