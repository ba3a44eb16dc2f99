"""Dimension integration: the whole of it together, over the wire."""

from __future__ import annotations

import json

import pytest

from agentcore_kit.testing.agent_client import SESSION_HEADER, Client, new_session

pytestmark = [pytest.mark.dimension, pytest.mark.integration]


def test_a_question_goes_through_model_tools_and_back(client: Client) -> None:
    body = client.ask("What was our revenue in EMEA in Q1 2025?")
    assert body["answer"].strip()
    assert [call["status"] for call in body["toolCalls"]] == ["success"]
    assert {"sessionId", "requestId", "usage", "modelCalls", "latencyMs"} <= body.keys()


def test_a_session_keeps_its_conversation(client: Client) -> None:
    session = new_session()
    client.ask("What was our revenue in EMEA in Q1 2025?", session)
    assert "2025-Q1" in str(client.calls("and APAC?", session))


def test_a_stream_ends_with_the_result(client: Client) -> None:
    reply = client.post({"prompt": "What was our revenue in EMEA in Q1 2025?", "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] == "result"


def test_a_wrong_payload_names_its_field(client: Client) -> None:
    reply = client.post({"promt": "Hello"})
    assert reply.status_code == 400
    assert reply.json()["field"] == "prompt"
    assert SESSION_HEADER.lower() not in reply.text.lower()
