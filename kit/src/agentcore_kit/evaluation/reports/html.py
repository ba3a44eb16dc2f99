"""`report.html`: one self-contained page, the verdict first; for the desk, the phone and paper, light and dark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

from agentcore_kit.evaluation.metric import Metric, show
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.reports.charts import bar, histogram
from agentcore_kit.evaluation.reports.report import LEVELS, Report
from agentcore_kit.evaluation.results import written

MOST_CASES = 200
_STYLE = Path(__file__).with_name("report.css")
_MARKS = {True: "✓", False: "✗"}


def write(report: Report) -> Path:
    """Write the file and return its path."""
    path = report.folder / "report.html"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_page(report))
    return path


def _page(report: Report) -> Iterator[str]:
    title = escape(f"Evaluation of {report.info['agent']}")
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{title}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head><body><main>\n"
    yield _verdict(report, title)
    yield _remarks(report)
    for level in LEVELS:
        yield _level(report, level)
    yield _categories(report)
    yield _distributions(report)
    yield from _wrong(report)
    yield "</main></body></html>\n"


def _verdict(report: Report, title: str) -> str:
    info, total = report.info, report.summary.total
    wrong = total.cases - total.passed - total.errors
    tiles = "".join(
        f'<div class="tile"><b>{value}</b><span>{name}</span></div>'
        for name, value in (
            ("cases", total.cases),
            ("right", total.passed),
            ("wrong", wrong),
            ("could not run", total.errors),
            ("seconds", f"{info['seconds']:.1f}"),
        )
    )
    started = info["started"][:16].replace("T", " ")
    facts = f"{info['target']} · {info['dataset']} · environment {info['environment']} · {started} UTC"
    kind = "passed" if report.passed else "failed"
    return (
        f'<header class="{kind}"><p class="quiet">{title}</p><h1>{escape(report.headline)}</h1>'
        f'<p class="label">{escape(report.label)}</p><p class="quiet">{escape(facts)}</p></header>'
        f'<section class="tiles">{tiles}</section>\n'
    )


def _remarks(report: Report) -> str:
    lines = "".join(f"<li>{escape(remark)}</li>" for remark in report.remarks)
    return f"<section><h2>In no figure</h2><ul>{lines}</ul></section>\n" if lines else ""


def _level(report: Report, level: str) -> str:
    found, counts = report.summary.total.metrics(), report.summary.total.counts()
    metrics = [metric for metric in known_metrics().values() if metric.level == level]
    rows = "".join(_metric(report, metric, found[metric.name], counts.get(metric.name)) for metric in metrics)
    return f'<section><h2>{level.capitalize()}</h2><div class="metrics">{rows}</div></section>\n'


def _metric(report: Report, metric: Metric, value: float | None, count: int | None) -> str:
    check = report.check(metric.name)
    fails = check in report.failing if check else False
    mark = None
    if check and metric.unit == "share":
        mark = float(check.limit.split()[1]) / 100
    kind = "bad" if fails else "good" if check else "column"
    drawn = bar(value, mark=mark, kind=kind) if value is not None and metric.unit == "share" else ""
    unknown = " unknown" if value is None else ""
    needed = (
        f'<span class="quiet">{check.limit} {"" if check.met is None else _MARKS[not fails]}</span>' if check else ""
    )
    over = f'<span class="quiet"> of {count}</span>' if count else ""
    return (
        f'<div class="metric{" below" if fails else ""}"><span class="name">{metric.title}</span>'
        f'<span class="value{unknown}">{show(metric, value)}{over}</span><span class="chart">{drawn}</span>'
        f'<span class="needed">{needed}</span></div>'
    )


def _categories(report: Report) -> str:
    rows = "".join(
        f'<div class="metric"><span class="name">{escape(name)}</span>'
        f'<span class="value">{tally.passed} of {tally.cases}</span>'
        f'<span class="chart">{bar(tally.passed / tally.cases)}</span><span class="needed quiet">'
        f"{f'{tally.errors} could not run' if tally.errors else ''}</span></div>"
        for name, tally in sorted(report.summary.categories.items(), key=lambda item: item[1].passed / item[1].cases)
    )
    return f'<section><h2>Cases right, by category</h2><div class="metrics">{rows}</div></section>\n'


def _distributions(report: Report) -> str:
    total = report.summary.total
    measured = [
        (total.latencies, "Latency of a turn, ms"),
        (total.first_tokens, "Time to first token, ms"),
        (total.tokens, "Tokens of a turn"),
    ]
    charts = "".join(histogram(values, title) for values, title in measured if any(values))
    return f'<section><h2>Distributions</h2><div class="charts">{charts}</div></section>\n' if charts else ""


def _wrong(report: Report) -> Iterator[str]:
    total = report.summary.total
    number = total.cases - total.passed
    yield f"<section><h2>Cases that went wrong ({number})</h2>\n"
    if number > MOST_CASES:
        yield f'<p class="quiet">The first {MOST_CASES}; all are in results.json.</p>'
    wrong = (case for case in report.cases() if case["status"] != "passed")
    for case in islice(wrong, MOST_CASES):
        yield _case(case)
    yield "</section>\n"


def _case(case: dict[str, Any]) -> str:
    failed = ", ".join(known_metrics()[name].title for name, score in case["scores"].items() if _tells(name, score))
    summary = f"could not run: {case['error']}" if case["status"] == "error" else failed
    said = case["turns"][0]["input"] if case["turns"] else case.get("asked", case["id"])
    turns = "".join(_turn(turn, number) for number, turn in enumerate(case["turns"], 1))
    if "asked" in case:  # and not answered
        turns += f'<div class="turn">{_user(case["asked"], len(case["turns"]) + 1)}</div>'
    reasons = "".join(
        f"<li><b>{known_metrics()[name].title}</b> {escape(text)}</li>"
        for name, text in {**case["reasons"], **case["unjudged"]}.items()
        if _tells(name, case["scores"].get(name, 0.0))
    )
    return (
        f'<details class="case {case["status"]}"><summary><span>{escape(said)}</span>'
        f'<span class="quiet">{escape(case["category"])} · {escape(summary)}</span></summary>'
        f'<p class="quiet"><code>{escape(case["id"])}</code> · the agent was told {case["date"]}</p>'
        f"<ul>{reasons}</ul>{turns}</details>\n"
    )


def _tells(name: str, score: float) -> bool:
    """Whether a score says what went wrong; those of whole sessions only repeat it."""
    return known_metrics()[name].level != "session" and (
        score < 1 if known_metrics()[name].higher_is_better else score > 0
    )


def _turn(turn: dict[str, Any], number: int) -> str:
    calls = "".join(_traced(call) for call in turn["calls"])
    trace = f"<ol>{calls}</ol>" if calls else '<p class="quiet">no tool called</p>'
    first = f", first token after {turn['firstTokenMs']:.0f} ms" if turn["firstTokenMs"] is not None else ""
    about = " (estimated)" if turn["estimated"] else ""
    cost = f"model calls: {turn['modelCalls']}, tokens: {turn['tokens']}{about}, {turn['latencyMs']:.0f} ms{first}"
    return (
        f'<div class="turn">{_user(turn["input"], number)}'
        f'<div class="agent"><b>Agent</b><pre>{escape(turn["answer"])}</pre></div>'
        f'<h4>Trace</h4>{trace}<p class="quiet">{cost}</p>{_difference(turn)}</div>'
    )


def _user(said: str, number: int) -> str:
    return f'<p class="user"><b>User {number}</b> {escape(said)}</p>'


def _traced(call: dict[str, Any]) -> str:
    result = json.dumps(call["result"], ensure_ascii=False, default=str)[:300]
    failed = ' class="bad"' if call["status"] == "error" else ""
    return (
        f"<li{failed}><code>{escape(written(call['name'], call['input']))}</code> "
        f'<span class="quiet">{call["durationMs"]:.1f} ms → {escape(result)}</span></li>'
    )


def _difference(turn: dict[str, Any]) -> str:
    """Return the expected calls against the made ones, as a diff; and what the answer should have been."""
    expected = turn["expected"]
    wanted = [written(call["name"], call["input"]) for call in expected.get("calls", [])]
    made = [written(call["name"], call["input"]) for call in turn["calls"]]
    lines = [("same", f"  {call}") for call in wanted if call in made]
    lines += [("minus", f"- {call}") for call in wanted if call not in made]
    lines += [("plus", f"+ {call}") for call in dict.fromkeys(made) if call not in wanted]
    body = (
        "\n".join(f'<span class="{kind}">{escape(text)}</span>' for kind, text in lines)
        or "no call expected, none made"
    )
    figures = ", ".join(map(str, expected.get("figures", [])))
    asked = expected["outcome"] + (f" with {figures}" if figures else "")
    return (
        f'<h4>Expected (−) and made (+) calls</h4><pre class="diff">{body}</pre><p class="quiet">Expected: {asked}</p>'
    )
