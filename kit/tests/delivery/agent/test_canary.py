"""A canary that ends by rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names, polling
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import refused


@pytest.fixture
def canary(world: World) -> World:
    """Return the world with version 1 live, 2 deployed, and a tenth of the sessions on 2."""
    world.release(COMMIT)
    world.with_manifest(spec={"canaryGateway": "assistants"})
    world.ready(SECOND)
    world.must("deploy", "prod")
    started = world.must("canary", "prod", "--weight", "10")
    assert "10 % on version 2, live: version 1" in started.last
    return world


def with_settings(world: World, **settings: float) -> None:
    """Let prod's environment file say something else under `canary`."""
    known = world.environments["prod"].canary
    world.with_environment("prod", canary=known.model_copy(update=settings))


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
    canary.must("canary", "prod", "--weight", "50")
    assert len(canary.at("prod").evaluations.tests) == 1


def test_what_was_measured_is_promoted_and_not_what_came_meanwhile(canary: World) -> None:
    canary.ready(THIRD)
    canary.must("deploy", "prod")
    measured(canary, 0.91, significant=False)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last
    assert canary.live("prod") == "2"


def test_both_sides_are_judged_while_it_runs(canary: World) -> None:
    def judged() -> set[str]:
        found = canary.at("prod").evaluations.online.values()
        return {one["onlineEvaluationConfigName"][0] for one in found if one["executionStatus"] == "ENABLED"}

    assert judged() == {"e", "c"}
    measured(canary, 0.91, significant=False)
    canary.must("canary", "prod", "--decide")
    assert judged() == {"e"}


def test_a_canary_is_of_one_environment(canary: World) -> None:
    canary.with_environment("preprod", account=canary.environments["prod"].account)
    canary.release(COMMIT, "preprod")
    refused(canary.type("canary", "preprod", "--decide"), "no canary is running in preprod")
    (test,) = canary.at("prod").evaluations.tests.values()
    component = load_manifest().metadata.name
    targets = {one["variantConfiguration"]["target"]["name"] for one in test["variants"]}
    assert targets == {f"{component}-prod-live", f"{component}-prod-canary"}


def test_a_canary_without_callers_begins_nothing(world: World) -> None:
    world.release(COMMIT)
    world.with_manifest(spec={"canaryGateway": "assistants"})
    assert world.type("canary", "prod", "--weight", "0").code == 2
    assert not world.cloud.made("CreateAgentRuntimeEndpoint")


def test_destroy_takes_the_canary_and_the_record_along(canary: World) -> None:
    canary.must("register", "prod")
    canary.must("destroy", "prod")
    assert not canary.at("prod").evaluations.tests
    assert not canary.at("prod").runtimes.runtimes
    assert not canary.at("prod").stacks.stacks
    assert not canary.registry().records


def test_too_few_sessions_decide_nothing(canary: World) -> None:
    measured(canary, 0.91, significant=False, sessions=canary.environments["prod"].canary.min_sessions - 1)
    assert "too few sessions" in canary.must("canary", "prod", "--decide").last
    assert canary.at("prod").evaluations.tests


def test_a_canary_that_is_not_worse_is_promoted(canary: World) -> None:
    measured(canary, 0.89, significant=False)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last
    assert canary.live("prod") == "2"
    assert not canary.at("prod").evaluations.tests


def test_how_many_begin_is_a_setting(canary: World) -> None:
    with_settings(canary, weight_percent=25)
    assert "25 % on version 2" in canary.must("canary", "prod").last
    assert "40 % on version 2" in canary.must("canary", "prod", "--weight", "40").last


def test_how_many_sessions_decide_is_a_setting(canary: World) -> None:
    with_settings(canary, min_sessions=5)
    measured(canary, 0.91, significant=False, sessions=4)
    assert "too few sessions" in canary.must("canary", "prod", "--decide").last
    measured(canary, 0.91, significant=False, sessions=5)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last


def test_how_slow_it_may_be_is_a_setting(canary: World) -> None:
    with_settings(canary, max_latency_ratio=3.0)
    measured(canary, 0.91, significant=False, p95=2000.0)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last


@pytest.mark.parametrize(("mean", "significant", "p95"), [(0.6, True, 900.0), (0.95, False, 2000.0)])
def test_a_worse_or_slower_canary_is_reversed(canary: World, mean: float, significant: bool, p95: float) -> None:
    measured(canary, mean, significant=significant, p95=p95)
    refused(canary.type("canary", "prod", "--decide"), "all callers are back", code=1)
    assert canary.live("prod") == "1"
    assert not canary.at("prod").evaluations.tests


def test_the_next_canary_is_not_judged_by_the_sessions_of_the_one_before(canary: World) -> None:
    measured(canary, 0.91, significant=False)
    canary.ready(THIRD)
    canary.must("deploy", "prod")
    assert "ends undecided" in canary.must("canary", "prod").out
    (test,) = canary.at("prod").evaluations.tests.values()
    assert "results" not in test
    assert "too few sessions" in canary.must("canary", "prod", "--decide").last
    assert canary.live("prod") == "1"


def test_latency_is_measured_since_the_canary_began(canary: World) -> None:
    measured(canary, 0.91, significant=False)
    (test,) = canary.at("prod").evaluations.tests.values()
    test["createdAt"] = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
    canary.must("canary", "prod", "--decide")
    asked = [call.parameters for call in canary.cloud.made("GetMetricData")]
    assert {one["StartTime"] for one in asked} == {test["createdAt"].timestamp()}
    assert {query["MetricStat"]["Period"] for one in asked for query in one["MetricDataQueries"]} == {31 * 3600}


def test_without_a_token_the_canary_goes_on(canary: World) -> None:
    measured(canary, 0.91, significant=False)
    canary.monkeypatch.delenv("EVAL_TOKEN")
    refused(canary.type("canary", "prod", "--decide"), "no token")
    assert canary.at("prod").evaluations.tests
    measured(canary, 0.6, significant=True)
    refused(canary.type("canary", "prod", "--decide"), "all callers are back")  # for which nobody is called


@pytest.mark.parametrize("command", ["canary", "destroy"])
def test_a_test_that_an_interruption_left_stopped_is_removed(canary: World, command: str) -> None:
    measured(canary, 0.6, significant=True)
    canary.cloud.plan_fault("DeleteABTest", "ConflictException")
    refused(canary.type("canary", "prod", "--decide"), "DeleteABTest")
    (left,) = canary.at("prod").evaluations.tests.values()
    assert left["executionStatus"] == "STOPPED"
    canary.must(command, "prod")
    running = [one["executionStatus"] for one in canary.at("prod").evaluations.tests.values()]
    assert running == (["RUNNING"] if command == "canary" else [])


def test_an_endpoint_that_does_not_go_away(canary: World) -> None:
    runtimes = canary.at("prod").runtimes
    canary.monkeypatch.setattr(runtimes, "delete_agent_runtime_endpoint", lambda _: {"status": "DELETING"})
    canary.monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0.2)
    refused(canary.type("destroy", "prod"), "endpoint canary was deleted but is still there", "type the same again")
