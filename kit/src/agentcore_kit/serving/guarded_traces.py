"""Traces of an agent with a guardrail: what it blocks is not in them.

A span is written before it is known whether its content passes: a tool's before the model is told what the tool said.
So the spans of a turn are held back until it ends, and written without content where something in it was blocked.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time_ns
from typing import Any

from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

WITHHELD = "[withheld: blocked by a guardrail]"

_CONTENT = frozenset({
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
})  # fmt: skip
"""The attributes in which Strands has content; in events it is in any."""

_TURN = "_guarded_turn"


@dataclass
class _Turn:
    """The spans of one turn that wait for its end.

    Attributes:
        root: The span of the request.
        is_blocked: Whether anything in it was blocked.
        releases: What writes each span, in the order in which they ended.
    """

    root: Span
    is_blocked: bool = False
    releases: list[Callable[[], None]] = field(default_factory=list)

    def release(self) -> None:
        """Write the spans."""
        while self.releases:
            self.releases.pop(0)()


class HeldBack(SpanProcessor):
    """Holds back the spans of a turn, and keeps content out of those of a turn in which something was blocked."""

    def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
        """Hold back a span, and its events with content."""
        above = trace.get_current_span(parent_context)
        turn = getattr(above, _TURN, None) or _Turn(span)
        setattr(span, _TURN, turn)
        add_event, end = span.add_event, span.end
        events: list[tuple[str, Any, int]] = []

        def held_event(name: str, attributes: Any = None, timestamp: int | None = None) -> None:
            if name.startswith("gen_ai."):
                events.append((name, attributes, timestamp or time_ns()))
            else:
                add_event(name, attributes, timestamp)

        def held_end(end_time: int | None = None) -> None:
            at = end_time or time_ns()

            def release() -> None:
                for name, attributes, timestamp in events:
                    add_event(name, {"content": WITHHELD} if turn.is_blocked else attributes, timestamp)
                if turn.is_blocked:
                    span.set_attributes({key: WITHHELD for key in span.attributes or () if key in _CONTENT})
                end(at)

            turn.releases.append(release)
            if span is turn.root:
                turn.release()

        span.add_event, span.end = held_event, held_end  # type: ignore[method-assign]

    def on_end(self, span: ReadableSpan) -> None:
        """Do nothing: a span ends when its turn does."""


def hold_back() -> None:
    """Keep what a guardrail blocks out of the traces of this process; before anything else looks at spans."""
    # The client's own instrumentation writes content into log records, which nobody holds back.
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "false"
    provider = trace.get_tracer_provider()
    if hasattr(provider, "add_span_processor"):
        provider.add_span_processor(HeldBack())


def withhold(span: Any) -> None:
    """Keep the content of a turn out of its spans.

    Args:
        span: One of them; one that is not held back stays as it is.
    """
    turn = getattr(span, _TURN, None)
    if turn is not None:
        turn.is_blocked = True
