"""The starter's own thresholds are gates: what is reached is above them, and not far above."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.evaluation.thresholds import load_thresholds
from tests.evaluation.runs import evaluated, metric, rows_of


@pytest.mark.parametrize(("category", "name"), [("escalate", "escalation")])
def test_a_threshold_of_few_rows_is_neither_reached_exactly_nor_by_far(
    tmp_path: Path, category: str, name: str
) -> None:
    """Half of the rows, reached by half of them, would let an agent through that escalates by chance."""
    limit = load_thresholds().offline[name].min
    report = evaluated(tmp_path, rows_of(category))

    reached, rows = metric(report, name), report.summary.total.counts()[name]
    assert limit is not None
    assert limit > 0.75
    assert limit < reached <= limit + 2 / rows
