"""Cross-session retrieval: what one session learned, a later one of the same actor finds, and nobody else does."""

from __future__ import annotations

import pytest

from agentcore_kit.config.memory import Strategy
from agentcore_kit.evaluation.memory_evaluators import readable
from agentcore_kit.testing.dimensions.memory.targets import Memory, conversation, strategies

pytestmark = pytest.mark.retrieval


@pytest.mark.parametrize("strategy", strategies(), ids=lambda each: each.name)
def test_a_later_session_finds_what_an_earlier_one_learned(memory: Memory, strategy: Strategy) -> None:
    actor, case = memory.actor("alice"), conversation(strategy.name)
    words = case.expected[strategy.name][0]
    memory.hold(actor, case)
    memory.restart()
    memory.say(actor, "later", "Good morning.")
    path = memory.path(strategy.name, actor)

    def found() -> list[str]:
        return [readable(each["content"]["text"]).lower() for each in memory.search(" ".join(words), path)]

    texts = memory.until(found, lambda texts: any(all(word.lower() in text for word in words) for text in texts))
    assert texts, f"a search in {path} finds nothing of conversation {case.scenario_id}"
    best = texts[:1] if memory.local else texts  # the service ranks in its own way
    assert any(all(word.lower() in text for word in words) for text in best), (case.scenario_id, words, texts)


@pytest.mark.parametrize("strategy", [each for each in strategies() if not each.shared], ids=lambda each: each.name)
def test_nobody_else_finds_it(memory: Memory, strategy: Strategy) -> None:
    actor, other = memory.actor("alice"), memory.actor("alice2")
    for each in (actor, other):
        memory.hold(each, conversation(strategy.name))
    own = memory.until(lambda: memory.records(memory.path(strategy.name, actor)))
    found = memory.until(lambda: memory.search("everything", memory.path(strategy.name, other), 100))
    assert own, f"nothing is kept of conversation {conversation(strategy.name).scenario_id}"
    assert found
    assert own.keys().isdisjoint({each["memoryRecordId"] for each in found})
