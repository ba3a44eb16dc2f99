"""The four files of a run: `results.json`, `junit.xml`, `summary.md` and `report.html`."""

from __future__ import annotations

from pathlib import Path

from agentcore_kit.evaluation.reports import html, json, junit, markdown
from agentcore_kit.evaluation.reports.report import Report


def write(report: Report) -> list[Path]:
    """Write all files into the run's folder; the cases are streamed, however many there are."""
    return [writer.write(report) for writer in (json, junit, markdown, html)]
