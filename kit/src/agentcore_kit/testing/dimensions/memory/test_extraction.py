"""Extraction quality: what should be remembered is, what must not be is not. The whole dataset is `make eval`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.evaluation.memory_dataset import Case, dataset_path, load
from agentcore_kit.evaluation.memory_evaluators import Result, Target, deployed, local, measure
from agentcore_kit.evaluation.summary import summarise
from agentcore_kit.evaluation.thresholds import check_limits, load_thresholds
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import Store
from agentcore_kit.testing.dimensions.memory.targets import LOCAL, TARGET

pytestmark = pytest.mark.extraction

CASES = load(dataset_path(), [each.name for each in load_manifest().spec.strategies])
A_FEW = ("pref-currency", "fact-project", "term-core", "newer-currency", "pii-email", "pii-health", "no-request")
"""Those that a deployed memory is asked here; `kit gate` asks all of them."""


def _of(group: str) -> list[Case]:
    return [case for case in CASES if case.group == group]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with local(tmp_path_factory.mktemp("extraction")) if LOCAL else deployed(TARGET) as found:
        yield found


@pytest.fixture(scope="module")
def results(target: Target) -> list[Result]:
    cases = CASES if LOCAL else [case for case in CASES if case.scenario_id in A_FEW]
    return list(measure(cases, target))


def test_every_conversation_could_be_held(results: list[Result]) -> None:
    assert [(each["id"], each["error"]) for each in results if each["status"] == "error"] == []


def test_precision_recall_and_the_rest_meet_their_thresholds(results: list[Result], target: Target) -> None:
    limits = load_thresholds().limits(target.model, TARGET)
    checks = check_limits(limits, summarise(results, None).total.metrics())
    wrong = {each["id"]: each["reasons"] for each in results if each["reasons"]}
    assert [check for check in checks if check.met is False] == [], wrong


def test_personal_data_is_never_kept(results: list[Result]) -> None:
    found = [each for each in results if "personalData" in each["scores"]]
    assert found
    assert [each["id"] for each in found if each["scores"]["personalData"] < 1] == []


REMEMBERED = ["I'm working on the Atlas project.", "I prefer figures in euros."]


def kept(service: MemoryService, actor: str, *texts: str) -> list[str]:
    """Say texts in one conversation, with answers; return all that is remembered of it."""
    for number, text in enumerate(texts):
        payload = [{"conversational": {"role": role, "content": {"text": said}}}
                   for role, said in (("USER", text), ("ASSISTANT", "Done."))]  # fmt: skip
        service.create_event({"actorId": actor, "sessionId": "s", "eventTimestamp": 1e9 + number, "payload": payload})
    found = service.list_memory_records({"namespacePath": "/", "maxResults": 100})["memoryRecordSummaries"]
    return [each["content"]["text"] for each in found if f"/{actor}/" in each["namespaces"][0]]


@pytest.fixture
def service() -> MemoryService:
    """Return a memory of this repository's strategies and of episodes, which extracts by rules."""
    spec = load_manifest().spec
    episodes = spec.strategies[0].model_copy(
        update={"type": "episodic", "name": "episodes", "namespace_template": "/episodes/{actorId}/"}
    )
    settings = Settings.of(load_manifest(), {})
    wanted = spec.model_copy(update={"strategies": [*spec.strategies, episodes]})
    return MemoryService(replace(settings, spec=wanted), Store(":memory:"), Rules())


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
        "I'm working on project X, 12 Baker Street.",
    ],
)
def test_what_is_personal_is_not_kept(service: MemoryService, text: str) -> None:
    assert kept(service, "alice", text) == []


def test_no_episode_is_off_the_record(service: MemoryService) -> None:
    assert kept(service, "alice", "Off the record: what would the merger with Borealis cost?") == []


def test_the_dataset_is_broad_enough() -> None:
    assert len(CASES) >= 60
    assert min(len(_of(case.group)) for case in CASES) >= 3


def test_a_worse_extractor_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thresholds bite: without what keeps personal data out, and with preferences that never change."""
    monkeypatch.setattr("memory.extraction.rules.is_personal", lambda _: False)
    monkeypatch.setattr("memory.store.Store.about", lambda *_: None)
    with local(tmp_path) as worse:
        found = summarise(measure(CASES, worse), None).total.metrics()
        checks = check_limits(load_thresholds().limits(worse.model, "local"), found)
    assert {check.metric for check in checks if check.met is False} >= {"personalData", "newest"}
