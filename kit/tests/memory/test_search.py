"""Searching and listing in the local memory: ranks, filters, pages; and what consumers may not reach with a trick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentcore_kit.testing.dimensions.memory.targets import Memory


def test_the_best_comes_first_and_scores_fall(memory: Memory) -> None:
    memory.say(
        "carol", "s1",
        "When I say run rate, I mean the last quarter times four.",
        "When I say churn, I mean lost customers.",
        "The deadline for the board pack is 12 March.",
        "I'm working on the pricing project.",
    )  # fmt: skip
    for query, wanted in {
        "When is the board pack due?": "Board pack is due",
        "What's the run rate in EMEA?": "'run rate' means",
        "customers lost": "'churn' means",
        "pricing projects": "pricing project",
    }.items():
        found = memory.search(query, "/facts/carol/")
        assert wanted.lower() in found[0]["content"]["text"].lower(), (query, found[0])
        scores = [each["score"] for each in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    assert len(memory.search("customers", "/facts/carol/", top=2)) == 2


def test_what_shares_no_word_is_found_last(memory: Memory) -> None:
    memory.say("bob", "s1", "I prefer amounts in euros.")
    (found,) = memory.search("How did we do last quarter?", "/preferences/bob/")
    assert ("euros" in found["content"]["text"], found["score"]) == (True, 0.25)


def test_metadata_and_strategy_narrow_a_search(memory: Memory) -> None:
    client, memory_id, path = memory.client(), memory.memory_id, "/facts/dora/"
    for number, source in enumerate(("survey", "interview")):
        record = {
            "requestIdentifier": f"r{number}", "namespaces": [path], "content": {"text": f"Fact of {source}"},
            "timestamp": 1_700_000_000 + number, "metadata": {"source": {"stringValue": source}},
        }  # fmt: skip
        client.batch_create_memory_records(memoryId=memory_id, records=[record])
    test = {
        "left": {"metadataKey": "source"}, "operator": "EQUALS_TO",
        "right": {"metadataValue": {"stringValue": "survey"}},
    }  # fmt: skip
    criteria: dict[str, Any] = {"searchQuery": "fact", "metadataFilters": [test]}
    found = client.retrieve_memory_records(memoryId=memory_id, namespace=path, searchCriteria=criteria)
    assert [each["content"]["text"] for each in found["memoryRecordSummaries"]] == ["Fact of survey"]
    criteria = {"searchQuery": "fact", "memoryStrategyId": "facts-localstore"}
    found = client.retrieve_memory_records(memoryId=memory_id, namespace=path, searchCriteria=criteria)
    assert found["memoryRecordSummaries"] == [], "these were written without a strategy"
    unknown = {**test, "left": {"metadataKey": "author"}}
    with pytest.raises(client.exceptions.ValidationException):
        client.list_memory_records(memoryId=memory_id, namespace=path, metadataFilters=[unknown])


def test_results_come_in_pages(memory: Memory) -> None:
    for number in range(5):
        memory.say("erik", "s1", f"When I say term{number}, I mean thing {number}.")
    listing = memory.client().get_paginator("list_memory_records")
    pages = listing.paginate(memoryId=memory.memory_id, namespace="/facts/erik/", PaginationConfig={"PageSize": 2})
    assert [len(page["memoryRecordSummaries"]) for page in pages] == [2, 2, 1]


def test_pages_skip_and_repeat_nothing_while_others_write_and_delete(memory: Memory) -> None:
    client, session = memory.client(), {"memoryId": memory.memory_id, "actorId": "erik", "sessionId": "s1"}
    there = {memory.say("erik", "s1", f"Line {number}.") for number in range(6)}
    first = client.list_events(**session, maxResults=2)
    seen = [each["eventId"] for each in first["events"]]
    memory.say("erik", "s1", "One more.")
    rest = client.list_events(**session, nextToken=first["nextToken"], maxResults=2)
    for event in [*first["events"], *rest["events"]]:
        client.delete_event(**session, eventId=event["eventId"])
    last = client.list_events(**session, nextToken=rest["nextToken"], maxResults=2)
    seen += [each["eventId"] for each in [*rest["events"], *last["events"]]]
    assert sorted(seen) == sorted(there)
    assert "nextToken" not in last


@pytest.mark.parametrize(
    "where", [{}, {"namespace": "/facts/a/", "namespacePath": "/facts/a/"}, {"namespace": "/facts/*/"}]
)
def test_a_search_says_where(memory: Memory, where: dict[str, str]) -> None:
    client = memory.client()
    with pytest.raises(client.exceptions.ValidationException):
        client.list_memory_records(memoryId=memory.memory_id, **where)


def test_a_consumer_writes_no_record_that_it_may_not(memory: Memory) -> None:
    """In a batch with one that it may: by naming no namespace, a namespace too few, or only the new one."""
    memory.say("alice", "s1", "I'm working on the Atlas project.")
    (own,), (other,) = memory.search("Atlas", "/facts/alice/"), memory.search("Atlas", "/summaries/alice/")
    client = memory.client("curator")
    ids, now = [each["memoryRecordId"] for each in (own, other)], memory.now()

    def refused(call: Callable[..., Any], *records: dict[str, Any]) -> bool:
        with pytest.raises(client.exceptions.AccessDeniedException):
            call(memoryId=memory.memory_id, records=list(records))
        return True

    delete = {"memoryRecordId": ids[0], "namespace": "/facts/alice/"}
    assert refused(client.batch_delete_memory_records, delete, {"memoryRecordId": ids[1]})
    for changes in ({}, {"namespaces": ["/facts/alice/"]}):
        update = {"memoryRecordId": ids[1], "timestamp": now, "content": {"text": "x"}, **changes}
        assert refused(client.batch_update_memory_records, update)
    written = {"timestamp": now, "content": {"text": "x"}, "requestIdentifier": "1"}
    create = [{**written, "namespaces": [path] if path else []} for path in ("/facts/alice/", "")]
    assert refused(client.batch_create_memory_records, *create)
    untrue = {
        "memoryRecordId": ids[1],
        "timestamp": now,
        "sourceNamespaces": ["/facts/alice/"],
        "namespaces": ["/facts/bob/"],
    }
    done = client.batch_update_memory_records(memoryId=memory.memory_id, records=[untrue])
    assert len(done["failedRecords"]) == 1
    assert [each["memoryRecordId"] for each in memory.search("Atlas", "/summaries/alice/")] == [ids[1]]
    right = {**untrue, "memoryRecordId": ids[0], "namespaces": ["/facts/alice/"]}
    assert client.batch_update_memory_records(memoryId=memory.memory_id, records=[right])["successfulRecords"]
