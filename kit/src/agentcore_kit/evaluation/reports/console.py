"""The tables that a run ends with in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentcore_kit.evaluation.metric import show
from agentcore_kit.evaluation.metrics import category_metrics, known_metrics
from agentcore_kit.evaluation.reports.report import LEVELS, Report
from agentcore_kit.evaluation.results import why
from agentcore_kit.evaluation.runs import NoSuchRun, read_run

MOST_CASES = 10
"""How many cases are shown of those that went wrong, where a run does not pass."""


def print_report(report: Report, console: Console) -> None:
    """Print metrics by level, cases by category, and the verdict last, where the eye ends."""
    console.print(_levels(report))
    console.print(_categories(report))
    for remark in report.remarks:
        console.print(f"[yellow]{escape(remark)}[/]")
    if not report.passed and (wrong := _wrong(report)):
        console.print(wrong)
    colour = "green" if report.passed else "red"
    console.print(f"[bold {colour}]{escape(report.headline)}[/]")
    console.print(f"[yellow]{escape(report.label)}[/]" if report.info["model"].get("label") else escape(report.label))
    if report.price:
        console.print(f"[dim]{escape(report.price)}[/]")


def print_runs(results: Path) -> None:
    """Print the runs that can be compared, the last one last, and how.

    Args:
        results: The folder that has a folder for each run.

    Raises:
        ValueError: When what a run says of itself is damaged.
    """
    found = sorted((read_run(path.parent) for path in results.glob("*/run.json")), key=lambda run: str(run["started"]))
    if not found:
        raise NoSuchRun(f"there is no run in {results}", "make one: kit eval")
    width = max(len(run["run"]) for run in found)
    for run in found:
        model = run.get("model") or {}
        asked = model.get("label") or model.get("id") or "no model"
        print(f"{run['run']:<{width}}  {run.get('dataset')}  {asked}{'' if run.get('finished') else '  unfinished'}")
    print("\ncompare one with the last: kit compare RUN; two with each other: kit compare BEFORE AFTER")


def _levels(report: Report) -> Table:
    table = Table("level", "metric", box=None, header_style="dim", pad_edge=False)
    for name in ("reached", "needed", "cases"):
        table.add_column(name, justify="right")
    found, counts = report.summary.total.metrics(), report.summary.total.counts()
    for level in LEVELS:
        name = level
        for metric in (each for each in known_metrics().values() if each.level == level):
            check = report.check(metric.name)
            style = "red" if check in report.failing else "green" if check and check.met else ""
            value = show(metric, found[metric.name])
            shown = f"[{style}]{value}[/]" if style else value
            count = str(counts.get(metric.name, ""))
            table.add_row(name, metric.title, shown, check.limit if check else "", count)
            name = ""
    return table


def _wrong(report: Report) -> str:
    """Return the first cases that went wrong, and why."""
    wrong, more = report.wrong_cases(MOST_CASES)
    lines = [f"  {case['id']}: {' '.join(why(case).split())[:300]}" for case in wrong]
    return escape("\n".join([*lines, *([f"  and {more} more, in report.html"] if more > 0 else [])]))


def _categories(report: Report) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, collapse_padding=True)
    table.add_column("category", no_wrap=True)
    for name in ("cases", "right", *(known_metrics()[metric].title for metric in category_metrics())):
        table.add_column(name, justify="right", no_wrap=" " not in name)  # a word is never cut, two may be two lines
    for name, tally in sorted(report.summary.categories.items()):
        found = tally.metrics()
        values = [show(known_metrics()[metric], found[metric]) for metric in category_metrics()]
        table.add_row(name, str(tally.cases), str(tally.passed), *values)
    return table
