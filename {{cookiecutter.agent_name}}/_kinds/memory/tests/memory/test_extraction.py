"""Extraction quality: what should be remembered is, what must not be is not. The whole dataset is `make eval`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.evaluation.cases import DATASET, Case, load
from ops.evaluation.gate import check_limits, load_thresholds
from ops.evaluation.measure import Result, Target, deployed, local, measure
from ops.evaluation.summary import summarise
from ops.manifest import load_manifest
from tests.memory.targets import LOCAL, TARGET

pytestmark = pytest.mark.extraction

CASES = load(DATASET, [each.name for each in load_manifest().spec.strategies])
A_FEW = ("pref-currency", "fact-project", "term-core", "newer-currency", "pii-email", "pii-health", "no-request")
"""Those that a deployed memory is asked here; `make gate` asks all of them."""


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
