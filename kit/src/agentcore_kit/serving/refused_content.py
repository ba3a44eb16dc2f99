"""Pictures and other content of tools that the model does not take: left out, and the model is asked without them.

A model that takes text only refuses the whole request, and would do so in each later turn of the conversation.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from botocore.exceptions import ClientError
from strands.middleware import InvokeModelContext, MiddlewareNext
from strands.types.content import Messages

from agentcore_kit.serving.model_stream import take_call
from agentcore_kit.serving.tool_calls import NOTICES
from agentcore_kit.serving.tool_content import left_out, left_out_notice, not_taken

_REFUSED = (400, 413, 415, 422)
"""The HTTP statuses of a request that is wrong, so that it can only pass with less."""

logger = logging.getLogger(__name__)


async def without_refused_content(
    context: InvokeModelContext, next_fn: MiddlewareNext[InvokeModelContext, Any]
) -> AsyncGenerator[Any, None]:
    """Yield what the model streams; where it refuses a request with content that is no text, ask once more without."""
    began = False
    try:
        async with aclosing(next_fn(context)) as events:
            async for event in events:
                began = True
                yield event
        return
    except Exception as error:
        kinds = sorted({kind for content in _contents(context.messages) for kind in map(left_out, content) if kind})
        if began or not kinds or not _is_refusal(error) or not take_call(context):
            raise
        logger.warning("the model refused a request with %s, asking without: %s", ", ".join(kinds), error)
    for messages in (context.messages, context.agent.messages):
        for content in _contents(messages):
            content[:] = [not_taken(block) if left_out(block) else block for block in content]
    context.invocation_state.get(NOTICES, []).append(left_out_notice(kinds))
    async with aclosing(next_fn(context)) as events:
        async for event in events:
            yield event


def _contents(messages: Messages) -> Iterator[list[Any]]:
    """Yield the content of each tool's result in a conversation."""
    for message in messages:
        for block in message["content"]:
            if "toolResult" in block:
                content: list[Any] = block["toolResult"]["content"]
                yield content


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return bool(error.response["Error"]["Code"] == "ValidationException")
    return getattr(error, "status_code", None) in _REFUSED or isinstance(error, TypeError)
