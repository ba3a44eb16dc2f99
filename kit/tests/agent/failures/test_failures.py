"""The table of failures in the reference says what happens, and it does: each row is brought about and looked at."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.agent.failures.scenarios import SCENARIOS
from tests.agent.failures.table import Cell, rows
from tests.agent.failures.world import Observed, Told

pytestmark = pytest.mark.integration

LEVELS = ("WARNING", "ERROR")


def test_each_row_has_a_scenario_and_each_scenario_a_row() -> None:
    assert set(rows()) == set(SCENARIOS)


@pytest.mark.parametrize("name", rows())
def test_what_the_table_says_happens(name: str, tmp_path: Path) -> None:
    row, found = rows()[name], SCENARIOS[name](tmp_path)
    wrong = [
        *objections("the caller", row.caller, found.caller),
        *log_objections(row.log, found),
        *trace_objections(row.trace, found),
        *objections("the next turn", row.following, found.following),
    ]
    assert not wrong, "\n".join(wrong)


def objections(who: str, cell: Cell, told: Told) -> list[str]:
    """Return in what a caller gets something else than a cell says."""
    status = [] if told.status == cell.status else [f"{who}: status {told.status}, not {cell.status}: {told.text}"]
    return status + [f"{who}: no {each!r} in {told.text}" for each in cell.expected if each not in told.text]


def log_objections(cell: Cell, found: Observed) -> list[str]:
    """Return in what the log is another than a cell says: each text stands in a line of the level before it."""
    logged = [(line["level"], json.dumps(line, ensure_ascii=False)) for line in found.log]
    if cell.text == "nothing":
        return [f"the log: {line}" for level, line in logged if level in LEVELS]
    errors = (
        []
        if re.search(r"(?<!no )ERROR", cell.text)
        else [f"the log: {line}" for level, line in logged if level == "ERROR"]
    )
    level = ""
    for stated, quoted in re.findall(rf"(?<!no )({'|'.join(LEVELS)})|`([^`]+)`", cell.text):
        level = stated or level
        if not any(seen == level and (not quoted or quoted in line) for seen, line in logged):
            errors.append(f"the log: no {level} {quoted!r} in {logged}")
    return errors


def trace_objections(cell: Cell, found: Observed) -> list[str]:
    """Return in what the trace is another than a cell says."""
    stated = None if cell.text.startswith("nothing") else not cell.text.startswith("not ")
    wrong = [] if found.failed is stated else [f"the trace: failed is {found.failed}, not {stated}"]
    return wrong + [f"the trace: no {each!r} in {found.spans}" for each in cell.expected if each not in found.spans]
