"""Dimension regression: phrasings that were understood once. Add a line for every one that ever went wrong."""

from __future__ import annotations

import pytest

from agentcore_kit.testing.agent_client import Client

pytestmark = [pytest.mark.dimension, pytest.mark.regression]

EMEA = ("getQuarterlyRevenue", {"region": "EMEA", "quarter": "2025-Q3"})


@pytest.mark.parametrize(
    "question",
    [
        "What was our Q3 2025 revenue in EMEA?",
        "EMEA Q3 2025 numbers?",
        "How much did we make in Europe in Q3 2025?",
        "Show me European revenue for July through September 2025.",
    ],
)
def test_one_intent_has_many_phrasings_and_one_call(client: Client, question: str) -> None:
    assert client.calls(question) == [EMEA]


def test_the_same_question_has_the_same_answer_twice(client: Client) -> None:
    question = "What was our Q3 2025 revenue in EMEA?"
    first, second = client.ask(question), client.ask(question)
    assert first["toolCalls"][0]["result"] == second["toolCalls"][0]["result"]
