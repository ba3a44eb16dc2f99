"""Runs one turn of a conversation and says what happened: text as it comes, tool calls, tokens and times."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from pydantic import ValidationError
from strands import Agent
from strands.agent import AgentResult
from strands.hooks import AfterToolCallEvent, HookProvider, HookRegistry, MessageAddedEvent

MAX_MODEL_CALLS = 12
"""An agent that has not answered after this many model calls is going in circles."""

_CALLS = "recorded_tool_calls"
_BROKEN = "I could not answer this: the request failed."

logger = logging.getLogger(__name__)


class ToolCallRecorder(HookProvider):
    """Notes each tool call in the invocation's own state, so that concurrent turns never mix."""

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Listen for finished tool calls."""
        registry.add_callback(AfterToolCallEvent, self._record)

    def _record(self, event: AfterToolCallEvent) -> None:
        if event.exception is not None:
            _hide(event)
        calls = event.invocation_state.get(_CALLS)
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
    if isinstance(error, ValueError) and isinstance(error.__cause__, ValidationError):
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
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    first_token_ms: float | None = None
    result: AgentResult | None = None

    def elapsed_ms(self) -> float:
        """Return milliseconds since the turn began."""
        return round((perf_counter() - self.started) * 1000, 2)

    def summary(self) -> dict[str, Any]:
        """Return answer, tool calls, tokens and times, as the invocation contract names them."""
        if self.result is None:
            raise RuntimeError("the agent ended its turn without a result")
        invocation = self.result.metrics.latest_agent_invocation
        usage: dict[str, Any] = dict(invocation.usage) if invocation else {}
        return {
            "answer": _answer(self.result),
            "stopReason": self.result.stop_reason,
            "toolCalls": self.tool_calls,
            "usage": {key: usage.get(key, 0) for key in ("inputTokens", "outputTokens", "totalTokens")},
            "modelCalls": len(invocation.cycles) if invocation else 0,
            "latencyMs": self.elapsed_ms(),
            "timeToFirstTokenMs": self.first_token_ms,
        }


async def run_turn(agent: Agent, prompt: str) -> AsyncGenerator[dict[str, Any], None]:
    """Yield `{"type": "text"}` and `{"type": "tool"}` events as they happen, and last a `{"type": "summary"}`.

    Raises whatever the model raises.
    """
    turn = Turn()
    await _close_broken_turn(agent)
    async for event in agent.stream_async(
        prompt, invocation_state={_CALLS: turn.tool_calls}, limits={"turns": MAX_MODEL_CALLS}
    ):
        if "data" in event:
            turn.first_token_ms = turn.first_token_ms or turn.elapsed_ms()
            yield {"type": "text", "text": event["data"]}
        elif "message" in event:
            for use in _tool_uses(event["message"]):
                yield {"type": "tool", "name": use["name"], "input": use["input"]}
        elif "result" in event:
            turn.result = event["result"]
    yield {"type": "summary", **turn.summary()}


def _tool_uses(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [block["toolUse"] for block in message["content"] if "toolUse" in block]


def _answer(result: AgentResult) -> str:
    text = "\n\n".join(block["text"].strip() for block in result.message["content"] if "text" in block)
    if text:
        return text
    return "I could not finish this within the allowed number of steps. Please ask for less at once."


def _content(result: Any) -> Any:
    """Return a tool result's content: parsed where it is JSON, else its text."""
    values = [block.get("json", block.get("text")) for block in result["content"]]
    value = values[0] if len(values) == 1 else values
    if isinstance(value, str):
        try:
            return json.loads(value, parse_constant=str)  # NaN is no JSON, and a response could not carry it
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
