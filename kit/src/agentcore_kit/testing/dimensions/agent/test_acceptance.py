"""Dimension acceptance: the rows of the dataset, in the words of the agent's users, end as they should."""

from __future__ import annotations

import pytest

from agentcore_kit.testing.dimensions.agent.answers import Answers, described

pytestmark = pytest.mark.dimension

LEAST_SHARE = 0.4
"""Thresholds hold for all rows together. A category of which fewer are right than this serves nobody."""


@pytest.mark.parametrize("metric", ["toolSelection", "toolParameters", "correctness", "escalation", "goalReached"])
def test_the_rows_together_reach_the_threshold(answers: Answers, metric: str) -> None:
    check = answers.checks.get(metric)
    assert check is None or check.met is not False, (
        f"{metric} is {check.value:.3f}, needed: {check.limit}{described(answers.below(metric), metric)}"
    )


def test_every_category_is_served(answers: Answers) -> None:
    for category, found in answers.categories().items():
        cases = [case for case in found if case["status"] != "unjudged"]  # here is no judge
        if not cases:
            continue
        wrong = [case for case in cases if case["status"] != "passed"]
        share = 1 - len(wrong) / len(cases)
        assert share >= LEAST_SHARE, f"of category {category} only {share:.0%} are right{described(wrong)}"


def test_what_every_version_must_answer_is_right(answers: Answers) -> None:
    wrong = [case for case in answers.tagged("smoke") if case["status"] != "passed"]
    assert not wrong, described(wrong)


def test_every_row_can_be_asked(answers: Answers) -> None:
    failed = [case for case in answers.cases if case["status"] == "error"]
    assert answers.cases
    assert not failed, described(failed)
