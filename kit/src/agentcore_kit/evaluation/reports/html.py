"""`report.html`: what the page shows. How it looks is in `report.html.jinja`, and its colours are in `report.css`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from agentcore_kit.config.prices import Price
from agentcore_kit.config.repository import repository_path
from agentcore_kit.evaluation.expectations import Call, JudgedInput, fits
from agentcore_kit.evaluation.metric import Metric, show
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.prices import case_usd, price_of_run
from agentcore_kit.evaluation.reports.charts import histogram
from agentcore_kit.evaluation.reports.report import LEVELS, Report
from agentcore_kit.evaluation.results import CaseResult, written

MOST_CASES = 200
LONGEST_RESULT = 300
_STYLE = Path(__file__).with_name("report.css")
_MARKS = {True: "✓", False: "✗"}


@dataclass(frozen=True)
class Line:
    """A metric as the page shows it; `share` and `mark` are from 0 to 1, and None where nothing is drawn."""

    title: str
    value: str
    count: int | None
    share: float | None
    mark: float | None
    kind: str
    needed: str
    fails: bool
    unknown: bool


def write(report: Report) -> Path:
    """Write the file and return its path."""
    path = report.folder / "report.html"
    loader = PackageLoader("agentcore_kit.evaluation", "reports")
    template = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "report.html.jinja"
    )
    with path.open("w", encoding="utf-8") as file:
        file.writelines(template.generate(**_content(report)))
    return path


def _style() -> str:
    """Return the kit's style, and after it the repository's own, evals/report.css, where there is one."""
    own = repository_path("evals", "report.css")
    return _STYLE.read_text(encoding="utf-8") + (own.read_text(encoding="utf-8") if own.is_file() else "")


def _content(report: Report) -> dict[str, Any]:
    total = report.summary.total
    wrong = (case for case in report.cases() if case["status"] != "passed")
    measured = [
        (total.latencies, "Latency of a turn, ms"),
        (total.first_tokens, "Time to first token, ms"),
        (total.tokens, "Tokens of a turn"),
    ]
    return {
        "report": report,
        "info": report.info,
        "style": _style(),
        "tiles": [
            ("cases", total.cases),
            ("right", total.passed),
            ("wrong", total.cases - total.passed - total.errors - total.undecided),
            *([("not judged", total.undecided)] if total.undecided else []),
            ("could not run", total.errors),
            ("seconds", f"{report.info['seconds']:.1f}"),
            *([("USD", f"{total.usd:.4f}")] if total.usd is not None else []),
        ],
        "levels": [(level, list(_lines(report, level))) for level in LEVELS],
        "categories": sorted(report.summary.categories.items(), key=lambda item: item[1].passed / item[1].cases),
        "distributions": [histogram(values, title) for values, title in measured if any(values)],
        "number_wrong": total.cases - total.passed,
        "most_cases": MOST_CASES,
        "low": [
            (known_metrics()[metric], [(each, show(known_metrics()[metric], each.score)) for each in turns])
            for metric, turns in report.low.items()
        ],
        "wrong": map(partial(_case, price_of_run(report.info)), islice(wrong, MOST_CASES)),
    }


def _lines(report: Report, level: str) -> Iterator[Line]:
    found, counts = report.summary.total.metrics(), report.summary.total.counts()
    for metric in known_metrics().values():
        if metric.level == level:
            yield _line(report, metric, found[metric.name], counts.get(metric.name))


def _line(report: Report, metric: Metric, value: float | None, count: int | None) -> Line:
    check = report.check(metric.name)
    fails = check in report.failing if check else False
    share = value if metric.unit == "share" else None
    return Line(
        title=metric.title,
        value=show(metric, value),
        count=count,
        share=share,
        mark=float(check.limit.split()[1]) / 100 if check and metric.unit == "share" else None,
        kind="bad" if fails else "good" if check else "column",
        needed=f"{check.limit} {'' if check.met is None else _MARKS[not fails]}" if check else "",
        fails=fails,
        unknown=value is None,
    )


def _case(price: Price | None, case: CaseResult) -> dict[str, Any]:
    titles = {name: metric.title for name, metric in known_metrics().items()}
    failed = ", ".join(titles[name] for name, score in case["scores"].items() if _tells(name, score))
    reasons = {**case["reasons"], **case["unjudged"]}
    return case | {
        "asked": case.get("asked"),  # and not answered
        "usd": case_usd(case, price),
        "said": case["turns"][0]["input"] if case["turns"] else case.get("asked", case["id"]),
        "summary": f"could not run: {case['error']}" if case["status"] == "error" else failed or _undecided(case),
        "why": [(titles[name], text) for name, text in reasons.items() if _tells(name, case["scores"].get(name, 0.0))],
        "turns": [_turn(turn) for turn in case["turns"]],
    }


def _tells(name: str, score: float) -> bool:
    """Whether a score says what went wrong; those of whole sessions only repeat it."""
    metric = known_metrics()[name]
    return metric.level != "session" and (score < 1 if metric.higher_is_better else score > 0)


def _turn(turn: dict[str, Any]) -> dict[str, Any]:
    expected = turn["expected"]
    figures = ", ".join(map(str, expected.get("figures", [])))
    calls = [
        call
        | {
            "written": written(call["name"], call["input"]),
            "shown": json.dumps(call["result"], ensure_ascii=False, default=str)[:LONGEST_RESULT],
        }
        for call in turn["calls"]
    ]
    wanted = [Call.model_validate(call) for call in expected.get("calls", [])]
    return turn | {
        "calls": calls,
        "tokens": "not reported" if turn["tokens"] is None else turn["tokens"],
        "judgements": [
            (known_metrics()[each["metric"]], show(known_metrics()[each["metric"]], each["score"]), each["reason"])
            for each in turn.get("judgements", ())
        ],
        "difference": _difference(wanted, calls, turn.get("judged", [])),
        "expectation": expected["outcome"] + (f" with {figures}" if figures else ""),
    }


def _undecided(case: CaseResult) -> str:
    return "not judged" if case["status"] == "unjudged" else ""


def _difference(wanted: list[Call], made: list[dict[str, Any]], judged: list[JudgedInput]) -> list[tuple[str, str]]:
    """Return the expected calls against the made ones, as a diff: the class of each line, and the line."""
    fitting = [[fits(call["name"], call["input"], each, judged) for call in made] for each in wanted]
    lines = [("same", f"  {each}") for each, found in zip(wanted, fitting, strict=True) if True in found]
    lines += [
        ("minus", f"{'?' if None in found else '-'} {each}")
        for each, found in zip(wanted, fitting, strict=True)
        if True not in found
    ]
    other = [call["written"] for index, call in enumerate(made) if all(found[index] is False for found in fitting)]
    return lines + [("plus", f"+ {call}") for call in dict.fromkeys(other)]
