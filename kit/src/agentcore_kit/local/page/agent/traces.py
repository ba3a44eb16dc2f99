"""The trace of a turn for the page: what this agent recorded, and what repositories beside it recorded of the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.requests import Request

from agentcore_kit.config.repository import MANIFEST, repository_root
from agentcore_kit.local.page.parts import NotThere
from agentcore_kit.local.spans import Span, read_traces
from agentcore_kit.runtime.settings import LOCAL_STATE
from agentcore_kit.runtime.telemetry import FLUSH_MILLISECONDS, SPAN_FILE
from agentcore_kit.serving.settings import AgentSettings

_ROOT = "POST /invocations"
_HEX = frozenset("0123456789abcdef")
_WRITTEN_WITHIN = timedelta(milliseconds=2 * FLUSH_MILLISECONDS)
"""How long after the end of a turn the processes that it called may still write their spans of it."""


def trace(settings: AgentSettings, request: Request, _: Any) -> dict[str, Any]:
    """Return the spans of a trace in the order of a tree, each with its start behind the first one's.

    It is complete once the turn's own span is there and the processes that it called have written theirs too.

    Raises:
        NotThere: When the id is none.
    """
    trace_id = request.path_params["id"]
    if len(trace_id) != 32 or not set(trace_id) <= _HEX:
        raise NotThere(f"{trace_id} is no id of a trace")
    roots = read_traces(_files(settings), trace_id).get(trace_id, [])
    first = min((root.start for root in roots), default=None)
    spans = [one for root in roots for one in _flat(root, None, first or root.start)]
    return {"spans": spans, "complete": any(map(_is_whole, roots))}


def _is_whole(root: Span) -> bool:
    ended = root.start + timedelta(milliseconds=root.milliseconds)
    return root.name == _ROOT and datetime.now(UTC) - ended > _WRITTEN_WITHIN


def _files(settings: AgentSettings) -> dict[str, Path]:
    """Return the span files of this repository and of those beside it, by name; by its path where one has this name."""
    root = repository_root()
    beside = sorted(path.parent for path in root.parent.glob(f"*/{MANIFEST}") if path.parent != root)
    own = settings.manifest.metadata.name
    files = {str(one) if one.name == own else one.name: one / LOCAL_STATE / SPAN_FILE for one in beside}
    return {own: settings.state / SPAN_FILE} | {name: path for name, path in files.items() if path.is_file()}


def _flat(span: Span, parent: str | None, first: datetime) -> Iterator[dict[str, Any]]:
    yield {
        "id": span.span_id,
        "parent": parent,
        "name": span.name,
        "source": span.source,
        "startMs": (span.start - first).total_seconds() * 1000,
        "ms": span.milliseconds,
        "failed": span.failed,
        "attributes": span.attributes,
        "events": [{"name": one["name"], "attributes": one["attributes"]} for one in span.events],
    }
    for child in span.children:
        yield from _flat(child, span.span_id, first)
