"""What the rules keep, forget and leave out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import Store
from agentcore_kit.testing.dimensions.memory.targets import Memory
from tests.memory.configuration import SPEC

REMEMBERED = ["I'm working on the Atlas project.", "I prefer figures in euros."]


@pytest.fixture
def service() -> MemoryService:
    settings = replace(Settings.of(load_manifest(), {}), spec=SPEC)
    return MemoryService(settings, Store(":memory:"), Rules())


def kept(service: MemoryService, actor: str, *texts: str) -> list[str]:
    """Say texts in one conversation, with answers; return all that is remembered of it."""
    for number, text in enumerate(texts):
        payload = [{"conversational": {"role": role, "content": {"text": said}}}
                   for role, said in (("USER", text), ("ASSISTANT", "Done."))]  # fmt: skip
        service.create_event({"actorId": actor, "sessionId": "s", "eventTimestamp": 1e9 + number, "payload": payload})
    found = service.list_memory_records({"namespacePath": "/", "maxResults": 100})["memoryRecordSummaries"]
    return [each["content"]["text"] for each in found if f"/{actor}/" in each["namespaces"][0]]


@pytest.mark.parametrize(
    "wish",
    [
        "Forget everything about me.",
        "Please forget everything you know about me.",
        "Can you forget everything about me?",
        "Please delete all my data.",
        "I'd like you to erase what you have stored about me.",
        "Don't store anything. Forget me, please.",
    ],
)
def test_who_wants_to_be_forgotten_is(service: MemoryService, wish: str) -> None:
    before = kept(service, "alice", *REMEMBERED)
    assert len(before) == 5, before
    assert kept(service, "alice", *REMEMBERED, wish) == []
    assert kept(service, "bob", " ".join(REMEMBERED) + f" {wish}") == [], "also in one breath"


@pytest.mark.parametrize("text", ["Don't forget me.", "Did you forget everything about EMEA?", "I forget everything."])
def test_nobody_is_forgotten_by_mistake(service: MemoryService, text: str) -> None:
    assert len([each for each in kept(service, "alice", *REMEMBERED, text) if "Atlas" in each or "euros" in each]) >= 4


@pytest.mark.parametrize(
    "text",
    [
        "Remember my phone 0170 1234567.",
        "Remember my pin 4711.",
        "Note: 01701234567 is where I am.",
        "Note: PIN 4711.",
        "Note that my email is jo at home dot org.",
        "Note that the card is 4111111111111111.",
        "Note that the card is 4111 1111 1111 1111.",
        "Remember that invoices go to DE89 3704 0044 0532 0130 00.",
        "Write to jo.doe@example.com, I'm working on project X.",
        "I'm working on project X, 12 Baker Street.",
    ],
)
def test_what_is_personal_is_not_kept(service: MemoryService, text: str) -> None:
    assert kept(service, "alice", text) == []


def test_figures_of_the_business_are_not_personal(service: MemoryService) -> None:
    found = kept(service, "alice", "Our target for APAC is 450 million.", "The deadline for the audit is 2026-04-03.")
    assert any("450 million" in each for each in found)
    assert any("2026-04-03" in each for each in found)


def test_no_episode_is_off_the_record(service: MemoryService) -> None:
    assert kept(service, "alice", "Off the record: what would the merger with Borealis cost?") == []


def test_the_newer_preference_takes_the_place_of_the_older(memory: Memory) -> None:
    memory.say("anna", "s1", "I prefer figures in euros.")
    (record,) = memory.records("/preferences/anna/")
    memory.say("anna", "s2", "From now on, use US dollars.")
    ((same, text),) = memory.records("/preferences/anna/").items()
    assert same == record, "a record keeps its id when what it says changes"
    assert "dollars" in text


def test_what_is_too_long_to_be_a_sentence_teaches_no_preference_and_the_rest_does(service: MemoryService) -> None:
    def learned(actor: str, text: str) -> list[str]:
        return [each for each in kept(service, actor, text) if '"categories"' in each]

    long = f"I prefer the layout of tables {'x' * 1_000}."
    assert learned("alice", f"{long} {REMEMBERED[1]}") == learned("bob", REMEMBERED[1]) != []
