"""CloudWatch Logs: the events that a test has put there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentcore_kit.local.aws_protocol.wire import ApiError


class Logs:
    """`events` has, by log group, times in ms and messages."""

    def __init__(self) -> None:
        self.events: dict[str, list[tuple[int, str]]] = {}

    def filter_log_events(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["logGroupName"] not in self.events:
            raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
        start, end = p.get("startTime", 0), p.get("endTime", 2**62)
        found = [one for one in self.events[p["logGroupName"]] if start <= one[0] <= end]
        return {"events": [{"timestamp": at, "message": message} for at, message in found]}
