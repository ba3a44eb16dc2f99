"""Content that a guardrail or the model's provider blocks: nobody is locked out by it, and none of it is kept or told.

Bedrock says of a blocked message only that it stopped with `guardrail_intervened`, as it says of one with masked names;
Strands reads the guardrail's trace, and where something was blocked it asks for the user's words to be redacted. Other
providers stop with `content_filtered`, or refuse the request.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from strands.middleware import InvokeModelContext, MiddlewareNext
from strands.types._events import ModelStopReason, ModelStreamChunkEvent
from strands.types.content import Message, Messages

from agentcore_kit.serving.context_window import REMOVED
from agentcore_kit.serving.guarded_traces import WITHHELD, withhold
from agentcore_kit.serving.memory import is_recalled
from agentcore_kit.serving.model_stream import take_call
from agentcore_kit.serving.tool_calls import CALLS, NOTICES

_REDACTED = "[User input redacted.]"
_JUDGED = "calls_that_passed"
_INTERVENED, _FILTERED = "guardrail_intervened", "content_filtered"

_ANSWERS = {
    _INTERVENED: "The answer is withheld: a guardrail blocked it.",
    _FILTERED: "The answer is withheld: the model's content filter stopped it.",
}
_BLOCKED = {
    _INTERVENED: "A guardrail blocked this: the question or what was found for it is not kept.",
    _FILTERED: "The model's content filter stopped this: what was asked is not kept.",
}
_MASKED = "A guardrail masked parts of this."
_WITHOUT_MEMORY = "A guardrail blocked what the memory recalled; this was answered without the memory."
_WITHOUT_EARLIER = "A guardrail blocked an earlier part of the conversation; this was answered without that part."

logger = logging.getLogger(__name__)


@dataclass
class _Call:
    """What came of one call of the model.

    Attributes:
        stop: The event that ends it.
        redactions: What tells Strands to redact the user's words; none where nothing was blocked.
        assessed: What the guardrail's trace says, if there is one.
    """

    stop: Any = None
    redactions: list[Any] = field(default_factory=list)
    assessed: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        return str(self.stop["stop"][0])

    @property
    def asked(self) -> bool:
        """Whether it was what the model was asked that was blocked, as its trace says, and not the answer."""
        return "inputAssessment" in self.assessed and "outputAssessments" not in self.assessed

    def may_be(self, what: str) -> bool:
        """Whether the reason may lie in what was recalled, or in the conversation before."""
        if self.reason == _FILTERED:  # mostly the answer
            return what == _WITHOUT_MEMORY or self.stop["stop"][1]["content"] == []
        return "outputAssessments" not in self.assessed


async def unblocked(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    """Yield what the model streams; where something is blocked, ask again with less, and redact what stays blocked.

    It is asked again without what the memory recalled, then without the conversation before this turn: what is at fault
    there would block every further turn. Each is one model call of the turn's limits.
    """
    state = context.invocation_state
    less = _less(context.messages)
    left_out = None
    while True:
        call = _Call()
        async with aclosing(_asked(context, next_fn, call)) as events:
            async for event in events:
                yield event
        if call.stop is None:
            return
        if not call.redactions:
            break
        withhold(state.get("event_loop_cycle_span"))
        further = next(((each, why) for each, why in less if call.may_be(why)), None)
        if further is None or not take_call(context):
            break
        messages, left_out = further
        context = context.replace(messages=messages)
    told = None
    if call.redactions:
        told = _BLOCKED.get(call.reason, _BLOCKED[_INTERVENED])
        _withhold(call, state)
        for event in call.redactions:
            yield event
    elif left_out:
        told = left_out
        state[REMOVED] = state.get(REMOVED, 0) + _forget(context.agent, left_out)
    elif call.reason == _INTERVENED:
        told = _MASKED
    if told:
        logger.warning("%s", told)
        state.get(NOTICES, []).append(told)
    state[_JUDGED] = len(state.get(CALLS, []))
    yield call.stop


async def _asked(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any], call: _Call
) -> AsyncGenerator[Any, None]:
    """Yield what the model streams, but neither its end nor what says that something was blocked: both are noted."""
    try:
        async with aclosing(next_fn(context)) as events:
            async for event in events:
                chunk = event.get("event") or {}
                call.assessed |= ((chunk.get("metadata") or {}).get("trace") or {}).get("guardrail") or {}
                if "redactContent" in chunk:
                    call.redactions.append(event)
                elif "stop" in event:
                    call.stop = event
                else:
                    yield event
    except Exception as error:
        if getattr(error, "code", None) != "content_filter":  # of the OpenAI client
            raise
        nothing: Message = {"role": "assistant", "content": []}
        usage: Any = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
        call.stop = ModelStopReason("content_filtered", nothing, usage, {"latencyMs": 0})
    if call.stop is not None and call.reason == _FILTERED:
        redaction: Any = {"redactContent": {"redactUserContentMessage": _REDACTED}}
        call.redactions.append(ModelStreamChunkEvent(redaction))


def _less(messages: Messages) -> Iterator[tuple[Messages, str]]:
    """Yield messages without what was recalled, then those of this turn alone, each with what that is called."""
    own: Messages = [_without_recalled(message) for message in messages]
    if own != messages:
        yield own, _WITHOUT_MEMORY
    if begin := _begin_of_turn(messages):
        yield own[begin:], _WITHOUT_EARLIER


def _without_recalled(message: Message) -> Message:
    content = message["content"]
    return {**message, "content": content[1:] if is_recalled(content) else content}


def _begin_of_turn(messages: Messages) -> int:
    """Return where the user's last words are."""
    said = [
        number
        for number, message in enumerate(messages)
        if message["role"] == "user" and not any("toolResult" in block for block in message["content"])
    ]
    return said[-1] if said else 0


def _forget(agent: Any, told: str) -> int:
    """Take from the conversation what was left out, for good; return how many messages that were."""
    for message in agent.messages:
        if is_recalled(message["content"]):
            del message["content"][0]
    begin = _begin_of_turn(agent.messages) if told == _WITHOUT_EARLIER else 0
    del agent.messages[:begin]
    agent.conversation_manager.removed_message_count += begin
    return begin


def _withhold(call: _Call, state: dict[str, Any]) -> None:
    """Take what was blocked from the answer, and from the tool calls whose results the model was just told."""
    message = call.stop["stop"][1]
    said = "\n\n".join(block["text"] for block in message["content"] if "text" in block)
    # What is said instead of a question is the guardrail's own; an answer may have begun before it was blocked.
    message["content"] = [{"text": said if call.asked and said else _ANSWERS.get(call.reason, _ANSWERS[_INTERVENED])}]
    for made in state.get(CALLS, [])[state.get(_JUDGED, 0) :]:
        made["result"] = WITHHELD
