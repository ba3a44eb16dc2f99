"""Whom an evaluation asks: what the run needs of it, and a turn as it went."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, Required, TypedDict
from urllib.parse import urlsplit

from agentcore_kit.evaluation.dataset import Outcome, Row
from agentcore_kit.evaluation.expectations import JudgedInput

BY_DATE = "they mean another quarter than that of"
"""How the reason begins why rows cannot be asked that mean another day than the target's; the day follows."""


class CallRecord(TypedDict):
    """A call of a tool as it went; `durationMs` in milliseconds."""

    name: str
    input: dict[str, Any]
    status: Literal["success", "error"]
    result: Any
    durationMs: float


class Record(TypedDict, total=False):
    """A turn as it went. Times in milliseconds.

    Tokens are None where the model's provider did not report them; `estimated` says that they are an estimate.
    `expected` is what the turn is measured against, `judged` what a judge said of inputs that only a judge can decide.
    """

    input: Required[str]
    answer: Required[str]
    calls: Required[list[CallRecord]]
    modelCalls: int
    tokens: int | None
    inputTokens: int | None
    outputTokens: int | None
    estimated: bool
    latencyMs: float
    firstTokenMs: float | None
    stopReason: str | None
    notices: list[str]
    expected: Outcome
    judged: list[JudgedInput]


def host_of(where: str) -> str | None:
    """Return the host of a URL; None of what is no URL to ask."""
    try:
        parts = urlsplit(where)
        return parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:  # no port of this world
        return None


class Conversation(Protocol):
    """One session with the agent."""

    session_id: str

    async def ask(self, text: str) -> Record:
        """Return the turn as it went. Raises whatever went wrong."""


class Target(Protocol):
    """An agent to evaluate. `model` is known at the latest after the first turn."""

    name: str
    model: dict[str, Any]

    def excludes(self, row: Row) -> str | None:
        """Return why a row cannot be asked here, or None."""

    def converse(self, row: Row) -> AbstractAsyncContextManager[Conversation]:
        """Return an async context manager that gives a fresh Conversation for a row."""

    def close(self) -> None:
        """Free what is held."""
