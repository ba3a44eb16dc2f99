"""Extraction: what should be remembered is, and what must not be is not. On this machine, of the whole dataset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentcore_kit.evaluation.memory_dataset import PERSONAL_DATA, Case
from agentcore_kit.evaluation.memory_evaluators import Target, deployed, local, measure
from agentcore_kit.evaluation.results import CaseResult
from agentcore_kit.evaluation.summary import summarise
from agentcore_kit.evaluation.thresholds import check_limits, load_thresholds
from agentcore_kit.testing.dimensions.memory.targets import conversations
from agentcore_kit.testing.options import DimensionOptions, dimension_options

pytestmark = pytest.mark.extraction


@pytest.fixture(scope="module")
def chosen(request: pytest.FixtureRequest) -> DimensionOptions:
    return dimension_options(request.config)


@pytest.fixture(scope="module")
def target(chosen: DimensionOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with local(tmp_path_factory.mktemp("memory")) if chosen.is_local else deployed(chosen.target) as found:
        yield found


@pytest.fixture(scope="module")
def results(chosen: DimensionOptions, target: Target) -> list[CaseResult]:
    return list(measure(conversations() if chosen.is_local else a_few(), target))


def a_few() -> list[Case]:
    """Return the first conversation of each group: a deployed memory is asked those here, and all by `kit gate`."""
    return list({case.group: case for case in reversed(conversations())}.values())


def test_every_conversation_could_be_held(results: list[CaseResult]) -> None:
    assert [(each["id"], each["error"]) for each in results if each["status"] == "error"] == []


def test_precision_recall_and_the_rest_meet_their_thresholds(
    results: list[CaseResult], target: Target, chosen: DimensionOptions
) -> None:
    limits = load_thresholds().limits(target.model, chosen.target)
    checks = check_limits(limits, summarise(results, None).total.metrics())
    wrong = {each["id"]: each["reasons"] for each in results if each["reasons"]}
    assert [check for check in checks if check.met is False] == [], wrong


def test_personal_data_is_never_kept(results: list[CaseResult]) -> None:
    found = [each for each in results if "personalData" in each["scores"]]
    assert found, f"evals/dataset.jsonl has no conversation of group {PERSONAL_DATA!r} with `absent`; add one"
    assert [each["id"] for each in found if each["scores"]["personalData"] < 1] == []
