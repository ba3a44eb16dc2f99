"""Isolation: every actor, session and consumer reaches its own, whatever its id looks like, and nothing else."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from agentcore_kit.config.memory import EVENTS
from agentcore_kit.testing.dimensions.memory.contract import MAY_READ, MAY_WRITE, PLACES
from agentcore_kit.testing.dimensions.memory.targets import LOCAL, Memory

pytestmark = pytest.mark.isolation

# Ids that a careless comparison, path or pattern would take for one another.
NAMES = ["actor1", "actor10", "actor", "Actor1", "actor-1", "actor_1", "actor1-s1", "facts", "preferences"]


@pytest.fixture
def spoken(memory: Memory) -> dict[str, str]:
    """Return actors who each said something that only they know, in two sessions, by the word that gives it away."""
    found = {memory.actor(name): f"secret{number:02d}" for number, name in enumerate(NAMES if LOCAL else NAMES[:3])}
    for actor, word in found.items():
        memory.say(actor, "s1", f"I'm working on the {word} project.")
        memory.say(actor, "s10", f"From now on, show {word} first.")
    return found


def test_no_actor_reaches_what_another_said(memory: Memory, spoken: dict[str, str]) -> None:
    for actor in spoken:
        own = str(memory.events(actor, "s1"))
        assert [word for word in spoken.values() if word in own] == [spoken[actor]]


def test_no_actor_reaches_what_was_learned_of_another(memory: Memory, spoken: dict[str, str]) -> None:
    for actor in spoken:
        context = f"/facts/{actor}/"
        assert memory.until(partial(memory.texts, context), bool), f"{actor} has facts of its own"
    for one, other in permutations(spoken, 2):
        for strategy in ("facts", "preferences", "summaries"):
            context = f"/{strategy}/{one}/"
            found = memory.search(spoken[other], context, 100)
            assert spoken[other] not in str([each["content"] for each in found]), (strategy, one, other)


def test_sessions_of_an_actor_are_kept_apart(memory: Memory, spoken: dict[str, str]) -> None:
    for actor, word in spoken.items():
        assert "working on" in str(memory.events(actor, "s1"))
        assert "working on" not in str(memory.events(actor, "s10")), "s1 must not reach s10"
        assert memory.events(actor, "s100") == []
        context = f"/summaries/{actor}/s1/"
        texts = memory.until(partial(memory.texts, context), bool)
        assert word in str(texts)
        assert "first" not in str(texts)


def test_an_event_is_only_found_with_its_actor_and_session(memory: Memory) -> None:
    client = memory.client()
    one, other = memory.actor("one"), memory.actor("other")
    event = memory.say(one, "s1", "Hello there.")
    memory.say(other, "s1", "Hello there.")
    for actor, session in ((other, "s1"), (one, "s2")):
        for operation in (client.get_event, client.delete_event):
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                operation(memoryId=memory.memory_id, actorId=actor, sessionId=session, eventId=event)
    assert len(memory.events(one, "s1")) == 1


def test_a_client_token_means_nothing_to_another_actor_or_session(memory: Memory) -> None:
    call = {
        "memoryId": memory.memory_id,
        "eventTimestamp": memory.now(),
        "clientToken": "one-token-for-all-" + "0" * 20,
    }
    made = {}
    for actor, session in (("alice", "s1"), ("mallory", "s1"), ("alice", "s2")):
        payload = [{"conversational": {"content": {"text": f"{actor} in {session}."}, "role": "USER"}}]
        named = {"actorId": memory.actor(actor), "sessionId": session, "payload": payload}
        made[actor, session] = memory.client().create_event(**call, **named)["event"]
    assert len({event["eventId"] for event in made.values()}) == 3
    assert "alice" not in str(made["mallory", "s1"]["payload"])


@pytest.mark.parametrize(
    "actor", ["", "/", "..", "actor1/../actor10", "actor1%2Factor10", "*", "actor 1", "-", "{actorId}"]
)
def test_ids_that_could_mean_another_are_refused(memory: Memory, actor: str) -> None:
    with pytest.raises((ClientError, ParamValidationError)) as refused:
        memory.say(actor, "s1", "I prefer euros.")
    if isinstance(refused.value, ClientError):
        assert refused.value.response["Error"]["Code"] in ("ValidationException", "InvalidInputException")


if LOCAL:  # the service takes slashes in ids; there the consumers' policies refuse them (test_policies.py)

    @pytest.mark.parametrize("actor", ["alice/s1", "alice/", "alice//bob", "a:/b"])
    def test_an_id_with_a_slash_cannot_lie_under_another(memory: Memory, actor: str) -> None:
        with pytest.raises(memory.client().exceptions.ValidationException):
            memory.say(actor, "s1", "I prefer euros.")

    def test_a_path_reaches_whole_parts_only(memory: Memory) -> None:
        for actor in ("actor1", "actor10"):
            memory.say(actor, "s1", f"I'm working on the {actor}x project.")
        for context in ("/facts/actor1", "/facts/actor1/", "facts/actor1"):
            assert "actor10x" not in str(memory.texts(context)), context
            assert "actor1x" in str(memory.texts(context)), context
        assert memory.texts("/facts/actor1/s1/") == []

    @pytest.mark.parametrize(
        "place", [{}, {"namespace": "/facts/a/", "namespacePath": "/facts/a/"}, {"namespace": "/facts/*/"}]
    )
    def test_a_search_says_where(memory: Memory, context: dict[str, str]) -> None:
        client = memory.client()
        with pytest.raises(client.exceptions.ValidationException):
            client.list_memory_records(memoryId=memory.memory_id, **context)

    def test_every_consumer_may_do_what_was_agreed_and_nothing_else(memory: Memory) -> None:
        """Each consumer against each of the strategies and the events, reading and writing, allowed and refused."""
        memory.say("alice", "s1", "I'm working on the Atlas project.", "I prefer figures in euros.")
        assert {each.name for each in memory.spec.consumers} == set(MAY_READ)
        for consumer, readable in MAY_READ.items():
            client, writable = memory.client(consumer), MAY_WRITE[consumer]
            assert _may(_read_events, client, memory) == (EVENTS in readable), (consumer, "read", EVENTS)
            assert _may(_write_events, client, memory) == (EVENTS in writable), (consumer, "write", EVENTS)
            for name, template in PLACES.items():
                context = template.replace("{actorId}", "alice").replace("{sessionId}", "s1")
                for read in (_list_exactly, _list_below, _search_below):
                    assert _may(read, client, memory, context) == (name in readable), (consumer, "read", name)
                assert _may(_write_record, client, memory, context) == (name in writable), (consumer, "write", name)

    def test_no_consumer_reaches_all_actors_at_once(memory: Memory) -> None:
        memory.say("alice", "s1", "I'm working on the Atlas project.")
        for consumer in memory.spec.consumers:
            client = memory.client(consumer.name)
            for context in (
                "/",
                "/facts/",
                "/facts",
                "/preferences/",
                "/summaries/",
                "//",
                "/facts//",
                "/facts///",
                "/summaries///",
            ):
                assert not _may(_list_below, client, memory, context), (consumer.name, context)
                assert not _may(_search_below, client, memory, context), (consumer.name, context)
            assert not _may(_list_actors, client, memory), consumer.name

    def test_a_consumer_writes_no_record_that_it_may_not(memory: Memory) -> None:
        """In a batch with one that it may: by naming no namespace, a namespace too few, or only the new one."""
        memory.say("alice", "s1", "I'm working on the Atlas project.")
        (own,), (other,) = memory.search("Atlas", "/facts/alice/"), memory.search("Atlas", "/summaries/alice/")
        client = memory.client("curator")
        ids, now = [each["memoryRecordId"] for each in (own, other)], memory.now()
        delete = [{"memoryRecordId": ids[0], "namespace": "/facts/alice/"}, {"memoryRecordId": ids[1]}]
        assert not _may(_batch, client, memory, "delete", delete)
        for changes in ({}, {"namespaces": ["/facts/alice/"]}):
            update = {"memoryRecordId": ids[1], "timestamp": now, "content": {"text": "x"}, **changes}
            assert not _may(_batch, client, memory, "update", [update])
        written = {"timestamp": now, "content": {"text": "x"}}
        create = [
            {**written, "requestIdentifier": "1", "namespaces": [context] if context else []}
            for context in ("/facts/alice/", "")
        ]
        assert not _may(_batch, client, memory, "create", create)
        false = {
            "memoryRecordId": ids[1],
            "timestamp": now,
            "sourceNamespaces": ["/facts/alice/"],
            "namespaces": ["/facts/bob/"],
        }
        done = client.batch_update_memory_records(memoryId=memory.memory_id, records=[false])
        assert len(done["failedRecords"]) == 1
        assert [each["memoryRecordId"] for each in memory.search("Atlas", "/summaries/alice/")] == [ids[1]]
        right = {**false, "memoryRecordId": ids[0], "namespaces": ["/facts/alice/"]}
        assert client.batch_update_memory_records(memoryId=memory.memory_id, records=[right])["successfulRecords"]


def _may(call: Any, client: Any, memory: Memory, *more: Any) -> bool:
    """Return whether a call is allowed."""
    try:
        call(client, memory.memory_id, *more)
    except client.exceptions.AccessDeniedException:
        return False
    return True


def _read_events(client: Any, memory_id: str) -> None:
    client.list_events(memoryId=memory_id, actorId="alice", sessionId="s1")


def _write_events(client: Any, memory_id: str) -> None:
    payload = [{"conversational": {"content": {"text": "Hello."}, "role": "USER"}}]
    client.create_event(
        memoryId=memory_id, actorId="alice", sessionId="s2", eventTimestamp="2026-01-01T00:00:00Z", payload=payload
    )


def _list_actors(client: Any, memory_id: str) -> None:
    client.list_actors(memoryId=memory_id)


def _list_exactly(client: Any, memory_id: str, context: str) -> None:
    client.list_memory_records(memoryId=memory_id, namespace=context)


def _list_below(client: Any, memory_id: str, context: str) -> None:
    client.list_memory_records(memoryId=memory_id, namespacePath=context)


def _search_below(client: Any, memory_id: str, context: str) -> None:
    client.retrieve_memory_records(memoryId=memory_id, namespacePath=context, searchCriteria={"searchQuery": "Atlas"})


def _batch(client: Any, memory_id: str, operation: str, records: list[dict[str, Any]]) -> None:
    getattr(client, f"batch_{operation}_memory_records")(memoryId=memory_id, records=records)


def _write_record(client: Any, memory_id: str, context: str) -> None:
    record = {"requestIdentifier": "r1", "namespaces": [context], "content": {"text": "x"}, "timestamp": 1_700_000_000}
    client.batch_create_memory_records(memoryId=memory_id, records=[record])
