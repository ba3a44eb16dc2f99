"""The trace of a turn: which repositories' spans belong to it, and when it is complete."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from agentcore_kit.local.page.agent.traces import trace
from agentcore_kit.runtime.telemetry import SPAN_FILE
from agentcore_kit.serving.settings import AgentSettings

TRACE = "7874e825fb89a950cc27ce822919ea66"
MINUTE = timedelta(minutes=1)


def record(folder: Path, name: str, span_id: int, parent: int | None, ended: datetime) -> None:
    """Write a span of the trace as a process in a repository's folder does."""
    span: dict[str, Any] = {
        "name": name, "context": {"span_id": f"0x{span_id:016x}", "trace_id": f"0x{TRACE}"},
        "parent_id": parent and f"0x{parent:016x}", "start_time": (ended - MINUTE).isoformat(),
        "end_time": ended.isoformat(), "status": {"status_code": "UNSET"}, "attributes": {}, "events": [],
    }  # fmt: skip
    file = folder / ".local" / SPAN_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(span) + "\n")


def told() -> dict[str, Any]:
    """Return what the page is told of the trace."""
    return trace(AgentSettings.from_files(), Request({"type": "http", "path_params": {"id": TRACE}}), None)


def test_a_repository_beside_it_may_have_the_agents_own_name(repository: Path) -> None:
    before = datetime.now(UTC) - MINUTE
    beside = repository.parent / AgentSettings.from_files().name
    assert beside != repository
    record(repository, "POST /invocations", 1, None, before)
    record(beside, "tools/call", 2, 1, before)
    (beside / "manifest.yaml").write_text("kind: Tool\n")
    spans = told()["spans"]
    assert [(one["name"], one["source"]) for one in spans] == [
        ("POST /invocations", beside.name), ("tools/call", str(beside)),
    ]  # fmt: skip


@pytest.mark.parametrize(("ago", "complete"), [(MINUTE, True), (-MINUTE, False)])  # however long this test takes
def test_it_is_complete_when_the_processes_that_were_called_have_written_theirs_too(
    repository: Path, ago: timedelta, complete: bool
) -> None:
    record(repository, "POST /invocations", 1, None, datetime.now(UTC) - ago)
    assert (told()["complete"], len(told()["spans"])) == (complete, 1)


def test_without_the_turns_own_span_it_is_not_complete(repository: Path) -> None:
    record(repository, "tools/call", 2, 1, datetime.now(UTC) - MINUTE)
    assert (told()["complete"], len(told()["spans"])) == (False, 1)
