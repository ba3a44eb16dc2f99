"""What is measured of an agent's answer, as the invocation contract names things, and how the evaluation notes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from agentcore_kit.evaluation.target import Record


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Call(_Part):
    name: str
    input: dict[str, JsonValue]
    status: Literal["success", "error"]
    result: JsonValue
    durationMs: float


class _Usage(_Part):
    totalTokens: int = 0
    inputTokens: int = 0
    outputTokens: int = 0
    estimated: bool = False


class _Answer(_Part):
    """What is measured of an answer, as the invocation contract names things."""

    answer: str
    toolCalls: list[_Call]
    modelCalls: int
    usage: _Usage = _Usage()
    timeToFirstTokenMs: float | None = None
    stopReason: str | None = None
    notices: list[str] = []
    model: dict[str, str | None] = {}


def parse(body: Any) -> _Answer:
    """Return what a target answered. Raises ValueError naming the first field that is not the contract's."""
    try:
        return _Answer.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise ValueError(f"the target's answer is not the contract's: field {field}: {first['msg']}") from None


def record(said: str, found: _Answer, latency_ms: float) -> Record:
    """Return a turn as the evaluation notes it; `latency_ms` in milliseconds."""
    calls: list[Any] = [call.model_dump() for call in found.toolCalls]
    return {
        "input": said,
        "answer": found.answer,
        "calls": calls,
        "modelCalls": found.modelCalls,
        "tokens": found.usage.totalTokens,
        "inputTokens": found.usage.inputTokens,
        "outputTokens": found.usage.outputTokens,
        "estimated": found.usage.estimated,
        "latencyMs": latency_ms,
        "firstTokenMs": found.timeToFirstTokenMs,
        "stopReason": found.stopReason,
        "notices": found.notices,
    }
