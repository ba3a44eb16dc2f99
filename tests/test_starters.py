"""The starters' datasets say what their sample data says; beyond that their rows are anybody's to edit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from agentcore_kit.evaluation.dataset import load_dataset

from starters import results
from starters.expected import FOLDER, computed, differences, updated
from starters.finance.cases import rows as finance_rows
from starters.finance.expect import At, shift
from tests.repository import STARTERS

ROWS = computed()


@pytest.mark.parametrize("path", ROWS, ids=lambda path: f"{path.parts[-3]}-{path.name}")
def test_every_expected_value_is_computed_from_the_sample_data(path: Path) -> None:
    assert list(differences(path, ROWS[path])) == []


def test_a_wrong_expected_value_is_told_by_row(tmp_path: Path) -> None:
    path, row = _copy(tmp_path), "common-whats-our-q3-revenue-in-emea"
    path.write_text(path.read_text(encoding="utf-8").replace("556.2 million", "565.2 million"), encoding="utf-8")

    found = list(differences(path, ROWS[FOLDER / "agent/finance/evals/dataset.jsonl"]))

    assert any(difference.startswith(f"dataset.jsonl: row {row} expects other values") for difference in found)


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines, json.dumps(json.loads(lines[0]) | {"scenario_id": "by-hand"})],
        lambda lines: [lines[0].replace('"tags":["seed"]', '"tags":["seed","ours"]'), *lines[1:]],
    ],
    ids=["swapped", "added", "tagged"],
)
def test_rows_may_be_swapped_added_and_tagged_by_hand(tmp_path: Path, edit: Callable[[list[str]], list[str]]) -> None:
    path, rows = _copy(tmp_path), ROWS[FOLDER / "agent/finance/evals/dataset.jsonl"]
    text = "".join(f"{line}\n" for line in edit(path.read_text(encoding="utf-8").splitlines()))
    path.write_text(text, encoding="utf-8")

    assert list(differences(path, rows)) == []
    assert [entry.id for entry in load_dataset(path).entries]
    assert [json.loads(line) for line in updated(path, rows).splitlines()] == [json.loads(x) for x in text.splitlines()]


def test_new_values_are_written_where_they_belong(tmp_path: Path) -> None:
    path, rows = _copy(tmp_path), ROWS[FOLDER / "agent/finance/evals/dataset.jsonl"]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("556.2 million", "565.2 million"), encoding="utf-8")

    assert updated(path, rows) == text


def test_two_values_worked_out_by_hand() -> None:
    found = {row.scenario_id: row for row in finance_rows()}
    revenue = found["common-whats-our-q3-revenue-in-emea"]
    assert revenue.turns[0].expected_response == "EMEA revenue in 2026-Q3 was 556.2 million USD."
    growth = found["common-how-much-did-apac-grow-last-quarter-compared-to-the-quarter"]
    assert growth.metadata.expect[0][0].figures == ["4.3 percent"]  # 455.9 after 437.2
    assert growth.expected_trajectory == ["getQuarterlyRevenue", "getQuarterlyRevenue", "calculateGrowth"]


@pytest.mark.parametrize(
    ("day", "last", "third"),
    [
        (date(2026, 11, 16), "2026-Q3", "2026-Q3"),
        (date(2026, 1, 1), "2025-Q4", "2025-Q3"),
        (date(2026, 3, 31), "2025-Q4", "2025-Q3"),
        (date(2026, 10, 1), "2026-Q3", "2026-Q3"),
        (date(2025, 8, 20), "2025-Q2", "2024-Q3"),
    ],
)
def test_what_last_quarter_means(day: date, last: str, third: str) -> None:
    assert At(day).last == last
    assert At(day).recent(3) == third


def test_quarters_are_counted_over_new_year() -> None:
    assert [shift("2025-Q1", by) for by in (-5, -1, 0, 3, 4)] == ["2023-Q4", "2024-Q4", "2025-Q1", "2025-Q4", "2026-Q1"]


def test_rows_say_whether_they_depend_on_the_date() -> None:
    found = {row.scenario_id: row for row in finance_rows()}
    assert found["common-what-was-emeas-revenue-in-2024-q3"].metadata.any_date
    assert found["decline-whats-the-ceos-bonus"].metadata.any_date
    assert not found["common-show-me-growth-compared-to-last-quarter"].metadata.any_date
    assert len({row.metadata.date for row in found.values() if "drift" in row.metadata.tags}) == 4


@pytest.mark.parametrize("starter", results.STARTERS)
def test_what_rows_expect_is_what_the_tools_return(starter: str) -> None:
    assert list(results.differences(FOLDER / "agent" / starter)) == []


@pytest.mark.parametrize(
    ("starter", "name", "old", "new", "row"),
    [
        ("hr", "employees.csv", "E1001,30,2.5,18", "E1001,30,2.5,19", "common-how-many-vacation-days-do-i-have-left"),
        ("it", "users.csv", "the certificate ran out", "the key ran out", "common-vpn-keeps-disconnecting-for-jdoe1"),
        ("blank", "offices.csv", "18:30", "18:45", "common-when-does-the-berlin-office-close"),
    ],
)
def test_sample_data_that_changed_is_told_by_row(
    tmp_path: Path, starter: str, name: str, old: str, new: str, row: str
) -> None:
    folder = Path(shutil.copytree(FOLDER / "agent" / starter, tmp_path / starter))
    path = folder / "src/agent/data" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    assert any(f"row {row}" in told for told in results.differences(folder))


def test_every_agent_has_rows_that_are_computed_or_looked_up() -> None:
    assert {*results.STARTERS, "finance"} == {*STARTERS["agent"]}


def _copy(folder: Path) -> Path:
    path = folder / "dataset.jsonl"
    path.write_bytes((FOLDER / "agent/finance/evals/dataset.jsonl").read_bytes())
    return path
