"""`summary.md`, for the job summary and the comment on a pull request: verdict first, then tables."""

from __future__ import annotations

from pathlib import Path

from agentcore_kit.evaluation.metric import show
from agentcore_kit.evaluation.metrics import category_metrics, known_metrics
from agentcore_kit.evaluation.reports.report import LEVELS, Report
from agentcore_kit.evaluation.results import why

MOST_CASES = 20


def write(report: Report) -> Path:
    """Write the file and return its path."""
    path = report.folder / "summary.md"
    path.write_text(text(report), encoding="utf-8")
    return path


def text(report: Report) -> str:
    """Return the summary."""
    info = report.info
    parts = [
        f"## {'✅' if report.passed else '❌'} {report.headline}",
        f"{report.label} · target {info['target']} · {info['dataset']} · {info['seconds']:.1f} s",
        report.price,
        report.judging,
        _metrics(report),
        _categories(report),
        "\n".join(f"- {remark}" for remark in report.remarks),
        _failing(report),
        _judged_low(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metrics(report: Report) -> str:
    found, counts = report.summary.total.metrics(), report.summary.total.counts()
    lines = ["| level | metric | reached | needed | cases |", "| --- | --- | ---: | ---: | ---: |"]
    for level in LEVELS:
        for metric in (each for each in known_metrics().values() if each.level == level):
            check = report.check(metric.name)
            mark = "" if check is None else (" ❌" if check in report.failing else "")
            needed = check.limit if check else ""
            value = show(metric, found[metric.name])
            lines.append(f"| {level} | {metric.title} | {value}{mark} | {needed} | {counts.get(metric.name, '')} |")
    return "\n".join(lines)


def _categories(report: Report) -> str:
    titles = " | ".join(known_metrics()[name].title for name in category_metrics())
    lines = [f"| category | cases | right | {titles} |", "| --- | ---: | ---: |" + " ---: |" * len(category_metrics())]
    for name, tally in sorted(report.summary.categories.items()):
        found = tally.metrics()
        values = " | ".join(show(known_metrics()[metric], found[metric]) for metric in category_metrics())
        lines.append(f"| {name} | {tally.cases} | {tally.passed} | {values} |")
    return "\n".join(lines)


def _failing(report: Report) -> str:
    wrong, more = report.wrong_cases(MOST_CASES)
    lines = [f"- `{case['id']}` {_cell(why(case))}" for case in wrong]
    if not lines:
        return ""
    if more > 0:
        lines.append(f"- and {more} more, in report.html")
    return "<details><summary>Cases that went wrong</summary>\n\n" + "\n".join(lines) + "\n\n</details>"


def _judged_low(report: Report) -> str:
    lines = []
    for name, turns in report.low.items():
        metric = known_metrics()[name]
        for each in turns:
            score = show(metric, each.score)
            lines.append(f"- `{each.case}` turn {each.turn}, {metric.title} {score}: {_cell(each.reason)}")
    return "<details><summary>Turns judged lowest</summary>\n\n" + "\n".join(lines) + "\n\n</details>" if lines else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").replace("<", "&lt;").split())[:300]
