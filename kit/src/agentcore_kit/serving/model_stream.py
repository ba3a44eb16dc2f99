"""Tells a whole answer of the model from one that broke off, and asks again for the latter.

Strands takes a stream that just ends for the end of an answer: half a sentence would count as an answer, and half of a
tool's parameters as none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from strands.middleware import InvokeModelContext, MiddlewareNext
from strands.types.agent import Limits
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

from agentcore_kit.serving.plain import storable

LIMITS, RETRIES = "turn_limits", "model_retries"
"""Where the state of an invocation has its limits, of which each further try takes a model call, and counts those."""

_TRIES = 3
_PAUSE_SECONDS = 0.2

logger = logging.getLogger(__name__)


class AnswerBrokeOff(Exception):
    """The model's stream ended before its answer did. The message is for the log; whoever asked is told `TOLD`."""

    TOLD = "the model's answer broke off; please ask again"


async def whole_answers(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    """Yield what the model streams; where it breaks off, ask again, three times in all and within the turn's limits.

    What was yielded of a try that broke off is void: the next one begins with a `messageStart` of its own.

    Raises:
        AnswerBrokeOff: When no try gave a whole answer.
    """
    limits: Limits = context.invocation_state.get(LIMITS, Limits())
    for attempt in range(1, _TRIES + 1):
        try:
            async with aclosing(_one_try(context, next_fn)) as events:
                async for event in events:
                    yield event
            return
        except AnswerBrokeOff as error:
            if attempt == _TRIES or not _take_call(context, limits):
                raise
            logger.warning("the model's answer broke off, asking again: %s", error)
            await asyncio.sleep(_PAUSE_SECONDS * attempt)


async def _one_try(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    began = ended = broke_off = False
    try:
        async with aclosing(next_fn(context)) as events:
            async for event in events:
                chunk = event.get("event") or {}
                began = began or bool(chunk)
                ended = ended or "messageStop" in chunk
                broke_off = "stop" in event and not ended and event["stop"][0] != "cancelled"
                if "stop" in event:  # the message is the one that is stored, traced and sent back to the model
                    message = event["stop"][1]
                    message["content"] = storable(message["content"])
                if not broke_off:
                    yield event
        if broke_off:
            raise AnswerBrokeOff("the stream ended without the event that ends a message")
    except (AnswerBrokeOff, ContextWindowOverflowException, ModelThrottledException):
        raise
    except Exception as error:
        # Before the first event it is a request that was refused: clients have tried again what was worth it.
        if not began:
            raise
        raise AnswerBrokeOff(f"{type(error).__name__}: {error}") from error


def _take_call(context: InvokeModelContext, limits: Limits) -> bool:
    """Take one model call from the turn's limits, if there is one left besides those made."""
    invocation = context.agent.event_loop_metrics.latest_agent_invocation
    made = len(invocation.cycles) if invocation else 1
    left = limits.get("turns")
    if left is None or left <= made:
        return False
    limits["turns"] = left - 1
    context.invocation_state[RETRIES] = context.invocation_state.get(RETRIES, 0) + 1
    return True
