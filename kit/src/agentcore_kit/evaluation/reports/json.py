"""`results.json`, for programs; its fields are described in `results.schema.json` of `evaluation`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentcore_kit.evaluation.prices import case_usd, price_of_run
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.summary import Tally


def write(report: Report) -> Path:
    """Write the file and return its path."""
    path = report.folder / "results.json"
    head = {
        "run": report.info,
        "verdict": "passed" if report.passed else "failed",
        "headline": report.headline,
        "finished": report.finished,
        "label": report.label,
        "total": _tally(report.summary.total),
        "categories": {name: _tally(tally) for name, tally in sorted(report.summary.categories.items())},
        "thresholds": [asdict(check) for check in report.checks],
        "leftOut": report.left_out,
    }
    price = price_of_run(report.info)
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, indent=2, ensure_ascii=False)[:-2] + ',\n  "cases": [')
        for number, case in enumerate(report.cases()):
            priced = {**case, "usd": case_usd(case, price)}
            file.write((",\n" if number else "\n") + json.dumps(priced, ensure_ascii=False))
        file.write("\n  ]\n}\n")
    return path


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "cases": tally.cases,
        "passed": tally.passed,
        "errors": tally.errors,
        "turns": tally.turns,
        "usd": tally.usd,
        "metrics": tally.metrics(),
        "counts": tally.counts(),
    }
