"""The events of a turn without the values of secrets: in tool calls, in the answer, and in the text as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from agentcore_kit.runtime.masking import StreamMask, mask_value


async def masked(events: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the events of a turn with `[secret NAME]` in place of each secret.

    Args:
        events: What `run_turn` yields. It is closed at the end.
    """
    stream = StreamMask()
    async with aclosing(events) as turn:
        async for event in turn:
            if event["type"] == "text":
                if text := stream.feed(event["text"]):
                    yield {**event, "text": text}
                continue
            if text := stream.rest():  # nothing follows that could complete what was held back
                yield {"type": "text", "text": text}
            yield mask_value(event)
