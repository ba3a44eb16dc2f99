"""`junit.xml`, which test viewers of pipelines read: a case that could not run is an error, a wrong one a failure."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from agentcore_kit.evaluation.metric import show
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.results import why

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report) -> Path:
    """Write the file and return its path."""
    path = report.folder / "junit.xml"
    total, gates = report.summary.total, report.checks
    failures = total.cases - total.passed - total.errors - total.undecided
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        few, failed = bool(report.too_few), len(report.failing)
        file.write(f'<testsuite name="thresholds" tests="{len(gates) + few}" failures="{failed + few}">\n')
        if few:
            file.write('<testcase classname="threshold.rows" name="Rows left out because of their date">')
            file.write(f"<failure message={quoteattr(report.too_few)}/></testcase>\n")
        for check in gates:
            metric, reached = known_metrics()[check.metric], show(known_metrics()[check.metric], check.value)
            file.write(f'<testcase classname="threshold.{metric.level}" name={quoteattr(metric.title)}>')
            if check in report.failing:
                low = [
                    f"{each.case} turn {each.turn}: {show(metric, each.score)}: {each.reason}"
                    for each in report.low.get(check.metric, ())
                ]
                file.write(f"<failure message={quoteattr(f'{reached}, needed {check.limit}')}>")
                file.write(f"{escape(_clean(chr(10).join(low)))}</failure>")
            elif check.met is None:
                file.write('<skipped message="nothing to measure"/>')
            file.write("</testcase>\n")
        file.write(
            f'</testsuite>\n<testsuite name="cases" tests="{total.cases}" '
            f'failures="{failures}" errors="{total.errors}" skipped="{total.undecided}">\n'
        )
        for case in report.cases():
            name, classname = quoteattr(case["id"]), quoteattr(f"case.{case['category']}")
            file.write(f'<testcase classname={classname} name={name} time="{case["seconds"]}">')
            if case["status"] == "error":
                file.write(f"<error message={_attribute(case['error'])}/>")
            elif case["status"] == "failed":
                answers = "\n".join(f"> {turn['input']}\n{turn['answer']}" for turn in case["turns"])
                file.write(f"<failure message={_attribute(why(case))}>{escape(_clean(answers))}</failure>")
            elif case["status"] == "unjudged":
                file.write(f"<skipped message={_attribute(why(case))}/>")
            file.write("</testcase>\n")
        file.write("</testsuite>\n</testsuites>\n")
    return path


def _attribute(text: str) -> str:
    return quoteattr(_clean(text)[:500])


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
