"""Dimension regression: rows that are tagged `regression` went wrong once, and must be right from then on."""

from __future__ import annotations

import pytest

from agentcore_kit.testing.agent_client import Client
from agentcore_kit.testing.dimensions.agent.answers import Answers, described

pytestmark = pytest.mark.dimension


def test_what_went_wrong_once_is_right(answers: Answers) -> None:
    found = answers.tagged("regression")
    if not found:
        pytest.skip("no row of evals/dataset.jsonl that can be asked here is tagged regression")
    wrong = [case for case in found if case["status"] != "passed"]
    assert not wrong, described(wrong)


def test_the_same_question_has_the_same_calls_twice(client: Client, question: str) -> None:
    assert client.calls(question) == client.calls(question)
