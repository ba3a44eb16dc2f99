"""The rule that ends a canary: what is compared, and how much of it is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.delivery.canary_decision import Decision, decide
from agentcore_kit.delivery.context import open_context
from agentcore_kit.local.aws_emulator.cloud import access_key
from tests.delivery.runtime_world import World

ARN = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/any"


def ab_test(world: World, mean: float, sessions: int, *, without: str = "", live: float = 0.9) -> dict[str, Any]:
    """Return an A/B test of a new version, with the same result for each evaluator."""
    metrics = [
        {
            "evaluatorArn": f"arn:aws:bedrock-agentcore:::evaluator/{name}",
            "controlStats": {"variantName": "C", "sampleSize": sessions, "mean": live},
            "variantResults": [{"variantName": "T1", "sampleSize": sessions, "mean": mean, "isSignificant": False}],
        }
        for name in world.environments["prod"].online_evaluation.evaluators
        if name != without
    ]
    return {"createdAt": datetime.now(UTC) - timedelta(hours=5), "results": {"evaluatorMetrics": metrics}}


def decided(world: World, test: dict[str, Any]) -> Decision:
    with world.monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", access_key(str(world.environments["prod"].account)))
        return decide(open_context("prod"), test, ARN)


def measured(world: World, endpoint: str, **values: float | list[float]) -> None:
    """Let metrics of an endpoint have values: the agent's own, and the service's where the name is of one of those."""
    runtime, metrics = names.snake(load_manifest().metadata.name, "prod"), world.at("prod").metrics
    at = datetime.now(UTC) - timedelta(hours=1)
    for name, value in values.items():
        of_service = name in ("Sessions", "Invocations", "UserErrors", "SystemErrors", "Latency")
        of = f"{runtime}::{endpoint}" if of_service else f"{runtime}.{endpoint}"
        metrics.add(name, of, *(value if isinstance(value, list) else [value]), at=at)


def said(decision: Decision, about: str) -> str:
    (line,) = [each for each in decision.findings if each.startswith(about)]
    return line


def test_a_version_that_is_shown_to_be_not_worse_is_promoted(world: World) -> None:
    found = decided(world, ab_test(world, 0.9, 200))
    assert found.decision == "promote"
    assert "not worse, with a margin of 0.1" in said(found, "Builtin.GoalSuccessRate")


def test_not_significantly_worse_is_not_enough(world: World) -> None:
    """Forty sessions with 0.86 and 0.90 are no significant difference, and show nothing."""
    found = decided(world, ab_test(world, 0.86, 40))
    assert found.decision == "wait"
    assert "cannot be told with a margin of 0.1; about " in said(found, "Builtin.GoalSuccessRate")


def test_how_many_sessions_are_needed_is_enough(world: World) -> None:
    line = said(decided(world, ab_test(world, 0.88, 40)), "Builtin.GoalSuccessRate")
    needed = int(line.rpartition("about ")[2].split()[0])
    assert 40 < needed < 1000
    assert decided(world, ab_test(world, 0.9, needed)).decision == "promote"


@pytest.mark.parametrize(("mean", "sessions"), [(0.2, 29), (1.0, 29), (0.0, 1)])
def test_nothing_is_decided_before_both_sides_have_enough_judged_sessions(
    world: World, mean: float, sessions: int
) -> None:
    found = decided(world, ab_test(world, mean, sessions))
    assert found.decision == "wait"
    assert "each side needs 30" in said(found, "Builtin.GoalSuccessRate")


def test_nothing_is_decided_before_each_evaluator_has_judged(world: World) -> None:
    found = decided(world, ab_test(world, 0.9, 500, without="Builtin.Faithfulness"))
    assert found.decision == "wait"
    assert "no session of both" in said(found, "Builtin.Faithfulness")
    assert decided(world, {"createdAt": datetime.now(UTC)}).decision == "wait"


def test_a_version_that_is_worse_is_reversed(world: World) -> None:
    assert decided(world, ab_test(world, 0.7, 200)).decision == "reverse"


def test_the_margin_is_a_setting(world: World) -> None:
    assert decided(world, ab_test(world, 0.86, 400)).decision == "promote"
    known = world.environments["prod"].canary
    world.with_environment("prod", canary=known.model_copy(update={"margin": 0.02}))
    assert decided(world, ab_test(world, 0.89, 400)).decision == "wait"


@pytest.mark.parametrize(
    ("cost", "tokens", "decision"), [(1.2, 1.2, "promote"), (1.4, 1.0, "reverse"), (1, 2, "reverse")]
)
def test_what_a_session_costs_is_compared(world: World, cost: float, tokens: float, decision: str) -> None:
    measured(world, "live", Sessions=900.0, CostUsd=9.0, InputTokens=900_000.0, OutputTokens=90_000.0)
    new = {"CostUsd": cost, "InputTokens": 100_000.0 * tokens, "OutputTokens": 10_000.0 * tokens}
    measured(world, "canary", Sessions=100.0, **new)
    found = decided(world, ab_test(world, 0.9, 200))
    assert found.decision == decision
    assert said(found, "USD a session").startswith(f"USD a session: 0.01 live, {cost / 100:.4g} new")


def test_feedback_of_users_is_compared(world: World) -> None:
    measured(world, "live", Feedback=[1.0] * 180 + [0.0] * 20)
    measured(world, "canary", Feedback=[1.0] * 30 + [0.0] * 30)
    found = decided(world, ab_test(world, 0.9, 200))
    assert found.decision == "reverse"
    assert said(found, "feedback of users") == "feedback of users: 0.90 live, 0.50 new (200 and 60): worse"


def test_little_feedback_decides_nothing(world: World) -> None:
    measured(world, "live", Feedback=[1.0] * 180)
    measured(world, "canary", Feedback=[0.0] * 5)
    found = decided(world, ab_test(world, 0.9, 200))
    assert found.decision == "promote"
    assert "fewer than 30" in said(found, "feedback of users")


def test_a_version_that_fails_is_reversed_before_a_session_was_judged(world: World) -> None:
    measured(world, "live", Requests=[1.0] * 400, Errors=[1.0] * 4)
    measured(world, "canary", Requests=[1.0] * 60, Errors=[1.0] * 50)
    found = decided(world, {"createdAt": datetime.now(UTC) - timedelta(hours=5)})
    assert found.decision == "reverse"
    assert "1.0% failed live, 83.3% new" in said(found, "requests")


def test_a_version_whose_container_answers_nobody_is_reversed(world: World) -> None:
    measured(world, "live", Invocations=400.0, Requests=[1.0] * 400)
    measured(world, "canary", Invocations=60.0, UserErrors=60.0)
    found = decided(world, {"createdAt": datetime.now(UTC) - timedelta(hours=5)})
    assert (found.decision, "answered none of 60" in said(found, "requests")) == ("reverse", True)


def test_callers_mistakes_on_both_sides_reverse_nothing(world: World) -> None:
    for endpoint in ("live", "canary"):
        measured(world, endpoint, Invocations=60.0, UserErrors=60.0)
    assert decided(world, ab_test(world, 0.9, 200)).decision == "promote"


def test_a_version_that_answers_and_measures_nothing_of_its_own_waits(world: World) -> None:
    measured(world, "canary", Invocations=60.0)
    found = decided(world, ab_test(world, 0.9, 200))
    assert found.decision == "wait"
    assert "have no data" in said(found, "requests")


def test_the_time_to_the_first_token_is_compared_where_it_is_measured(world: World) -> None:
    for endpoint in ("live", "canary"):
        measured(world, endpoint, Latency=9000.0 if endpoint == "canary" else 900.0)
    assert decided(world, ab_test(world, 0.9, 200)).decision == "reverse"
    for endpoint in ("live", "canary"):
        measured(world, endpoint, TimeToFirstTokenMs=[800.0] * 10)
    found = decided(world, ab_test(world, 0.9, 200))
    assert found.decision == "promote"
    assert said(found, "P95 time to first token").endswith("800 ms live, 800 ms new: fine")
