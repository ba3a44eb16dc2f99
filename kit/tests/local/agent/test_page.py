"""What the page of an agent is told by its server. Marked `integration`: `kit dev` serves it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.local.page.app import KEY_HEADER
from agentcore_kit.runtime.telemetry import SPAN_FILE
from agentcore_kit.testing.agent_client import local_agent
from tests.homes import home_in
from tests.local.page_server import Page, dev, new_session, printed

pytestmark = pytest.mark.integration

TRACE = "7874e825fb89a950cc27ce822919ea66"
PLAIN = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()


class Plain:
    def run(self):
        HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Healthy).serve_forever()


app = Plain()
"""
"""An application that `kit dev` can run, and no more."""


def trace_of(page: Page, trace_id: str) -> dict[str, Any]:
    """Return a trace once its first span has ended, as the page waits for it."""
    found = {"complete": False}
    while not found["complete"]:
        time.sleep(0.1)
        found = page.get(f"traces/{trace_id}").json()
    return found


def test_a_question_without_the_key_is_answered_and_not_kept(page: Page) -> None:
    session = new_session()
    headers = page.headers("kim", session)
    del headers[KEY_HEADER]
    answered = httpx.post(f"{page.address}/invocations", json={"prompt": "hello"}, headers=headers, timeout=60)
    assert answered.status_code == 200
    assert page.get(f"sessions/{session}").status_code == 404


def test_the_report_of_the_last_evaluation_is_shown_to_who_has_its_address(page: Page) -> None:
    assert page.get("report").json() == {"run": None, "address": None}
    folder = page.home / "evals" / "results" / "first"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"run": "first", "started": "2026-11-28T10:00:00.000+00:00"}')
    (folder / "report.html").write_text("<style>p { color: red }</style><p>done</p>")
    told = page.get("report").json()
    assert told["run"] == "first"
    found = httpx.get(page.address + told["address"])
    assert "<p>done</p>" in found.text
    assert "default-src 'none'; style-src" in found.headers["content-security-policy"]
    assert httpx.get(f"{page.address}{told['address'][:-1]}x").status_code == 404


def test_without_kit_dev_there_is_no_page(tmp_path: Path) -> None:
    with local_agent(home_in(tmp_path / "home")) as agent:
        address = agent.url.removesuffix("/invocations")
        assert [httpx.get(f"{address}{path}").status_code for path in ("/", "/page/api/agent")] == [404, 404]


def test_it_says_what_agent_this_is_and_offers_questions_that_it_answers(page: Page) -> None:
    told = page.get("agent").json()
    assert told["name"] == "example-agent"
    assert told["model"]["label"], "that it is no LLM must be shown"
    assert told["price"] is None
    assert told["users"][0] == "developer"
    assert told["examples"]
    assert page.ask(told["examples"][0])[-1]["type"] == "result"


@pytest.mark.parametrize("body", [{}, {"user": ""}, {"user": 7}, {"user": "x" * 200}, {"user": "Kim", "claims": [1]}])
def test_a_user_who_is_none_gets_no_token(page: Page, body: dict[str, Any]) -> None:
    refused = page.post("token", body)
    assert (refused.status_code, "user" in refused.json()["error"]) == (400, True)


def test_a_turn_is_kept_with_its_trace_and_the_session_goes_on(page: Page) -> None:
    session = new_session()
    (first, second) = page.get("agent").json()["examples"][:2]
    answered = page.ask(first, "kim", session, TRACE)[-1]
    page.ask(second, "kim", session)
    kept = page.get(f"sessions/{session}").json()
    assert [turn["question"] for turn in kept["turns"]] == [first, second]
    assert (kept["turns"][0]["last"], kept["turns"][0]["traceId"]) == (answered, TRACE)
    listed = page.get("sessions").json()["sessions"][0]
    assert (listed["id"], listed["user"], listed["title"], listed["turns"]) == (session, "kim", first, 2)
    assert listed["inputTokens"] > answered["usage"]["inputTokens"]
    assert listed["usd"] is None, "the offline model has no price"
    spans = trace_of(page, TRACE)["spans"]
    (root,) = [span for span in spans if span["parent"] is None]
    assert root["name"] == "POST /invocations"
    ids = {span["id"] for span in spans}
    assert all(span["parent"] in ids for span in spans if span is not root)
    assert all(span["startMs"] >= 0 and span["ms"] >= 0 for span in spans)
    assert {span["source"] for span in spans} == {"example-agent"}


def test_two_users_at_once_keep_their_own_sessions(page: Page) -> None:
    sessions = {user: new_session() for user in ("ana", "ben")}
    for question in page.get("agent").json()["examples"][:2]:
        for user, session in sessions.items():
            page.ask(question, user, session)
    for user, session in sessions.items():
        assert {turn["user"] for turn in page.get(f"sessions/{session}").json()["turns"]} == {user}


def test_what_repositories_beside_it_recorded_belongs_to_the_trace(page: Page) -> None:
    trace_id = "1" * 32
    page.ask("hello", trace=trace_id)
    own = trace_of(page, trace_id)["spans"]
    other = page.home.parent / "market-data"
    file = other / ".local" / SPAN_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    (other / "manifest.yaml").write_text("kind: Tool\n")
    span = {
        "name": "tools/call", "context": {"span_id": "0x00000000000000aa", "trace_id": f"0x{trace_id}"},
        "parent_id": own[-1]["id"], "start_time": "2026-11-28T13:56:20.293520Z",
        "end_time": "2026-11-28T13:56:20.303520Z", "status": {"status_code": "ERROR"}, "attributes": {}, "events": [],
    }  # fmt: skip
    whole = json.dumps(span)
    file.write_text(f"{whole[:40]}\n{whole}\nno span of {trace_id}\n{whole[:90]}")  # of which one line is whole
    (added,) = [one for one in page.get(f"traces/{trace_id}").json()["spans"] if one["source"] == "market-data"]
    assert (added["parent"], added["failed"], added["ms"]) == (own[-1]["id"], True, 10.0)


@pytest.mark.parametrize("wrong", ["0", "x" * 32, "..%2f..", "F" * 32])
def test_what_is_no_trace_is_told(page: Page, wrong: str) -> None:
    assert page.get(f"traces/{wrong}").status_code == 404


def test_a_row_is_shown_first_and_written_when_it_is_right(page: Page) -> None:
    dataset = page.home / "evals" / "dataset.jsonl"
    before = dataset.read_text()
    told = page.ask(page.get("agent").json()["examples"][0])[-1]
    calls = [{"name": one["name"], "input": one["input"]} for one in told["toolCalls"]]
    row = {"question": "Is this asked nowhere else?", "calls": calls, "figures": []}
    shown = page.post("rows", row).json()
    assert f'+{{"scenario_id":"{shown["id"]}"' in shown["difference"]
    assert dataset.read_text() == before
    assert page.post("rows", {**row, "write": True}).json() == {"id": shown["id"], "written": "evals/dataset.jsonl"}
    assert dataset.read_text().startswith(before)
    assert page.post("rows", row).json()["difference"] == "", "it is there"
    other = page.post("rows", {**row, "calls": [], "outcome": "decline"})
    assert (other.status_code, "expects something else" in other.json()["error"]) == (400, True)
    assert other.json()["next"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"calls": []}, "question"),
        ({"question": " "}, "question is empty"),
        ({"question": "What?", "outcome": "shrug"}, "one of answer"),
        ({"question": "What?", "calls": [{"name": "x"}]}, "calls.0.input"),
        ({"question": "Which?", "calls": [{"name": "noSuchTool", "input": {}}], "write": True}, "noSuchTool"),
    ],
)
def test_a_row_that_is_wrong_is_told_and_changes_nothing(page: Page, row: dict[str, Any], said: str) -> None:
    dataset = page.home / "evals" / "dataset.jsonl"
    before = dataset.read_bytes()
    refused = page.post("rows", row)
    assert (refused.status_code, said in refused.json()["error"]) == (400, True), refused.text
    assert dataset.read_bytes() == before


@pytest.mark.parametrize("raw", [b"", b"[1]", b"{", b"{" * 60_000, b"[" * 40_000, b'"' + b"x" * 1_100_000 + b'"'])
def test_a_body_that_is_none_is_refused(page: Page, raw: bytes) -> None:
    sent = httpx.post(f"{page.address}/page/api/token", content=raw, headers={KEY_HEADER: page.key}, timeout=60)
    assert sent.status_code in (400, 413)
    assert sent.json()["error"]


@pytest.mark.parametrize("origin", ["http://[", "null", "http://localhost:1"])
def test_what_another_origin_sends_is_refused(page: Page, origin: str) -> None:
    assert page.get("agent", Origin=origin).status_code == 403
    assert page.get("agent", Origin=page.address).status_code == 200


def test_an_application_that_takes_no_middleware_is_served_without_a_page(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    (home / "src" / "agent" / "plain.py").write_text(PLAIN)
    manifest = home / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("\nspec:\n", "\nspec:\n  code: {app: agent.plain:app}\n"))
    with dev(home) as (_, log):
        told = printed(log, r"(?s)(Serving on .+) curl")
    assert "There is no page" in told
    assert "#key=" not in told
