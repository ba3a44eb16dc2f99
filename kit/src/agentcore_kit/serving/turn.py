"""Runs one turn of a conversation and says what happened: text as it comes, tool calls, tokens and times."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypedDict, cast

from pydantic import ValidationError
from strands import Agent
from strands.hooks import AfterToolCallEvent, HookProvider, HookRegistry, MessageAddedEvent
from strands.telemetry.metrics import AgentInvocation
from strands.types.exceptions import MaxTokensReachedException

_CALLS = "recorded_tool_calls"
_BROKEN = "I could not answer this: the request failed."
_TOO_MANY_STEPS = "I could not finish this within the allowed number of steps. Please ask for less at once."
_NOTHING = "The model ended without an answer. Please ask again."
_CUT = "The answer is cut off: it reached the model's maximum of tokens."

logger = logging.getLogger(__name__)


class ToolCall(TypedDict):
    """One call of a tool, as callers are told of it."""

    name: str
    input: Any
    status: str
    result: Any
    durationMs: float


class TurnSummary(TypedDict):
    """What one turn gave, by the names of the invocation contract. Times in milliseconds since the turn began."""

    answer: str
    stopReason: str
    toolCalls: list[ToolCall]
    usage: dict[str, int]
    modelCalls: int
    latencyMs: float
    timeToFirstTokenMs: float | None
    notices: list[str]


class ToolCallRecorder(HookProvider):
    """Notes each tool call in the invocation's own state, so that concurrent turns never mix."""

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Listen for finished tool calls."""
        registry.add_callback(AfterToolCallEvent, self._record)

    def _record(self, event: AfterToolCallEvent) -> None:
        if event.exception is not None:
            _hide(event)
        # Half a character cannot be stored, and would break every later turn. Images stay the bytes that they are.
        event.result["content"] = [
            _plain(block) if block.keys() & {"text", "json"} else block for block in event.result["content"]
        ]
        calls: list[ToolCall] | None = event.invocation_state.get(_CALLS)
        if calls is not None:
            calls.append(
                {
                    "name": event.tool_use["name"],
                    "input": event.tool_use["input"],
                    "status": event.result["status"],
                    "result": _content(event.result),
                    "durationMs": round((event.duration or 0.0) * 1000, 2),
                }
            )


def _hide(event: AfterToolCallEvent) -> None:
    """Log what a tool raised, and tell model and caller only that it failed: its message may hold a secret."""
    name, error = event.tool_use["name"], event.exception
    if event.selected_tool is None:
        text = f"Error 404: there is no tool {name}"
    elif isinstance(error, ValueError) and isinstance(error.__cause__, ValidationError):
        # The model named a wrong parameter and can mend that; it needs to know which, not what pydantic read.
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.__cause__.errors())
        text = f"Error 400: wrong parameters: {wrong}"
    else:
        logger.error("tool %s failed", name, exc_info=error)
        text = f"Error 500: {name} failed; its operators find the cause in the log"
    event.result["content"] = [{"text": text}]


@dataclass
class Turn:
    """What one turn took and gave. Times in milliseconds since the turn began."""

    started: float = field(default_factory=perf_counter)
    tool_calls: list[ToolCall] = field(default_factory=list)
    first_token_ms: float | None = None
    stop_reason: str = ""
    notices: list[str] = field(default_factory=list)

    def elapsed_ms(self) -> float:
        """Return milliseconds since the turn began."""
        return round((perf_counter() - self.started) * 1000, 2)

    def summary(self, message: dict[str, Any], invocation: AgentInvocation | None) -> TurnSummary:
        """Return what the turn gave.

        Args:
            message: The last message of the conversation.
            invocation: What Strands measured; None when it did not come so far.
        """
        usage: dict[str, Any] = dict(invocation.usage) if invocation else {}
        return {
            "answer": _answer(message, self.stop_reason),
            "stopReason": self.stop_reason,
            "toolCalls": self.tool_calls,
            "usage": {key: usage.get(key, 0) for key in ("inputTokens", "outputTokens", "totalTokens")},
            "modelCalls": len(invocation.cycles) if invocation else 0,
            "latencyMs": self.elapsed_ms(),
            "timeToFirstTokenMs": self.first_token_ms,
            "notices": self.notices,
        }


async def run_turn(agent: Agent, prompt: str, max_model_calls: int = 12) -> AsyncGenerator[dict[str, Any], None]:
    """Yield `{"type": "text"}` and `{"type": "tool"}` events as they happen, and last a `{"type": "summary"}`.

    Args:
        agent: The agent of a session.
        prompt: What the user says.
        max_model_calls: After so many calls of the model an unanswered turn ends: it is going in circles.

    Raises:
        Exception: Whatever the model raises.
    """
    turn = Turn()
    await _close_broken_turn(agent)
    asked = agent.stream_async(prompt, invocation_state={_CALLS: turn.tool_calls}, limits={"turns": max_model_calls})
    try:
        async with aclosing(cast("AsyncGenerator[Any, None]", asked)) as events:
            async for event in events:
                if "data" in event:
                    turn.first_token_ms = turn.first_token_ms or turn.elapsed_ms()
                    yield _plain({"type": "text", "text": event["data"]})
                elif "message" in event:
                    for use in _tool_uses(event["message"]):
                        yield _plain({"type": "tool", "name": use["name"], "input": use["input"]})
                elif "result" in event:
                    turn.stop_reason = event["result"].stop_reason
    except MaxTokensReachedException:  # what there is of the answer is in the conversation
        turn.stop_reason = "max_tokens"
        turn.notices.append(_CUT)
    last: dict[str, Any] = dict(agent.messages[-1])
    yield _plain({"type": "summary", **turn.summary(last, agent.event_loop_metrics.latest_agent_invocation)})


def _tool_uses(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [block["toolUse"] for block in message["content"] if "toolUse" in block]


def _answer(message: dict[str, Any], stop_reason: str) -> str:
    text = "\n\n".join(block["text"].strip() for block in message["content"] if "text" in block)
    return text or (_TOO_MANY_STEPS if stop_reason == "limit_turns" else _NOTHING)


def _plain(value: Any) -> Any:
    """Return a value as JSON and UTF-8 can carry it: NaN and objects as text, half a character as a question mark."""
    text = json.dumps(value, ensure_ascii=False, default=str, skipkeys=True).encode(errors="replace").decode()
    return json.loads(text, parse_constant=str)


def _content(result: Any) -> Any:
    """Return a tool result's content: parsed where it is JSON, else its text."""
    values = [block.get("json", block.get("text")) for block in result["content"]]
    value = values[0] if len(values) == 1 else values
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


async def _close_broken_turn(agent: Agent) -> None:
    """Answer the words that a failed or interrupted turn left open: models refuse two user messages in a row."""
    last: dict[str, Any] = dict(agent.messages[-1]) if agent.messages else {"role": "assistant", "content": []}
    if open_calls := _tool_uses(last):
        results = [
            {"toolUseId": use["toolUseId"], "status": "error", "content": [{"text": _BROKEN}]} for use in open_calls
        ]
        await _append(agent, {"role": "user", "content": [{"toolResult": result} for result in results]})
    if agent.messages and agent.messages[-1]["role"] == "user":
        await _append(agent, {"role": "assistant", "content": [{"text": _BROKEN}]})


async def _append(agent: Agent, message: Any) -> None:
    agent.messages.append(message)
    # The session manager listens for this event, so the stored conversation ends the same way.
    await agent.hooks.invoke_callbacks_async(MessageAddedEvent(agent=agent, message=message))
