"""The trace of a turn for the page: what this agent recorded, and what repositories beside it recorded of the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request

from agentcore_kit.config.repository import MANIFEST, repository_root
from agentcore_kit.local.page.parts import NotThere
from agentcore_kit.local.traces import Span, read_traces
from agentcore_kit.runtime.settings import LOCAL_STATE
from agentcore_kit.runtime.telemetry import SPAN_FILE
from agentcore_kit.serving.settings import AgentSettings

_ROOT = "POST /invocations"
_HEX = frozenset("0123456789abcdef")


def trace(settings: AgentSettings, request: Request, _: Any) -> dict[str, Any]:
    """Return the spans of a trace in the order of a tree, each with its start behind the first one's.

    Raises:
        NotThere: When the id is none.
    """
    trace_id = request.path_params["id"]
    if len(trace_id) != 32 or not set(trace_id) <= _HEX:
        raise NotThere(f"{trace_id} is no id of a trace")
    roots = read_traces(_files(settings), trace_id).get(trace_id, [])
    first = min((root.start for root in roots), default=None)
    spans = [one for root in roots for one in _flat(root, None, first or root.start)]
    return {"spans": spans, "complete": any(root.name == _ROOT for root in roots)}


def _files(settings: AgentSettings) -> dict[str, Path]:
    """Return the span files of this repository and of those beside it, by name."""
    root = repository_root()
    beside = sorted(path.parent for path in root.parent.glob(f"*/{MANIFEST}") if path.parent != root)
    files = {folder.name: folder / LOCAL_STATE / SPAN_FILE for folder in beside}
    own = {settings.manifest.metadata.name: settings.state / SPAN_FILE}
    return own | {name: path for name, path in files.items() if path.is_file()}


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
