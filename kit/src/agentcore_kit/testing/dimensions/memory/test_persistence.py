"""Persistence: what was written is there after a restart, until it expires and not after."""

from __future__ import annotations

import pytest

from agentcore_kit.config.memory import Strategy
from agentcore_kit.delivery.memory.forget import forget_actor
from agentcore_kit.testing.dimensions.memory.targets import Memory, conversation, strategies

pytestmark = pytest.mark.persistence
each_strategy = pytest.mark.parametrize("strategy", strategies(), ids=lambda each: each.name)


@each_strategy
def test_what_was_said_and_learned_survives_a_restart(memory: Memory, strategy: Strategy) -> None:
    actor, case = memory.actor("alice"), conversation(strategy.name)
    said = memory.hold(actor, case)
    path = memory.path(strategy.name, actor)
    learned = memory.until(lambda: memory.records(path))
    assert learned, f"nothing is kept in {path} of conversation {case.scenario_id}"
    memory.restart()
    assert {session: [each["eventId"] for each in memory.events(actor, session)] for session in said} == said
    later = memory.records(path)
    assert later == learned if memory.local else later  # the service may go on to merge records


def test_it_is_configured_as_the_manifest_says(memory: Memory) -> None:
    found = memory.described()
    assert found["eventExpiryDuration"] == memory.spec.event_expiry_days
    there = {each["name"]: (each["namespaceTemplates"], each.get("recordExpiryDurationDays"))
             for each in found["strategies"]}  # fmt: skip
    assert there == {each.name: ([each.namespace_template], each.record_expiry_days) for each in memory.spec.strategies}


@pytest.mark.local_only
def test_events_are_there_until_they_expire_and_not_after(memory: Memory) -> None:
    memory.say("bob", "s1", "Good morning.")
    memory.pass_days(memory.spec.event_expiry_days - 0.01)
    assert len(memory.events("bob", "s1")) == 1
    memory.pass_days(0.02)
    assert memory.events("bob", "s1") == []
    memory.restart()
    assert memory.events("bob", "s1") == []


@pytest.mark.local_only
@each_strategy
def test_records_are_there_until_they_expire_and_not_after(memory: Memory, strategy: Strategy) -> None:
    memory.say("bob", "s1", "Good morning.")
    path, days = memory.path(strategy.name, "bob"), strategy.record_expiry_days
    memory.pass_days(days - 0.01 if days else 3650)
    assert len(memory.records(path)) == 1
    if days:
        memory.pass_days(0.02)
        assert memory.records(path) == {}
        assert memory.search("morning", path) == []


@pytest.mark.local_only
@each_strategy
def test_what_was_deleted_stays_deleted(memory: Memory, strategy: Strategy) -> None:
    client, memory_id, path = memory.client(), memory.memory_id, memory.path(strategy.name, "carol")
    event = memory.say("carol", "s1", "Good morning.")
    client.delete_event(memoryId=memory_id, actorId="carol", sessionId="s1", eventId=event)
    (record,) = memory.records(path)
    client.delete_memory_record(memoryId=memory_id, memoryRecordId=record)
    memory.restart()
    assert memory.events("carol", "s1") == []
    assert memory.records(path) == {}
    client = memory.client()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_memory_record(memoryId=memory_id, memoryRecordId=record)


@pytest.mark.local_only
def test_who_is_forgotten_leaves_no_trace_in_the_files(memory: Memory) -> None:
    for actor in ("quentin", "rosalind"):
        memory.say(actor, "s1", "Good morning.")
    forget_actor(memory.client(), memory.described(), "quentin")
    assert memory.client().list_actors(memoryId=memory.memory_id)["actorSummaries"] == [{"actorId": "rosalind"}]
    sessions = memory.client().list_sessions(memoryId=memory.memory_id, actorId="quentin")
    assert sessions["sessionSummaries"] == []
    kept = b"".join(path.read_bytes() for path in memory.folder.iterdir())
    assert b"rosalind" in kept
    assert b"quentin" not in kept
