"""Tells a whole answer of the model from one that broke off or never began, and asks again within the turn's budget.

Strands takes a stream that just ends for the end of an answer: half a sentence would count as an answer, and half of a
tool's parameters as none. The budget of retries is one for the whole turn, so the clients of models, and Strands, have
none of their own: each would multiply the others'.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import ceil, inf
from typing import Any

from strands.middleware import InvokeModelContext, MiddlewareNext
from strands.types.agent import Limits
from strands.types.exceptions import ContextWindowOverflowException

from agentcore_kit.runtime.deadline import seconds_left
from agentcore_kit.serving.errors import TurnFailed, refused_by_model
from agentcore_kit.serving.model_refusals import Refusal, refusal_of
from agentcore_kit.serving.plain import storable

LIMITS, RETRIES = "turn_limits", "model_retries"
"""Where the state of an invocation has its limits, of which each further try takes a model call, and counts those."""

RETRIES_LEFT = "model_retries_left"
"""Where it has how often the model may still be asked again in this turn."""

PAUSE_SECONDS = 0.5
"""About the wait before the first retry of a call; each further one is twice as long."""

TRY_AGAIN_SECONDS = 15
"""When the caller of a turn is told to ask again whose model did not say when."""

_MALFORMED = ("malformed_model_output", "malformed_tool_use")
"""Why Bedrock says that a message ended which is none."""

_OVERFLOW = re.compile(
    r"prompt is too long|available context size|exceed_context_size|exceeds the maximum number of tokens"
    r"|range of input length should be",
    re.IGNORECASE,
)
"""How Claude, llama.cpp, Gemini and Qwen say that a request is too long, which Strands does not know."""


logger = logging.getLogger(__name__)


class AnswerBrokeOff(Exception):
    """The model's stream ended before its answer did. The message is for the log; the caller is told `BROKE_OFF`."""


class _Refused(Exception):
    """The model did not begin to answer, and asking again may help."""

    def __init__(self, refusal: Refusal, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.refusal = refusal


async def whole_answers(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    """Yield what the model streams; where it breaks off or is refused, ask again within the turn's budget and deadline.

    What was yielded of a try that broke off is void: the next one begins with a `messageStart` of its own.

    Raises:
        AnswerBrokeOff: When no try gave a whole answer.
        TurnFailed: When the model has too many requests, or is unavailable.
    """
    pause = PAUSE_SECONDS
    while True:
        try:
            async with aclosing(_one_try(context, next_fn)) as events:
                async for event in events:
                    yield event
            return
        except AnswerBrokeOff as error:
            wait = _jittered(pause)
            if not _may_ask_again(context, wait) or not take_call(context):
                raise
            logger.warning("the model's answer broke off, asking again: %s", error)
        except _Refused as error:
            said = error.refusal.retry_after
            wait = _jittered(pause) if said is None else said
            if not _may_ask_again(context, wait):
                seconds = max(1, ceil(TRY_AGAIN_SECONDS if said is None else said))
                raise TurnFailed(refused_by_model(error.refusal.throttled, seconds), str(error)) from error
            logger.warning("the model did not answer, asking again in %.1f s: %s", wait, error)
        await asyncio.sleep(wait)
        pause *= 2


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311  # so that callers do not come back all at once


def _may_ask_again(context: InvokeModelContext, wait: float) -> bool:
    """Take one retry from the turn's budget, if there is one, and time enough to wait for it."""
    state = context.invocation_state
    left = state.get(RETRIES_LEFT, 0)
    if left < 1 or seconds_left(inf) <= wait:
        return False
    state[RETRIES_LEFT] = left - 1
    return True


async def _one_try(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    began = ended = broke_off = False
    reason: str | None = None
    try:
        async with aclosing(next_fn(context)) as events:
            async for event in events:
                chunk = event.get("event") or {}
                began = began or bool(chunk)
                ended = ended or "messageStop" in chunk
                reason = event["stop"][0] if "stop" in event else None
                broke_off = reason in _MALFORMED or (reason not in (None, "cancelled") and not ended)
                if "stop" in event:  # the message is the one that is stored, traced and sent back to the model
                    message = event["stop"][1]
                    message["content"] = storable(message["content"])
                if not broke_off:
                    yield event
        if broke_off:
            malformed = f"the model made something that cannot be read: {reason}"
            raise AnswerBrokeOff(malformed if ended else "the stream ended without the event that ends a message")
    except (AnswerBrokeOff, ContextWindowOverflowException):
        raise
    except Exception as error:
        if not began and _is_overflow(error):
            raise ContextWindowOverflowException(str(error)) from error
        refusal = refusal_of(error)
        if refusal and (refusal.throttled or not began):
            raise _Refused(refusal, error) from error
        if not began:  # a request that was refused, and would be again
            raise
        raise AnswerBrokeOff(f"{type(error).__name__}: {error}") from error


def take_call(context: InvokeModelContext) -> bool:
    """Take one model call from the turn's limits, if there is one left besides those made."""
    limits: Limits = context.invocation_state.get(LIMITS, {})
    invocation = context.agent.event_loop_metrics.latest_agent_invocation
    made = len(invocation.cycles) if invocation else 1
    left = limits.get("turns")
    if left is None or left <= made:
        return False
    limits["turns"] = left - 1
    context.invocation_state[RETRIES] = context.invocation_state.get(RETRIES, 0) + 1
    return True


def _is_overflow(error: Exception) -> bool:
    """Return whether a provider's error says that a request is longer than the model's context window."""
    return getattr(error, "status_code", None) in (400, 413) and bool(_OVERFLOW.search(str(error)))
