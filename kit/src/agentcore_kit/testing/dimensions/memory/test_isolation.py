"""Isolation: every actor, session and consumer reaches its own, whatever its id looks like, and nothing else."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from agentcore_kit.config.memory import EVENTS, Strategy
from agentcore_kit.local.memory_server.namespaces import levels
from agentcore_kit.testing.dimensions.memory.targets import Memory, conversation, strategies

pytestmark = pytest.mark.isolation
PRIVATE = [each for each in strategies() if not each.shared]
each_private_strategy = pytest.mark.parametrize("strategy", PRIVATE, ids=lambda each: each.name)

# Ids that a careless comparison, path or pattern would take for one another.
NAMES = ["actor1", "actor10", "actor", "Actor1", "actor-1", "actor_1", "actor1-s1", *(each.name for each in PRIVATE)]


@pytest.fixture
def spoken(memory: Memory) -> dict[str, str]:
    """Return actors who each said something that only they know, in two sessions, by the word that gives it away."""
    found = {
        memory.actor(name): f"secret{number:02d}" for number, name in enumerate(NAMES if memory.local else NAMES[:3])
    }
    for actor, word in found.items():
        memory.say(actor, "s1", f"I'm working on the {word} project.")
        memory.say(actor, "s10", f"From now on, show {word} first.")
    return found


def test_no_actor_reaches_what_another_said(memory: Memory, spoken: dict[str, str]) -> None:
    for actor in spoken:
        own = str(memory.events(actor, "s1"))
        assert [word for word in spoken.values() if word in own] == [spoken[actor]]


@each_private_strategy
def test_no_actor_reaches_what_was_learned_of_another(
    memory: Memory, spoken: dict[str, str], strategy: Strategy
) -> None:
    for actor in spoken:
        memory.hold(actor, conversation(strategy.name))  # of which it keeps something, whatever it makes of the rest
    paths = {actor: memory.path(strategy.name, actor) for actor in spoken}
    own = {actor: memory.until(partial(memory.records, path)) for actor, path in paths.items()}
    assert all(own.values()), f"nothing is kept of conversation {conversation(strategy.name).scenario_id}"
    for actor, word in spoken.items():
        found = memory.search(" ".join(spoken.values()), paths[actor], 100)
        texts = str([each["content"] for each in found])
        assert [other for other in spoken.values() if other in texts and other != word] == [], actor
        assert {each["memoryRecordId"] for each in found} <= own[actor].keys(), actor


def test_sessions_of_an_actor_are_kept_apart(memory: Memory, spoken: dict[str, str]) -> None:
    for actor in spoken:
        assert "working on" in str(memory.events(actor, "s1"))
        assert "working on" not in str(memory.events(actor, "s10")), "s1 must not reach s10"
        assert memory.events(actor, "s100") == []


def test_records_of_a_session_are_kept_apart(memory: Memory) -> None:
    for strategy in [each for each in PRIVATE if "{sessionId}" in each.namespace_template]:
        actor, case = memory.actor(strategy.name), conversation(strategy.name)
        session = case.sessions[-1].id
        memory.hold(actor, case)
        memory.say(actor, f"{session}0", "Good morning.")
        own = memory.until(partial(memory.records, memory.namespace(strategy.name, actor, session)))
        assert own, f"nothing is kept of conversation {case.scenario_id}"
        assert "Good morning." not in str(own.values())
        assert own.keys().isdisjoint(memory.records(memory.namespace(strategy.name, actor, f"{session}0")))


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


@pytest.mark.local_only
@pytest.mark.parametrize("actor", ["alice/s1", "alice/", "alice//bob", "a:/b"])
def test_an_id_with_a_slash_cannot_lie_under_another(memory: Memory, actor: str) -> None:
    with pytest.raises(memory.client().exceptions.ValidationException):
        memory.say(actor, "s1", "Good morning.")


@pytest.mark.local_only
@each_private_strategy
def test_a_path_reaches_whole_parts_only(memory: Memory, strategy: Strategy) -> None:
    for actor in ("actor1", "actor10"):
        memory.say(actor, "s1", f"This is {actor}x.")
    path = memory.path(strategy.name, "actor1")
    for written in (path, path.removesuffix("/"), path.removeprefix("/")):
        assert "actor10x" not in str(memory.texts(written)), written
        assert "actor1x" in str(memory.texts(written)), written


@pytest.mark.local_only
def test_every_consumer_may_do_what_the_manifest_says_and_nothing_else(memory: Memory) -> None:
    """Each consumer against each of the strategies and the events, reading and writing, allowed and refused."""
    memory.say("alice", "s1", "Good morning.")
    for consumer in memory.spec.consumers:
        client = memory.client(consumer.name)
        assert _may(_read_events, client, memory) == (EVENTS in consumer.read), (consumer.name, "read", EVENTS)
        assert _may(_write_events, client, memory) == (EVENTS in consumer.write), (consumer.name, "write", EVENTS)
        for name in [each.name for each in memory.spec.strategies]:
            where = memory.namespace(name, "alice", "s1")
            for read in (_list_exactly, _list_below, _search_below):
                assert _may(read, client, memory, where) == (name in consumer.read), (consumer.name, "read", name)
            assert _may(_write_record, client, memory, where) == (name in consumer.write), (consumer.name, name)


@pytest.mark.local_only
@each_private_strategy
def test_no_consumer_reaches_all_actors_at_once(memory: Memory, strategy: Strategy) -> None:
    memory.say("alice", "s1", "Good morning.")
    above = levels(memory.path(strategy.name, "alice"))[:-1]
    paths = [written for path in above for written in (path, path.removesuffix("/"), f"{path}/", f"{path}//")]
    for consumer in memory.spec.consumers:
        client = memory.client(consumer.name)
        for path in filter(None, paths):
            assert not _may(_list_below, client, memory, path), (consumer.name, path)
            assert not _may(_search_below, client, memory, path), (consumer.name, path)
        assert not _may(_list_actors, client, memory), consumer.name


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


def _list_exactly(client: Any, memory_id: str, path: str) -> None:
    client.list_memory_records(memoryId=memory_id, namespace=path)


def _list_below(client: Any, memory_id: str, path: str) -> None:
    client.list_memory_records(memoryId=memory_id, namespacePath=path)


def _search_below(client: Any, memory_id: str, path: str) -> None:
    client.retrieve_memory_records(memoryId=memory_id, namespacePath=path, searchCriteria={"searchQuery": "morning"})


def _write_record(client: Any, memory_id: str, path: str) -> None:
    record = {"requestIdentifier": "r1", "namespaces": [path], "content": {"text": "x"}, "timestamp": 1_700_000_000}
    client.batch_create_memory_records(memoryId=memory_id, records=[record])
