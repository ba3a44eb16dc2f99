"""A canary that ends by rule."""

from __future__ import annotations

import pytest

from ops.delivery import canary as split
from ops.delivery import names
from ops.manifest import load_manifest
from tests.delivery.world import COMMIT, SECOND, World


@pytest.fixture
def canary(world: World) -> World:
    """Return the world with version 1 live, 2 deployed, and a tenth of the sessions on 2."""
    world.release(COMMIT)
    world.with_manifest(spec={"canaryGateway": "assistants"})
    world.ready(SECOND)
    world.must("deploy", "prod")
    started = world.must("canary", "prod", WEIGHT="10")
    assert "10 % on version 2, live: version 1" in started.last
    return world


def measured(world: World, mean: float, *, significant: bool, sessions: int = 200, p95: float = 900.0) -> None:
    """Let the service have compared both."""
    (test,) = world.at("prod").evaluations.tests.values()
    stats = {"variantName": "C", "sampleSize": sessions, "mean": 0.9}
    result = {"variantName": "T1", "sampleSize": sessions, "mean": mean, "isSignificant": significant}
    arn = "arn:aws:bedrock-agentcore:::evaluator/Builtin.GoalSuccessRate"
    metric = {"evaluatorArn": arn, "controlStats": stats, "variantResults": [result]}
    test["results"] = {"evaluatorMetrics": [metric]}
    runtime = names.snake(load_manifest().metadata.name, "prod")
    world.at("prod").metrics.values = {
        ("Latency", f"{runtime}::live"): [900.0],
        ("Latency", f"{runtime}::canary"): [p95],
    }


def test_a_canary_splits_sessions_and_moves_nobody_else(canary: World) -> None:
    (test,) = canary.at("prod").evaluations.tests.values()
    assert {one["name"]: one["weight"] for one in test["variants"]} == {"C": 90, "T1": 10}
    assert canary.live("prod") == "1"
    canary.must("canary", "prod", WEIGHT="50")
    assert len(canary.at("prod").evaluations.tests) == 1


def test_too_few_sessions_decide_nothing(canary: World) -> None:
    measured(canary, 0.91, significant=False, sessions=split.MIN_SESSIONS - 1)
    assert "too few sessions" in canary.must("canary", "prod", DECIDE="1").last
    assert canary.at("prod").evaluations.tests


def test_a_canary_that_is_not_worse_is_promoted(canary: World) -> None:
    measured(canary, 0.89, significant=False)
    assert "version 2 is live" in canary.must("canary", "prod", DECIDE="1").last
    assert canary.live("prod") == "2"
    assert not canary.at("prod").evaluations.tests


@pytest.mark.parametrize(("mean", "significant", "p95"), [(0.6, True, 900.0), (0.95, False, 2000.0)])
def test_a_worse_or_slower_canary_is_reversed(canary: World, mean: float, significant: bool, p95: float) -> None:
    measured(canary, mean, significant=significant, p95=p95)
    refused = canary.type("canary", "prod", DECIDE="1")
    assert refused.code == 1
    assert "all callers are back" in refused.err
    assert canary.live("prod") == "1"
    assert not canary.at("prod").evaluations.tests
