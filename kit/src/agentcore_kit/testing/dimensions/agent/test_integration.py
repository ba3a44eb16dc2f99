"""Dimension integration: the whole of it together, over the wire."""

from __future__ import annotations

import json

import pytest

from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.testing.agent_client import Client
from agentcore_kit.testing.dimensions.agent.answers import Answers, described
from agentcore_kit.testing.dimensions.agent.conftest import row_with_a_tool

pytestmark = pytest.mark.dimension

CONTRACT = {"answer", "sessionId", "requestId", "toolCalls", "usage", "modelCalls", "latencyMs", "model"}


def test_a_question_goes_through_model_and_tools_and_back(client: Client, smoke: list[Row]) -> None:
    row = row_with_a_tool(smoke)
    body = client.ask(row.turns[0].input)
    assert body.keys() >= CONTRACT
    assert body["answer"].strip()
    wanted = {call.name for call in row.metadata.expect[0][0].calls}
    assert {call["name"] for call in body["toolCalls"] if call["status"] == "success"} >= wanted


def test_a_session_keeps_its_conversation(answers: Answers) -> None:
    several = [case for case in answers.cases if len(case["turns"]) > 1]
    if not several:
        pytest.skip("no row of evals/dataset.jsonl that can be asked here has several turns")
    check = answers.checks.get("memory")
    assert check is None or check.met is not False, (
        f"memory is {check.value:.3f}, needed: {check.limit}{described(answers.below('memory'), 'memory')}"
    )
    assert any(case["scores"].get("memory") == 1 for case in several), described(several, "memory")


def test_a_stream_ends_with_the_result(client: Client, question: str) -> None:
    reply = client.post({"prompt": question, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] == "result"
    assert events[-1]["answer"].strip()


def test_a_wrong_payload_names_its_field(client: Client) -> None:
    reply = client.post({"promt": "Hello"})
    assert reply.status_code == 400
    assert reply.json()["field"] == "prompt"
