"""A canary that ends by rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names, polling
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.kinds.agent import AgentKind
from agentcore_kit.local.aws_emulator.docker import digest_of
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import refused

AGENT = f"{AgentKind.__module__}.{AgentKind.__name__}"


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


def measured(world: World, mean: float, *, sessions: int = 1000, p95: float = 900.0) -> None:
    """Let the service have compared both, by each evaluator."""
    (test,) = world.at("prod").evaluations.tests.values()
    stats = {"variantName": "C", "sampleSize": sessions, "mean": 0.9}
    result = {"variantName": "T1", "sampleSize": sessions, "mean": mean, "isSignificant": False}
    test["results"] = {
        "evaluatorMetrics": [
            {
                "evaluatorArn": f"arn:aws:bedrock-agentcore:::evaluator/{evaluator}",
                "controlStats": stats,
                "variantResults": [result],
            }
            for evaluator in world.environments["prod"].online_evaluation.evaluators
        ]
    }
    runtime = names.snake(load_manifest().metadata.name, "prod")
    world.at("prod").metrics.values = {
        ("Latency", f"{runtime}::live"): [900.0],
        ("Latency", f"{runtime}::canary"): [p95],
    }


def state(world: World) -> dict[str, Any]:
    """Return production's state as it is kept."""
    values = world.at("prod").parameters.values
    (name,) = [name for name in values if name.endswith("/prod/versions")]
    found: dict[str, Any] = json.loads(values[name])
    return found


def cancelled(world: World, at: str, command: str, *options: str) -> None:
    """Type a command that is killed as a function is called."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with world.monkeypatch.context() as planned:
        planned.setattr(at, killed)
        assert world.type(command, "prod", *options).code == 130


def test_a_canary_splits_sessions_and_moves_nobody_else(canary: World) -> None:
    (test,) = canary.at("prod").evaluations.tests.values()
    assert {one["name"]: one["weight"] for one in test["variants"]} == {"C": 90, "T1": 10}
    assert canary.live("prod") == "1"
    canary.must("canary", "prod", "--weight", "50")
    assert len(canary.at("prod").evaluations.tests) == 1


def test_what_was_measured_is_promoted_and_not_what_came_meanwhile(canary: World) -> None:
    canary.ready(THIRD)
    canary.must("deploy", "prod")
    measured(canary, 0.91)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last
    assert canary.live("prod") == "2"


def test_both_sides_are_judged_while_it_runs(canary: World) -> None:
    def judged() -> set[str]:
        found = canary.at("prod").evaluations.online.values()
        return {one["onlineEvaluationConfigName"][0] for one in found if one["executionStatus"] == "ENABLED"}

    assert judged() == {"e", "c"}
    measured(canary, 0.91)
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
    measured(canary, 0.91, sessions=canary.environments["prod"].canary.min_sessions - 1)
    assert "not decided yet" in canary.must("canary", "prod", "--decide").last
    assert canary.at("prod").evaluations.tests


def test_a_canary_that_is_not_worse_is_promoted(canary: World) -> None:
    measured(canary, 0.89)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last
    assert canary.live("prod") == "2"
    assert not canary.at("prod").evaluations.tests


def test_how_many_begin_is_a_setting(canary: World) -> None:
    with_settings(canary, weight_percent=25)
    assert "25 % on version 2" in canary.must("canary", "prod").last
    assert "40 % on version 2" in canary.must("canary", "prod", "--weight", "40").last


def test_how_many_sessions_decide_is_a_setting(canary: World) -> None:
    with_settings(canary, min_sessions=2000)
    measured(canary, 0.91, sessions=1999)
    assert "not decided yet" in canary.must("canary", "prod", "--decide").last
    measured(canary, 0.91, sessions=2000)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last


def test_how_slow_it_may_be_is_a_setting(canary: World) -> None:
    with_settings(canary, max_latency_ratio=3.0)
    measured(canary, 0.91, p95=2000.0)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last


@pytest.mark.parametrize(("mean", "p95"), [(0.6, 900.0), (0.95, 2000.0)])
def test_a_worse_or_slower_canary_is_reversed(canary: World, mean: float, p95: float) -> None:
    measured(canary, mean, p95=p95)
    refused(canary.type("canary", "prod", "--decide"), "all callers are back", code=1)
    assert canary.live("prod") == "1"
    assert not canary.at("prod").evaluations.tests


def test_the_next_canary_is_not_judged_by_the_sessions_of_the_one_before(canary: World) -> None:
    measured(canary, 0.91)
    canary.ready(THIRD)
    canary.must("deploy", "prod")
    assert "ends undecided" in canary.must("canary", "prod").out
    (test,) = canary.at("prod").evaluations.tests.values()
    assert "results" not in test
    assert "not decided yet" in canary.must("canary", "prod", "--decide").last
    assert canary.live("prod") == "1"


def test_without_a_token_the_canary_goes_on(canary: World) -> None:
    measured(canary, 0.91)
    canary.monkeypatch.delenv("EVAL_TOKEN")
    refused(canary.type("canary", "prod", "--decide"), "no token")
    assert canary.at("prod").evaluations.tests
    measured(canary, 0.6)
    refused(canary.type("canary", "prod", "--decide"), "all callers are back")  # for which nobody is called


@pytest.mark.parametrize("command", ["canary", "destroy"])
def test_a_test_that_an_interruption_left_stopped_is_removed(canary: World, command: str) -> None:
    measured(canary, 0.6)
    canary.cloud.plan_fault("DeleteABTest", "ConflictException")
    refused(canary.type("canary", "prod", "--decide"), "DeleteABTest")
    (left,) = canary.at("prod").evaluations.tests.values()
    assert left["executionStatus"] == "STOPPED"
    if command == "canary":
        refused(canary.type("canary", "prod"), "was begun and interrupted", "kit canary --env prod --decide goes on")
        refused(canary.type("canary", "prod", "--decide"), "all callers are back", code=1)
        assert not canary.at("prod").evaluations.tests
        assert "version 2 was left before, and is tried again" in canary.must("canary", "prod").out
    else:
        canary.must(command, "prod")
    running = [one["executionStatus"] for one in canary.at("prod").evaluations.tests.values()]
    assert running == (["RUNNING"] if command == "canary" else [])


def test_an_endpoint_that_does_not_go_away(canary: World) -> None:
    runtimes = canary.at("prod").runtimes
    canary.monkeypatch.setattr(runtimes, "delete_agent_runtime_endpoint", lambda _: {"status": "DELETING"})
    canary.monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0.2)
    refused(canary.type("destroy", "prod"), "endpoint canary was deleted but is still there", "type the same again")


# Canary, promotion and rollback know of each other


def test_a_rollback_ends_the_canary_and_never_leaves_what_callers_had(canary: World) -> None:
    canary.release(COMMIT, "dev")
    shown = canary.must("rollback", "prod")
    assert "the canary of version 2 ends" in shown.out
    assert "all callers get version 1, which is live and stays live" in shown.out
    assert shown.last.endswith("version 2 left; version 1 is live as before, its smoke test passed")
    assert canary.live("prod") == "1"
    assert not canary.at("prod").evaluations.tests
    assert (state(canary)["canary"], state(canary)["left"]) == (None, ["2"])
    assert "a rollback left version 2" in canary.must("status", "prod").last
    refused(canary.type("promote", "prod"), "--version 2")


def test_a_rollback_of_a_canary_says_when_what_is_live_fails_too(canary: World) -> None:
    canary.cloud.broken_images.add(digest_of(COMMIT))
    said = "the canary is ended and version 2 left; the smoke test of live failed"
    refused(canary.type("rollback", "prod"), said, "it stays live, as nothing was moved", code=1)
    assert not canary.at("prod").evaluations.tests
    assert canary.live("prod") == "1"


def test_a_rollback_to_a_chosen_version_ends_the_canary_first(canary: World) -> None:
    measured(canary, 0.91)
    canary.must("canary", "prod", "--decide")
    canary.ready(THIRD)
    canary.must("deploy", "prod")
    canary.must("canary", "prod")
    assert "version 1 is live again; it was 2" in canary.must("rollback", "prod", "--version", "1").last
    assert not canary.at("prod").evaluations.tests
    assert canary.live("prod") == "1"


@pytest.mark.parametrize("at", ["agentcore_kit.delivery.canary.end", f"{AGENT}.smoke"])
def test_a_rollback_of_a_canary_that_was_interrupted_goes_on(canary: World, at: str) -> None:
    cancelled(canary, at, "rollback")
    if at.endswith("end"):
        assert "the canary's end was interrupted" in canary.must("status", "prod").last
        canary.must("rollback", "prod")
    assert not canary.at("prod").evaluations.tests
    assert canary.live("prod") == "1"
    assert state(canary)["canary"] is None


@pytest.mark.parametrize("options", [(), ("--version", "2")])
def test_a_promotion_during_a_canary_is_refused(canary: World, options: tuple[str, ...]) -> None:
    canary.ready(THIRD)
    canary.must("deploy", "prod")
    said = "a canary of version 2 is running in prod, so live stays on version 1"
    refused(canary.type("promote", "prod", *options), said, "--decide", "--stop", code=2)
    assert canary.live("prod") == "1"
    canary.must("canary", "prod", "--stop")
    canary.must("promote", "prod")
    assert canary.live("prod") == "3"


def test_a_canary_that_is_stopped_is_not_left(canary: World) -> None:
    assert "the canary of version 2 is ended; live: version 1" in canary.must("canary", "prod", "--stop").last
    assert not canary.at("prod").evaluations.tests
    canary.must("promote", "prod")
    assert canary.live("prod") == "2"


def test_a_decision_against_a_control_that_changed_is_refused(canary: World) -> None:
    measured(canary, 0.91)
    (runtime,) = canary.at("prod").runtimes.runtimes.values()
    runtime.versions.append(runtime.versions[0])
    live = runtime.endpoints[names.LIVE]
    live.live = live.target = "3"  # by hand, in the console
    said = "it compares with version 1, and callers have version 3, so nothing is decided"
    refused(canary.type("canary", "prod", "--decide"), said, code=1)
    assert canary.live("prod") == "3"
    live.live = live.target = "1"
    live.moved = datetime.now(UTC) + timedelta(minutes=1)
    refused(canary.type("canary", "prod", "--decide"), "live was moved since the canary began", code=1)
    assert canary.at("prod").evaluations.tests, "it goes on until somebody ends it"


def test_a_canary_of_an_older_kit_is_known_by_its_test(canary: World) -> None:
    values = canary.at("prod").parameters.values
    (name,) = [name for name in values if name.endswith("/prod/versions")]
    values[name] = json.dumps({"good": ["1"], "left": [], "untested": "", "had": ""})
    assert "version 2 has 10 % of the sessions, against version 1" in canary.must("status", "prod").out
    refused(canary.type("promote", "prod"), "a canary of version 2 is running", code=2)
    measured(canary, 0.91)
    assert "version 2 is live" in canary.must("canary", "prod", "--decide").last


@pytest.mark.parametrize("at", ["canary.end", "moves.give", "endpoints.move", "moves.finish"])
@pytest.mark.parametrize("again", [("canary", "--decide"), ("promote",)])
def test_a_promotion_by_canary_that_was_interrupted_goes_on(canary: World, at: str, again: tuple[str, ...]) -> None:
    measured(canary, 0.91)
    cancelled(canary, f"agentcore_kit.delivery.{at}", "canary", "--decide")
    command, *options = again
    assert "version 2 is live" in canary.must(command, "prod", *options).last
    assert canary.live("prod") == "2"
    assert not canary.at("prod").evaluations.tests
    assert (state(canary)["canary"], state(canary)["good"], state(canary)["untested"]) == (None, ["1", "2"], "")


@pytest.mark.parametrize("at", ["canary.end", "moves.finish"])
def test_a_promotion_by_canary_that_was_interrupted_can_be_taken_back(canary: World, at: str) -> None:
    measured(canary, 0.91)
    cancelled(canary, f"agentcore_kit.delivery.{at}", "canary", "--decide")
    canary.must("rollback", "prod")
    assert canary.live("prod") == "1"
    assert not canary.at("prod").evaluations.tests
    assert (state(canary)["canary"], state(canary)["untested"]) == (None, "")


def test_a_canary_that_fails_as_live_is_put_back_and_over(canary: World) -> None:
    measured(canary, 0.91)
    original = AgentKind.smoke

    def fails_on_live(self: AgentKind, context: Any, arn: str, endpoint: str, token: str) -> None:
        (runtime,) = canary.at("prod").runtimes.runtimes.values()
        if endpoint == names.LIVE and runtime.endpoints[names.LIVE].live == "2":
            raise CommandError("the smoke test of live failed", "look", 1)
        original(self, context, arn, endpoint, token)

    canary.monkeypatch.setattr(AgentKind, "smoke", fails_on_live)
    refused(canary.type("canary", "prod", "--decide"), "live is back on version 1, its smoke test passed", code=1)
    assert (state(canary)["canary"], state(canary)["failed"]) == (None, ["2"])
    assert not canary.at("prod").evaluations.tests


@pytest.mark.parametrize("at", ["endpoints.move", "canary.start"])
def test_a_canary_whose_start_was_interrupted_begins_when_it_is_typed_again(world: World, at: str) -> None:
    world.release(COMMIT)
    world.with_manifest(spec={"canaryGateway": "assistants"})
    world.ready(SECOND)
    world.must("deploy", "prod")
    cancelled(world, f"agentcore_kit.delivery.{at}", "canary")
    assert "live: version 1" in world.must("canary", "prod").last
    assert len(world.at("prod").evaluations.tests) == 1


def test_a_canary_needs_two_versions(world: World) -> None:
    world.with_manifest(spec={"canaryGateway": "assistants"})
    world.ready(COMMIT)
    world.must("deploy", "prod")
    refused(world.type("canary", "prod"), "nothing is live in prod")
    world.must("promote", "prod")
    refused(world.type("canary", "prod"), "version 1 is live already", code=2)


def test_a_canary_that_fails_its_test_gets_no_callers(world: World) -> None:
    world.release(COMMIT)
    world.with_manifest(spec={"canaryGateway": "assistants"})
    world.ready(SECOND)
    world.must("deploy", "prod")
    world.cloud.broken_images.add(digest_of(SECOND))
    refused(world.type("canary", "prod"), "the smoke test of canary failed", code=1)
    assert not world.at("prod").evaluations.tests
    assert state(world)["failed"] == ["2"]


def test_status_shows_the_canary(canary: World) -> None:
    shown = canary.must("status", "prod")
    assert "canary         version 2 has 10 % of the sessions, against version 1, since 20" in shown.out
    said = json.loads(canary.must("status", "prod", "--json").out)["release"]["canary"]
    assert (said["version"], said["control"], said["percent"]) == ("2", "1", 10)
