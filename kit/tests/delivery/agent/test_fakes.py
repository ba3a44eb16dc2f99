"""What the rehearsal makes of an agent's answers."""

from __future__ import annotations

import json

import pytest

from agentcore_kit.evaluation.dataset import Row
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


@pytest.mark.parametrize(
    ("match", "given"),
    [
        ({"contains": "wi-fi"}, {"query": "wi-fi"}),
        ({"contains": ["wi", "fi"]}, {"query": "wi fi"}),
        ({"one_of": ["a", "b"]}, {"query": "a"}),
        ({"near": 480, "within": 5}, {"query": 480}),
        ({"matches": "(?i)laptop"}, {"query": "My laptop is slow"}),
        ({"any": True}, {}),
    ],
)
def test_a_smoke_row_is_answered_as_it_expects(
    monkeypatch: pytest.MonkeyPatch, match: dict[str, object], given: dict[str, object]
) -> None:
    call = {"name": "search", "input": {"top": 3}, "match": {"query": match}}
    row = {
        "scenario_id": "slow",
        "turns": [{"input": "My laptop is slow"}],
        "metadata": {"category": "common", "date": "2026-11-16", "expect": [[{"outcome": "answer", "calls": [call]}]]},
    }
    monkeypatch.setattr(agent_fakes, "smoke_rows", lambda: [Row.model_validate(row)])
    _, _, body, _ = agent_fakes.answer("", {}, json.dumps({"prompt": "My laptop is slow"}).encode())
    assert json.loads(body)["toolCalls"] == [{"name": "search", "input": {"top": 3, **given}, "status": "success"}]
