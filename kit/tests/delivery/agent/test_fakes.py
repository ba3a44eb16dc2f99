"""What the rehearsal makes of an agent's answers."""

from __future__ import annotations

import json

import pytest

from agentcore_kit.local.rehearsal import agent_fakes


@pytest.mark.parametrize("answer", ["It was 556.2 million in Q3.", "You may take 26 weeks."])
def test_an_answer_with_figures_has_others(answer: str) -> None:
    said = json.loads(agent_fakes.distorted(json.dumps({"answer": answer, "toolCalls": [{"name": "a"}]}).encode()))
    assert "987.6" in said["answer"]
    assert said["toolCalls"], "the right tools and the wrong figures: it takes the evaluation to find this"


def test_an_answer_without_figures_says_nothing_and_has_called_nothing() -> None:
    said = json.loads(agent_fakes.distorted(b'{"answer": "Ask the leave team.", "toolCalls": [{"name": "a"}]}'))
    assert "leave team" not in said["answer"]
    assert not said["toolCalls"]
