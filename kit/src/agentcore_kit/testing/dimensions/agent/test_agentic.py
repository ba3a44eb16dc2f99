"""Dimension agentic: the way to the answer. Which tools, with which parameters, in how many steps."""

from __future__ import annotations

import pytest

from agentcore_kit.testing.agent_client import Client, new_session

pytestmark = [pytest.mark.dimension, pytest.mark.agentic]

MAX_MODEL_CALLS = 6


@pytest.mark.parametrize("question", ["What was our revenue in EMEA in Q1 2025?", "Compare all regions for 2024"])
def test_no_loop_and_no_call_twice(client: Client, question: str) -> None:
    body = client.ask(question)
    calls = [(call["name"], str(sorted(call["input"].items()))) for call in body["toolCalls"]]
    assert body["modelCalls"] <= MAX_MODEL_CALLS
    assert len(calls) == len(set(calls)), "the same call twice is a loop"


def test_steps_build_on_each_other(client: Client) -> None:
    body = client.ask("Show me the growth of EMEA from Q1 2025 to Q2 2025")
    names = [call["name"] for call in body["toolCalls"]]
    assert names[-1] == "calculateGrowth", "growth is computed by code, after the figures are there"
    figures = [call["result"]["revenue"] for call in body["toolCalls"] if call["name"] == "getQuarterlyRevenue"]
    assert set(body["toolCalls"][-1]["input"].values()) <= set(figures)


def test_the_limit_of_the_data_is_said_and_not_filled(client: Client) -> None:
    body = client.ask("What was our revenue in EMEA in Q1 1999?")
    assert not [call for call in body["toolCalls"] if call["status"] == "success"]
    assert body["answer"].strip()


def test_a_long_conversation_does_not_grow_in_steps(client: Client) -> None:
    session = new_session()
    client.ask("What was our revenue in EMEA in Q1 2025?", session)
    assert all(client.ask(f"and {region}?", session)["modelCalls"] <= MAX_MODEL_CALLS for region in ("APAC", "AMER"))
