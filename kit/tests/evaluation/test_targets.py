"""Targets behind a URL: what they answer is checked, what they are does not change within a run, and no turn waits."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.config import prices
from agentcore_kit.config.prices import Price
from agentcore_kit.evaluation import runner
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.runner import Options
from agentcore_kit.evaluation.runs import alone
from agentcore_kit.runtime.aws_signing import Signed
from agentcore_kit.serving.settings import AgentSettings
from tests.evaluation.runs import cases, command, copies, evaluated, metric, rows_of
from tests.evaluation.scripted import ScriptedModel

CALL = {"name": "f", "input": {}, "status": "success", "result": {}, "durationMs": 1.0}
BODY: dict[str, Any] = {
    "answer": "I can't help with that.", "toolCalls": [], "modelCalls": 1, "notices": [],
    "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "estimated": False},
    "model": {"provider": "bedrock", "id": "some-model", "label": None}, "timeToFirstTokenMs": 3.0,
}  # fmt: skip
LESS = {key: value for key, value in CALL.items() if key != "result"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"model": "some-model"}, "model"),
    ({"answer": None}, "answer"),
    ({"answer": 123}, "answer"),
    ({"modelCalls": None}, "modelCalls"),
    ({"usage": {"totalTokens": None}}, "usage.totalTokens"),
    ({"timeToFirstTokenMs": "3"}, "timeToFirstTokenMs"),
    ({"timeToFirstTokenMs": float("nan")}, "timeToFirstTokenMs"),
    ({"toolCalls": None}, "toolCalls"),
    ({"toolCalls": [LESS]}, "toolCalls.0.result"),
    ({"toolCalls": [{**CALL, "durationMs": None}]}, "toolCalls.0.durationMs"),
]


class Agent(BaseHTTPRequestHandler):
    """Gives the bodies of its server, one after another and the last for ever; waits first for the others to come."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        if server.together:
            server.together.wait(120)
        server.signatures.append(self.headers["Authorization"].split()[0])
        server.tokens.append(self.headers["Authorization"].split()[-1])
        body = server.bodies.pop(0) if len(server.bodies) > 1 else server.bodies[0]
        reply = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """An agent on a port of this machine."""

    request_queue_size = 64
    together: threading.Barrier | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Agent)
        self.bodies: list[Any] = [BODY]
        self.signatures: list[str] = []
        self.tokens: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}/invocations"

    def target(self) -> HttpTarget:
        return HttpTarget(self.url, "token", date(2026, 11, 16))


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve for one test."""
    found = Server()
    threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `kit eval` ask with a token."""
    monkeypatch.setenv("EVAL_TOKEN", "token")


def evaluation(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str]:
    """Run `kit eval` and return its exit code and what it printed."""
    return command(capsys, "eval", *arguments)


def test_an_answer_that_is_not_the_contracts_is_an_error_of_its_case(tmp_path: Path, server: Server) -> None:
    rows = copies(rows_of("decline")[0], len(WRONG) + 3)
    server.bodies = [{**BODY, **wrong} for wrong, _ in WRONG]
    server.bodies += [[1, 2], {**BODY, "answer": "I can't help \ud800"}, BODY]

    report = evaluated(tmp_path, rows, target=server.target())

    found = list(cases(report).values())
    wanted = [*(field for _, field in WRONG), "body"]
    contract = "ValueError: the target's answer is not the contract's: field "
    assert [case["error"].removeprefix(contract).split(":")[0] for case in found[: len(wanted)]] == wanted
    assert [case["status"] for case in found[len(wanted) :]] == ["passed", "passed"]
    assert (tmp_path / "report.html").is_file()


def test_a_signed_turn_never_waits_for_another(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen at once: none is answered before all are there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server.together = threading.Barrier(16)
    target = HttpTarget(server.url, Signed("eu-central-1"), date(2026, 11, 16))

    report = evaluated(
        tmp_path, copies(rows_of("decline")[0], 16), target=target, options=Options(workers=16, timeout=20)
    )

    assert metric(report, "caseErrorRate") == 0
    assert set(server.signatures) == {"AWS4-HMAC-SHA256"}


def test_going_on_with_a_run_that_is_complete_changes_nothing(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # With this limit the verdict depends on the model being known.
    limits = tmp_path / "thresholds.yaml"
    limits.write_text("offline: {}\nmodels: {cost: {max: 1}, refusal: {min: 1}}\n", encoding="utf-8")
    monkeypatch.setattr(prices, "list_price", {"some-model": Price(1.0, 1.0)}.get)
    some = ",".join(row.scenario_id for row in rows_of("decline")[:3])
    arguments = ("--target", server.url, "--select", some, "--thresholds", str(limits), "--results", str(tmp_path))

    codes = [evaluation(capsys, *arguments, "--run", "run")[0], evaluation(capsys, *arguments, "--resume", "run")[0]]

    assert codes == [0, 0]
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["model"]["id"] == "some-model"


def test_a_run_that_misses_rows_has_not_passed(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever lost them: another process at work in the folder, or a hand."""
    arguments = ("--target", server.url, "--select", "decline-*", "--results", str(tmp_path))
    assert evaluation(capsys, *arguments, "--run", "run")[0] == 0
    path = tmp_path / "run" / "cases.jsonl"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")

    async def nothing(*_: object) -> None:
        """Ask nothing."""

    monkeypatch.setattr(runner, "run", nothing)
    code, text = evaluation(capsys, *arguments, "--resume", "run")

    assert code == 3
    assert "rows are missing; what was computed is kept" in text


def test_a_run_has_one_model_one_date_and_one_evaluation_at_work(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--target", server.url, "--select", "decline-*", "--results", str(tmp_path), "--workers", "1")
    server.bodies = [BODY, BODY, {**BODY, "model": {"provider": "bedrock", "id": "other", "label": None}}]

    code, text = evaluation(capsys, *arguments, "--run", "run")
    assert code == 3
    assert "the target's model was 'some-model' and is 'other'" in text
    code, text = evaluation(capsys, *arguments, "--resume", "run")
    assert code == 3
    assert "the target's model was 'some-model' and is 'other'" in text

    assert evaluation(capsys, *arguments, "--resume", "run", "--date", "2026-11-01") == (
        2,
        "--resume: run run had another date (None, now '2026-11-01'); start anew\n",
    )
    with alone(tmp_path / "run"):
        code, text = evaluation(capsys, *arguments, "--resume", "run")
    assert code == 3
    assert "is being worked on by another kit eval" in text


def test_a_target_that_is_down_costs_no_run_that_was_there(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    row = rows_of("decline")[0].scenario_id
    arguments = ("--target", server.url, "--select", row, "--results", str(tmp_path))
    server.bodies = [{}]
    assert evaluation(capsys, *arguments, "--run", "run")[0] == 3
    server.shutdown()
    server.server_close()

    code, text = evaluation(capsys, *arguments, "--resume", "run")

    assert code == 3
    assert "nobody answers" in text
    assert (tmp_path / "run" / "run.json").is_file()


def test_a_throttled_turn_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [httpx.Response(429), httpx.Response(200, json={"answer": "x"})]
    target = HttpTarget("https://agent.example.com/invocations", "token", date(2026, 11, 16))
    monkeypatch.setattr(target, "_client", httpx.AsyncClient(transport=httpx.MockTransport(lambda _: replies.pop(0))))
    assert asyncio.run(target.invoke("s" * 33, {"prompt": "?"})).json() == {"answer": "x"}
    assert not replies


class BreaksOff(ScriptedModel):
    """Begins an answer: the first time without an end, then with one that says that the answer is cut off."""

    def __init__(self) -> None:
        self.asked = 0

    async def reply(self, messages: Any, tool_specs: Any) -> str:
        return "I can't help"

    async def stream(
        self, messages: Any, tool_specs: Any = None, system_prompt: str | None = None, **_: Any
    ) -> AsyncIterator[Any]:
        self.asked += 1
        async for event in super().stream(messages, tool_specs, system_prompt):
            if "messageStop" not in event:
                yield event
            elif self.asked > 1:
                yield {"messageStop": {"stopReason": "max_tokens"}}


@pytest.mark.parametrize("retries", [0, 1])
def test_the_agent_in_this_process_keeps_the_limits_and_notices_of_a_turn(
    tmp_path: Path, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch, retries: int
) -> None:
    model = BreaksOff()
    monkeypatch.setattr("agentcore_kit.serving.models.build_model", lambda _: model)
    limits = settings.environment.limits
    limits = limits.model_copy(update={"turn": limits.turn.model_copy(update={"max_retries": retries})})
    environment = settings.environment.model_copy(update={"limits": limits})

    report = evaluated(tmp_path, rows_of("decline")[:1], replace(settings, environment=environment))

    (case,) = cases(report).values()
    assert model.asked == 1 + retries
    assert [turn["notices"] for turn in case["turns"]] == retries * [
        ["The answer is cut off: it reached the model's maximum of tokens."]
    ]
