"""Persistence: what was written is there after a restart, until it expires and not after."""

from __future__ import annotations

import pytest

from agentcore_kit.delivery.memory.forget import forget_actor
from agentcore_kit.testing.dimensions.memory.contract import EVENTS_KEPT_DAYS, PLACES, RECORDS_KEPT_DAYS
from agentcore_kit.testing.dimensions.memory.targets import LOCAL, Memory

pytestmark = pytest.mark.persistence
PREFERENCE = "I prefer figures in euros."


def test_events_and_records_survive_a_restart(memory: Memory) -> None:
    actor = memory.actor("alice")
    event = memory.say(actor, "s1", PREFERENCE)
    context = f"/preferences/{actor}/"
    assert memory.until(lambda: memory.texts(context), bool)
    memory.restart()
    assert [each["eventId"] for each in memory.events(actor, "s1")] == [event]
    assert any("euros" in text.lower() for text in memory.texts(context))


def test_a_record_keeps_its_id_when_what_it_says_changes(memory: Memory) -> None:
    actor = memory.actor("anna")
    context = f"/preferences/{actor}/"
    memory.say(actor, "s1", PREFERENCE)
    memory.until(lambda: memory.texts(context), bool)
    memory.say(actor, "s2", "From now on, use US dollars.")
    texts = memory.until(lambda: memory.texts(context), lambda found: any("dollar" in text.lower() for text in found))
    assert any("dollar" in text.lower() for text in texts)
    if LOCAL:
        assert len(texts) == 1, "the newer preference takes the place of the older"


def test_the_configuration_is_what_was_promised(memory: Memory) -> None:
    found = memory.control().get_memory(memoryId=memory.memory_id)["memory"]
    assert found["eventExpiryDuration"] == EVENTS_KEPT_DAYS
    there = {each["name"]: each for each in found["strategies"]}
    assert {name: each["namespaceTemplates"] for name, each in there.items()} == {n: [p] for n, p in PLACES.items()}
    assert {name: each.get("recordExpiryDurationDays") for name, each in there.items()} == RECORDS_KEPT_DAYS


if LOCAL:  # nobody can wait for the days to pass in AWS; there the configuration above says when things expire

    def test_events_are_there_until_they_expire_and_not_after(memory: Memory) -> None:
        memory.say("bob", "s1", "What was our Q3 revenue?")
        memory.pass_days(EVENTS_KEPT_DAYS - 0.01)
        assert len(memory.events("bob", "s1")) == 1
        memory.pass_days(0.02)
        assert memory.events("bob", "s1") == []
        memory.restart()
        assert memory.events("bob", "s1") == []

    def test_records_are_there_until_they_expire_and_not_after(memory: Memory) -> None:
        memory.say("bob", "s1", "I'm working on the Atlas project.", PREFERENCE)
        days = RECORDS_KEPT_DAYS["facts"]
        assert days
        memory.pass_days(days - 0.01)
        assert len(memory.texts("/facts/bob/")) == 1
        memory.pass_days(0.02)
        assert memory.texts("/facts/bob/") == []
        assert memory.search("Atlas", "/facts/bob/") == []
        assert len(memory.texts("/preferences/bob/")) == 1, "preferences are kept until somebody deletes them"

    def test_what_was_deleted_stays_deleted(memory: Memory) -> None:
        client, memory_id = memory.client(), memory.memory_id
        event = memory.say("carol", "s1", PREFERENCE)
        client.delete_event(memoryId=memory_id, actorId="carol", sessionId="s1", eventId=event)
        (record,) = memory.search("euros", "/preferences/carol/")
        client.delete_memory_record(memoryId=memory_id, memoryRecordId=record["memoryRecordId"])
        memory.restart()
        assert memory.events("carol", "s1") == []
        assert memory.texts("/preferences/carol/") == []
        client = memory.client()
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_memory_record(memoryId=memory_id, memoryRecordId=record["memoryRecordId"])

    def test_who_is_forgotten_leaves_no_trace_in_the_files(memory: Memory) -> None:
        for actor in ("quentin", "rosalind"):
            memory.say(actor, "s1", f"I'm working on the {actor}ium project.", PREFERENCE)
        found = memory.control().get_memory(memoryId=memory.memory_id)["memory"]
        forget_actor(memory.client(), found, "quentin")
        assert memory.client().list_actors(memoryId=memory.memory_id)["actorSummaries"] == [{"actorId": "rosalind"}]
        sessions = memory.client().list_sessions(memoryId=memory.memory_id, actorId="quentin")
        assert sessions["sessionSummaries"] == []
        kept = b"".join(path.read_bytes() for path in memory.folder.iterdir()).lower()
        assert b"rosalind" in kept
        assert b"quentin" not in kept
