"""Timestamps of the protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agentcore_kit.local.aws_protocol.wire import ApiError

_YEAR_10000 = 253_402_300_800
"""In seconds since 1970."""


def seconds(value: Any) -> float:
    """Return a timestamp of the protocol as seconds since 1970, in whole milliseconds, as the service keeps them."""
    try:
        found = float(datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        found = -1.0
    if not 0 <= found < _YEAR_10000:
        raise ApiError("ValidationException", f"{value} is no time from 1970 to 9999")
    return round(found, 3)
