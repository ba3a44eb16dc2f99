"""Runs one turn of a conversation and says what happened: text as it comes, tool calls, tokens and times."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypedDict, cast

from strands import Agent
from strands.hooks import MessageAddedEvent
from strands.telemetry.metrics import AgentInvocation
from strands.types.agent import Limits
from strands.types.exceptions import MaxTokensReachedException

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.caller import state_of_request
from agentcore_kit.serving.confirmation import LEFT, NOT_CONFIRMED, give_up, questions, resumption, waits
from agentcore_kit.serving.model_stream import LIMITS, RETRIES, RETRIES_LEFT
from agentcore_kit.serving.plain import plain, storable
from agentcore_kit.serving.tool_calls import CALLS, NOTICES, ToolCall, record_unknown

_BROKEN = "I could not answer this: the request failed."
_TOO_MANY_STEPS = "I could not finish this within the allowed number of steps. Please ask for less at once."
_NOTHING = "The model ended without an answer. Please ask again."
_CUT = {
    "max_tokens": "The answer is cut off: it reached the model's maximum of tokens.",
    "model_context_window_exceeded": "The answer is cut off: it reached the end of the model's context window.",
}


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


@dataclass
class Turn:
    """What one turn took and gave. Times in milliseconds since the turn began."""

    started: float = field(default_factory=perf_counter)
    tool_calls: list[ToolCall] = field(default_factory=list)
    first_token_ms: float | None = None
    stop_reason: str = ""
    notices: list[str] = field(default_factory=list)
    question: str = ""  # what the user has to say yes to, before a tool goes on

    def elapsed_ms(self) -> float:
        """Return milliseconds since the turn began."""
        return round((perf_counter() - self.started) * 1000, 2)

    def summary(self, message: dict[str, Any], invocation: AgentInvocation | None, retries: int) -> TurnSummary:
        """Return what the turn gave.

        Args:
            message: The last message of the conversation.
            invocation: What Strands measured; None when it did not come so far.
            retries: How many further model calls asked again for what broke off, was blocked or was refused.
        """
        usage: dict[str, Any] = dict(invocation.usage) if invocation else {}
        return {
            "answer": _answer(message, self.stop_reason, self.question),
            "stopReason": self.stop_reason,
            "toolCalls": self.tool_calls,
            "usage": {key: usage.get(key, 0) for key in ("inputTokens", "outputTokens", "totalTokens")},
            "modelCalls": len(invocation.cycles) + retries if invocation else 0,
            "latencyMs": self.elapsed_ms(),
            "timeToFirstTokenMs": self.first_token_ms,
            "notices": self.notices,
        }


async def run_turn(
    agent: Agent, prompt: str, max_model_calls: int = 12, caller: Caller | None = None, max_retries: int = 4
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield `{"type": "text"}` and `{"type": "tool"}` events as they happen, and last a `{"type": "summary"}`.

    A `{"type": "retry"}` says that the answer broke off, or was blocked because of something that is left out now, and
    is asked for again: the text since the last `tool`, or since the beginning, is void. So it is after a
    `{"type": "blocked"}`, where what stands in its place follows.

    A tool that waits for the user's yes ends the turn with its question; a yes as the next prompt resumes it.

    Args:
        agent: The agent of a session.
        prompt: What the user says.
        max_model_calls: After so many calls of the model an unanswered turn ends: it is going in circles.
        caller: The verified user, whom the agent's own tools may ask for; None where there is none.
        max_retries: How often the model may be asked again in this turn.

    Raises:
        Exception: Whatever the model raises.
    """
    turn = Turn()
    said = resumption(agent, prompt) or storable(prompt)
    if isinstance(said, str):
        await (close_broken_turn(agent, NOT_CONFIRMED, LEFT) if waits(agent) else close_broken_turn(agent))
    limits: Limits = {"turns": max_model_calls}
    state: dict[str, Any] = {
        CALLS: turn.tool_calls,
        NOTICES: turn.notices,
        LIMITS: limits,
        RETRIES_LEFT: max_retries,
        **state_of_request(caller),
    }
    asked = agent.stream_async(said, invocation_state=state, limits=limits)
    unfinished = blocked = False  # whether there is text of a message that is not there yet, or never will be
    called: list[dict[str, Any]] = []
    try:
        async with aclosing(cast("AsyncGenerator[Any, None]", asked)) as events:
            async for event in events:
                chunk = event.get("event") or {}
                if unfinished and "messageStart" in chunk:
                    unfinished = False
                    yield {"type": "retry"}
                elif "redactContent" in chunk and not blocked:
                    unfinished, blocked = False, True
                    yield {"type": "blocked"}
                elif "data" in event:
                    unfinished = True
                    turn.first_token_ms = turn.first_token_ms or turn.elapsed_ms()
                    yield plain({"type": "text", "text": event["data"]})
                elif "message" in event:
                    unfinished = False
                    record_unknown(called, event["message"], state)
                    if blocked and event["message"]["role"] == "assistant":
                        yield plain({"type": "text", "text": _answer(event["message"])})
                    called = _tool_uses(event["message"])
                    for use in called:
                        yield plain({"type": "tool", "name": use["name"], "input": use["input"]})
                elif "result" in event:
                    turn.stop_reason = event["result"].stop_reason
                    turn.question = questions(event["result"].interrupts)
                    if turn.question:
                        yield plain({"type": "text", "text": turn.question})
    except MaxTokensReachedException:  # what there is of the answer is in the conversation
        turn.stop_reason = "max_tokens"
    if turn.stop_reason in _CUT:
        turn.notices.append(_CUT[turn.stop_reason])
    last: dict[str, Any] = dict(agent.messages[-1])
    retries = state.get(RETRIES, 0)
    yield plain({"type": "summary", **turn.summary(last, agent.event_loop_metrics.latest_agent_invocation, retries)})


def _tool_uses(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [block["toolUse"] for block in message["content"] if "toolUse" in block]


def _answer(message: dict[str, Any], stop_reason: str = "", question: str = "") -> str:
    texts = [block["text"].strip() for block in message["content"] if "text" in block]
    text = "\n\n".join(filter(None, [*texts, question]))
    return text or (_TOO_MANY_STEPS if stop_reason == "limit_turns" else _NOTHING)


async def close_broken_turn(agent: Agent, told: str = _BROKEN, answered: str = _BROKEN) -> None:
    """Answer the words that a failed or interrupted turn left open: models refuse two user messages in a row.

    Args:
        agent: The agent of a session.
        told: What the model is told of calls without a result.
        answered: What stands in the place of an answer.
    """
    done = give_up(agent)
    last: dict[str, Any] = dict(agent.messages[-1]) if agent.messages else {"role": "assistant", "content": []}
    if open_calls := _tool_uses(last):
        results = [
            done.get(use["toolUseId"])
            or {"toolUseId": use["toolUseId"], "status": "error", "content": [{"text": told}]}
            for use in open_calls
        ]
        await _append(agent, {"role": "user", "content": [{"toolResult": result} for result in results]})
    if agent.messages and agent.messages[-1]["role"] == "user":
        await _append(agent, {"role": "assistant", "content": [{"text": answered}]})


async def _append(agent: Agent, message: Any) -> None:
    agent.messages.append(message)
    # The session manager listens for this event, so the stored conversation ends the same way.
    await agent.hooks.invoke_callbacks_async(MessageAddedEvent(agent=agent, message=message))
