"""Small evaluation runs for tests: some rows of the dataset, against the agent in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agentcore_kit.evaluation.agent_targets import LocalTarget
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.runner import Options, run
from agentcore_kit.evaluation.runs import conclude
from agentcore_kit.evaluation.target import Target
from agentcore_kit.evaluation.thresholds import load_thresholds
from agentcore_kit.serving.settings import AgentSettings


def rows_of(*words: str) -> list[Row]:
    """Return the dataset's rows of these ids, categories or tags."""
    dataset = load_dataset(dataset_path())
    chosen = {entry.id for entry in dataset.entries if {entry.id, entry.category, *entry.tags} & set(words)}
    return list(dataset.rows(lambda entry: entry.id in chosen))


def evaluated(
    folder: Path,
    rows: Iterable[Row],
    settings: AgentSettings | None = None,
    *,
    target: Target | None = None,
    options: Options | None = None,
) -> Report:
    """Run rows and return the report with the thresholds of `evals/thresholds.yaml`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rows.jsonl"
    path.write_text("".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows), encoding="utf-8")
    info = {
        "run": folder.name, "started": "2026-11-16T09:00:00+00:00", "agent": "agent", "target": "local",
        "environment": "local", "dataset": "rows.jsonl", "digest": "", "select": "", "judge": None, "seconds": 0.0,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
    asked = target or LocalTarget(settings)
    chosen = options or Options()
    try:
        asyncio.run(run(load_dataset(path), asked, folder, chosen))
    finally:
        asked.close()
    return conclude(folder, asked.model, load_thresholds(), chosen.excluded, True)


def below(report: Report) -> set[str]:
    """Return the metrics whose thresholds are not met."""
    return {check.metric for check in report.failing}


def cases(report: Report) -> dict[str, dict[str, Any]]:
    """Return the cases by id."""
    return {case["id"]: case for case in report.cases()}


def metric(report: Report, name: str) -> float:
    """Return a metric over all cases."""
    assert name in known_metrics()
    value = report.summary.total.metrics()[name]
    assert value is not None
    return value
