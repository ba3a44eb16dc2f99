"""The ground truth: computed from the sample data, complete, and readable by AgentCore's own tools."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import get_args

import jsonschema
import pytest
from bedrock_agentcore.evaluation.runner import FileDatasetProvider
from starters.build import SCHEMA, built
from starters.finance.cases import rows
from starters.finance.expect import At, shift

from agentcore_kit.evaluation.agent_targets import own_tools
from agentcore_kit.evaluation.dataset import Category, Row, dataset_path, load_dataset


def test_the_files_are_what_the_sample_data_says() -> None:
    for path, text in built().items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} is older than evals/cases.py: kit dataset --build"
        )


def test_it_is_complete() -> None:
    dataset = load_dataset(dataset_path(), own_tools())
    found = Counter(entry.category for entry in dataset.entries)
    assert len(dataset.entries) >= 200
    assert set(found) == set(get_args(Category)) - {"redteam"}
    assert min(found.values()) >= 9
    assert sum("seed" in entry.tags for entry in dataset.entries) == 50
    assert len(load_dataset(dataset_path().with_name("redteam.jsonl"), own_tools()).entries) >= 15


def test_agentcore_reads_the_same_file() -> None:
    scenarios = FileDatasetProvider(str(dataset_path())).get_dataset().scenarios

    mine = list(load_dataset(dataset_path()).rows())
    assert [scenario.scenario_id for scenario in scenarios] == [row.scenario_id for row in mine]
    assert scenarios[0].metadata["date"] == "2026-11-16"  # type: ignore[index]


def test_every_row_keeps_the_schema() -> None:
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for line in dataset_path().read_text(encoding="utf-8").splitlines():
        schema.validate(json.loads(line))


def test_figures_come_from_the_data() -> None:
    """Two rows worked out by hand, so that the builder is not only compared with itself."""
    found = {row.scenario_id: row for row in rows()}
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
    found: dict[str, Row] = {row.scenario_id: row for row in rows()}
    assert found["common-what-was-emeas-revenue-in-2024-q3"].metadata.any_date
    assert found["decline-whats-the-ceos-bonus"].metadata.any_date
    assert not found["common-show-me-growth-compared-to-last-quarter"].metadata.any_date
    drifting = {row.metadata.date for row in found.values() if "drift" in row.metadata.tags}
    assert len(drifting) == 4
