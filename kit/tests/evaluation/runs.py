"""Small evaluation runs for tests: some rows of the dataset, against the agent in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.cli import main
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Row, load_dataset
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.runner import Options, run
from agentcore_kit.evaluation.runs import conclude
from agentcore_kit.evaluation.target import Target
from agentcore_kit.evaluation.thresholds import load_thresholds
from agentcore_kit.kinds.base import kind_of_repository
from agentcore_kit.serving.settings import AgentSettings


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str]:
    """Run a command of `kit`, and return its exit code and what it printed."""
    with pytest.raises(SystemExit) as stopped:
        main([*arguments])
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.err + printed.out


def rows_of(*words: str) -> list[Row]:
    """Return the dataset's rows of these ids, categories or tags."""
    dataset = load_dataset()
    chosen = {entry.id for entry in dataset.entries if {entry.id, entry.category, *entry.tags} & {*words}}
    return list(dataset.rows(lambda entry: entry.id in chosen))


def copies(row: Row, number: int) -> list[Row]:
    """Return so many rows like one, with ids of their own."""
    return [row.model_copy(update={"scenario_id": f"{row.scenario_id[:80]}-{index}"}) for index in range(number)]


def one_call() -> Iterator[Row]:
    """Yield the rows of one turn with one right end, which is one call of a tool of the agent's own."""
    for row in load_dataset().rows():
        best, *others = row.metadata.expect[0]
        alone = len(row.turns) == 1 and not others and len(best.calls) == 1
        if alone and best.figures and best.calls[0].name in own_tools():
            yield row


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
    chosen.evaluators = kind_of_repository().evaluators()
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
