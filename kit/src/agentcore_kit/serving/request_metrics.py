"""What an agent counts of each request: how it ended, when its first words came, and what the model cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentcore_kit.config.prices import Price
from agentcore_kit.runtime import metrics
from agentcore_kit.serving.errors import CALLER, Failure

Ids = Mapping[str, str | None]
"""The ids of a request by name: `sessionId`, `requestId`."""


def refused(status: int, ids: Ids) -> None:
    """Count a request that is the caller's mistake, by its HTTP status."""
    metrics.emit(f"request refused with {status}", {"Requests": 1, "Errors": 0, "Refused": 1}, ids)


def failed(failure: Failure, ids: Ids) -> None:
    """Count a request that got no answer: an error, unless the caller can mend it alone."""
    if failure.kind == CALLER:
        refused(failure.status, ids)
        return
    metrics.emit(f"request failed: {failure.message}", {"Requests": 1, "Errors": 1}, ids, failure.kind)


def abandoned(ids: Ids) -> None:
    """Count a request whose caller did not wait for the end of the answer."""
    metrics.emit("the caller hung up", {"Requests": 1, "Errors": 0}, ids)


def answered(
    summary: Mapping[str, Any], first_ms: float | None, total_ms: float, price: Price | None, ids: Ids
) -> None:
    """Count an answered turn.

    Args:
        summary: The turn's, as `run_turn` yields it.
        first_ms: Milliseconds from the request to the first text; None where the answer has none.
        total_ms: Milliseconds from the request to the end of the answer.
        price: What the model costs; None where that is not known. Then no cost is counted, and not one of 0.
        ids: The ids of the request.
    """
    usage = summary["usage"]
    given, made = usage["inputTokens"], usage["outputTokens"]
    cost = {} if price is None else {"CostUsd": round(price.usd(given, made), 8)}
    first = {} if first_ms is None else {"TimeToFirstTokenMs": round(first_ms, 2)}
    counted = {
        "Requests": 1,
        "Errors": 0,
        "Turns": 1,
        **first,
        "TurnMs": round(total_ms, 2),
        "ModelCalls": summary["modelCalls"],
        "InputTokens": given,
        "OutputTokens": made,
        **cost,
    }
    metrics.emit("turn answered", counted, ids)


def rated(score: float, request_id: str, ids: Ids) -> None:
    """Count what a user thinks of an answer: 0 (useless) to 1 (just right)."""
    metrics.emit("feedback of the user", {"Feedback": score}, {**ids, "ratedRequestId": request_id or None})
