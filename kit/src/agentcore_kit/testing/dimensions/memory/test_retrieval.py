"""Cross-session retrieval: what session one learned, session two of the same actor finds, ranked, and nobody else."""

from __future__ import annotations

import pytest

from agentcore_kit.testing.dimensions.memory.targets import LOCAL, Memory

pytestmark = pytest.mark.retrieval


def test_a_later_session_finds_what_an_earlier_one_learned(memory: Memory) -> None:
    actor, other = memory.actor("alice"), memory.actor("alice2")
    memory.say(
        actor, "monday", "I'm working on the Borealis project.", "When I say core markets, I mean EMEA and AMER."
    )
    memory.say(other, "monday", "I'm working on the Atlas project.")
    memory.restart()
    memory.say(actor, "tuesday", "What do you know of my work?")
    context = f"/facts/{actor}/"
    memory.until(lambda: memory.texts(context), lambda found: len(found) > 1)
    memory.until(lambda: memory.texts(f"/facts/{other}/"), bool)
    found = [each["content"]["text"] for each in memory.search("Which project is it?", context)]
    assert "Borealis" in found[0]
    assert "Atlas" not in str(found)
    assert "core markets" in memory.search("revenue of the core markets", context)[0]["content"]["text"].lower()


def test_preferences_are_found_without_a_word_in_common(memory: Memory) -> None:
    actor = memory.actor("bob")
    context = f"/preferences/{actor}/"
    memory.say(actor, "s1", "I prefer amounts in euros.")
    memory.until(lambda: memory.texts(context), bool)
    found = memory.search("How did we do last quarter?", context)
    assert "euros" in found[0]["content"]["text"].lower()


if LOCAL:  # ranks and scores of the service are its own

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

    def test_metadata_and_strategy_narrow_a_search(memory: Memory) -> None:
        client, memory_id, context = memory.client(), memory.memory_id, "/facts/dora/"
        for number, source in enumerate(("survey", "interview")):
            record = {
                "requestIdentifier": f"r{number}", "namespaces": [context], "content": {"text": f"Fact of {source}"},
                "timestamp": 1_700_000_000 + number, "metadata": {"source": {"stringValue": source}},
            }  # fmt: skip
            client.batch_create_memory_records(memoryId=memory_id, records=[record])
        test = {
            "left": {"metadataKey": "source"}, "operator": "EQUALS_TO",
            "right": {"metadataValue": {"stringValue": "survey"}},
        }  # fmt: skip
        criteria = {"searchQuery": "fact", "metadataFilters": [test]}
        found = client.retrieve_memory_records(memoryId=memory_id, namespace=context, searchCriteria=criteria)
        assert [each["content"]["text"] for each in found["memoryRecordSummaries"]] == ["Fact of survey"]
        criteria = {"searchQuery": "fact", "memoryStrategyId": "facts-localstore"}
        found = client.retrieve_memory_records(memoryId=memory_id, namespace=context, searchCriteria=criteria)
        assert found["memoryRecordSummaries"] == [], "these were written without a strategy"
        unknown = {**test, "left": {"metadataKey": "author"}}
        with pytest.raises(client.exceptions.ValidationException):
            client.list_memory_records(memoryId=memory_id, namespace=context, metadataFilters=[unknown])

    def test_results_come_in_pages(memory: Memory) -> None:
        for number in range(5):
            memory.say("erik", "s1", f"When I say term{number}, I mean thing {number}.")
        pages = (
            memory.client()
            .get_paginator("list_memory_records")
            .paginate(memoryId=memory.memory_id, namespace="/facts/erik/", PaginationConfig={"PageSize": 2})
        )
        sizes = [len(page["memoryRecordSummaries"]) for page in pages]
        assert sizes == [2, 2, 1]

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
