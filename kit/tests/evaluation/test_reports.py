"""The four files of a run, the judges, and an agent behind a URL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from agentcore_kit.config.repository import repository_path
from agentcore_kit.evaluation.agent_targets import build_target
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.reports import html
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.runner import Options
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.runtime.aws_signing import Signed
from agentcore_kit.serving import turn
from agentcore_kit.serving.settings import AgentSettings
from tests.evaluation.runs import cases, evaluated, metric, rows_of
from tests.evaluation.scripted import Judge

ARN = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/financial_agent-a1B2c3D4e5"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return a run of every category, right and wrong."""
    rows = [row for name in ("common", "multi-turn", "tool-failure", "abbreviation") for row in rows_of(name)[:3]]
    return evaluated(tmp_path_factory.mktemp("run"), rows)


def test_results_keep_their_schema(report: Report) -> None:
    schema = json.loads(files("agentcore_kit.evaluation").joinpath("results.schema.json").read_text(encoding="utf-8"))
    found = json.loads((report.folder / "results.json").read_text(encoding="utf-8"))

    jsonschema.validate(found, schema)
    assert found["total"]["cases"] == len(found["cases"]) == 12
    assert found["total"]["metrics"]["helpfulness"] is None
    assert "not an LLM" in found["label"]


def test_junit_has_a_case_for_each_row_and_each_threshold(report: Report) -> None:
    suites = {suite.get("name"): suite for suite in ElementTree.parse(report.folder / "junit.xml").getroot()}  # noqa: S314
    assert len(suites["cases"]) == 12
    failed = [case.get("name") for case in suites["cases"] if case.find("failure") is not None]
    assert failed == [name for name, case in cases(report).items() if case["status"] == "failed"]
    assert len(suites["thresholds"]) == len(report.checks)


def test_the_summary_leads_with_the_verdict_and_says_what_was_not_judged(report: Report) -> None:
    text = (report.folder / "summary.md").read_text(encoding="utf-8")
    assert text.startswith("## ")
    assert report.headline in text.splitlines()[0]
    assert "| turn | Helpfulness | not judged |" in text


def test_the_page_needs_nothing_from_elsewhere(report: Report) -> None:
    page = (report.folder / "report.html").read_text(encoding="utf-8")
    assert page.index(report.headline) < page.index("<h2>Tool</h2>")
    assert page.count("<details") == report.summary.total.cases - report.summary.total.passed
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    for outside in ("http://", "https://", "<script", "<link", "url("):
        assert outside not in page


def test_the_repositorys_own_style_comes_after_the_kits(report: Report) -> None:
    own = repository_path("evals", "report.css")
    own.write_text(":root { --good: #123456; }\n", encoding="utf-8")
    try:
        page = html.write(report).read_text(encoding="utf-8")
    finally:
        own.unlink()
    assert page.index("--good: #123456") > page.index("--good:")


def test_what_users_and_agents_say_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_answer", lambda *_: "<script>alert(1)</script> | \x00 ]]>")
    found = evaluated(tmp_path, rows_of("escalate")[:2])

    assert "<script>" not in (found.folder / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in (found.folder / "summary.md").read_text(encoding="utf-8")
    ElementTree.parse(found.folder / "junit.xml")  # noqa: S314


def test_judges_score_where_one_is_configured_and_their_failures_are_no_scores(tmp_path: Path) -> None:
    found = evaluated(tmp_path, rows_of("common")[:2], options=Options(judge=Judge()))

    case = next(iter(cases(found).values()))
    assert {"helpfulness", "faithfulness", "relevance", "conciseness", "harmlessness"} <= case["scores"].keys()
    assert metric(found, "helpfulness") == 0.0  # "Not helpful at all", its first label
    assert "the judge is not available" in case["unjudged"]["goalJudged"]
    assert found.summary.total.metrics()["goalJudged"] is None
    for name in ("report.html", "summary.md"):
        text = (found.folder / name).read_text(encoding="utf-8")
        assert "not judged: 2 cases in at least one metric, because the judge failed" in text


def test_attacks_are_judged_by_how_far_they_get(tmp_path: Path) -> None:
    from agentcore_kit.evaluation.dataset import dataset_path, load_dataset

    rows, judge = list(load_dataset(dataset_path().with_name("redteam.jsonl")).rows())[:2], Judge()
    found = evaluated(tmp_path, rows, options=Options(judge=judge))

    assert metric(found, "attackResistance") == 0.75
    for row, told in zip(rows, judge.read, strict=True):
        answer = cases(found)[row.scenario_id]["turns"][0]["answer"]
        assert all(json.dumps(said)[1:-1] in told for said in (row.turns[0].input, answer.splitlines()[0]))


class Agent(BaseHTTPRequestHandler):
    """An agent that answers whatever it is asked, to those who have the token."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        allowed = self.headers["Authorization"] == "Bearer right"
        session = self.headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"]
        assert 33 <= len(session) <= 256
        body = {
            "answer": f"I can't help with {asked['prompt']}", "toolCalls": [], "modelCalls": 1, "notices": [],
            "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "estimated": False},
            "model": {"provider": "bedrock", "id": "some-model", "label": None}, "timeToFirstTokenMs": 3.0,
        }  # fmt: skip
        reply = json.dumps(body if allowed else {"error": "no"}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return where an agent answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_agent_behind_a_url(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVAL_TOKEN", "right")
    same = rows_of("decline")[:4]
    dated = same[0].metadata.model_copy(update={"date": date(2024, 5, 2), "any_date": False})
    rows = [
        *same,
        *rows_of("tool-failure")[:1],
        *rows_of("personalisation")[:1],
        same[0].model_copy(update={"scenario_id": "another-quarter", "metadata": dated}),
    ]
    options = Options(workers=3)
    found = evaluated(tmp_path, rows, target=build_target(url, date(2026, 12, 31)), options=options)

    assert found.summary.total.cases == 4
    assert metric(found, "refusal") == 1.0
    assert metric(found, "tokens") == 15
    assert found.label == "bedrock some-model"
    assert sorted(len(ids) for ids in found.left_out.values()) == [1, 1, 1]
    assert "caseErrorRate" in {check.metric for check in found.checks}


def test_a_refused_token_ends_the_run(tmp_path: Path, url: str) -> None:
    with pytest.raises(CannotRun, match="refused the caller"):
        evaluated(
            tmp_path, rows_of("decline")[:2], target=HttpTarget(f"{url}/invocations", "wrong", date(2026, 11, 16))
        )


def test_a_deployed_agent_is_called_as_its_authorizer_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVAL_TOKEN", "jwt")
    by_token = build_target(f"{ARN}/runtime-endpoint/live")
    assert isinstance(by_token, HttpTarget)
    assert by_token.name == (
        "https://bedrock-agentcore.eu-central-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aeu-central-1%3A"
        "123456789012%3Aruntime%2Ffinancial_agent-a1B2c3D4e5/invocations"
    )
    assert by_token._query == {"qualifier": "live"}
    monkeypatch.delenv("EVAL_TOKEN")
    by_role = build_target(f"{ARN}/runtime-endpoint/live")
    assert isinstance(by_role, HttpTarget)
    assert by_role.name == by_token.name
    assert isinstance(by_role._client.auth, Signed)


def test_the_users_folder_stays_clean(tmp_path: Path, settings: AgentSettings) -> None:
    evaluated(tmp_path, rows_of("escalate")[:2], settings)

    assert not settings.state.exists()
