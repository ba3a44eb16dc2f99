"""What local runs recorded: spans, read from the files that they write, as trees by trace."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agentcore_kit.runtime import span_file


@dataclass
class Span:
    """One span as it was read from the file.

    Attributes:
        name: Its name.
        span_id: Its id.
        trace_id: The id of its trace.
        parent_id: The id of the span around it; None for the first.
        start: When it began.
        milliseconds: How long it took.
        failed: Whether it ended with an error.
        attributes: What was noted of it.
        events: What happened within it.
        children: The spans within it.
        source: The repository that recorded it; empty where only one is read.
    """

    name: str
    span_id: str
    trace_id: str
    parent_id: str | None
    start: datetime
    milliseconds: float
    failed: bool
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    children: list[Span] = field(default_factory=list)
    source: str = ""


def read_traces(files: Path | Mapping[str, Path], only: str = "") -> dict[str, list[Span]]:
    """Return the root spans of a file and of those before it by trace id, oldest trace first.

    Lines that a killed process cut short are passed over; where there is no file, there are none.

    Args:
        files: The newest file; or those of several repositories by their names, whose spans are put together.
        only: The id of the one trace that is wanted; all where it is empty.
    """
    named = {"": files} if isinstance(files, Path) else files
    spans = [span for source, path in named.items() for span in _read(path, source, only)]
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    roots: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start):
        parent = by_id.get((span.trace_id, span.parent_id or ""))
        (parent.children if parent else roots[span.trace_id]).append(span)
    return dict(roots)


def _read(path: Path, source: str, only: str) -> Iterator[Span]:
    for line in span_file.read(path):
        if only not in line:  # far cheaper than to parse all that was ever recorded
            continue
        with suppress(ValueError, KeyError, TypeError):
            yield _span(json.loads(line), source)


def _span(raw: dict[str, Any], source: str) -> Span:
    start, end = (datetime.fromisoformat(raw[key]) for key in ("start_time", "end_time"))
    return Span(
        name=raw["name"],
        span_id=raw["context"]["span_id"],
        trace_id=raw["context"]["trace_id"].removeprefix("0x"),
        parent_id=raw["parent_id"],
        start=start,
        milliseconds=(end - start).total_seconds() * 1000,
        failed=raw["status"]["status_code"] == "ERROR",
        attributes=raw["attributes"],
        events=raw["events"],
        source=source,
    )
