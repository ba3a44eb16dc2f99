"""What a tool server counts of each call: how it ended, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mcp_types import CallToolResult, InputRequiredResult, TextContent

from agentcore_kit.mcp_server.errors import read_failure
from agentcore_kit.runtime import metrics

OWN = {500, 503}
"""The codes of failures that are the server's or its backend's; any other the caller can mend, or ask again."""


def called(result: CallToolResult | InputRequiredResult, milliseconds: float) -> None:
    """Count a call of a tool, in a server as in a Lambda function.

    Args:
        result: What the caller gets.
        milliseconds: How long it took.
    """
    values: dict[str, float] = {"Calls": 1, "Errors": 0, "CallMs": round(milliseconds, 2)}
    if not isinstance(result, CallToolResult) or not result.is_error:
        metrics.emit("tool called", values)
        return
    code, kind = _failure(result)
    if code in OWN:
        metrics.emit(f"tool failed: {kind}", values | {"Errors": 1}, kind=kind)
    else:
        metrics.emit(f"call refused: {kind}", values | {"Refused": 1})


@contextmanager
def counted() -> Iterator[None]:
    """Count a request to the server, of whatever method; one that fails outside the tools, as an error."""
    try:
        yield
    except Exception:
        metrics.emit("request failed outside the tools", {"Requests": 1, "Errors": 1}, kind="server")
        raise
    metrics.emit("request answered", {"Requests": 1})


def _failure(result: CallToolResult) -> tuple[int, str]:
    try:
        found = read_failure(next(one.text for one in result.content if isinstance(one, TextContent)))
    except (ValueError, StopIteration):  # a result of the team's own that says it is an error
        return 500, "internal_error"
    return found["code"], found["kind"]
