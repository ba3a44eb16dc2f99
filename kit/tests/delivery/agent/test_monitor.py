"""Monitoring of live sessions."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import monitor, names
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import refused


@pytest.fixture
def live(world: World) -> World:
    """Return the world with version 2 live, which came after 1."""
    world.release(COMMIT)
    world.release(SECOND)
    served(world, days=2)
    return world


def served(world: World, days: int) -> None:
    """Let callers have had what is live for some days."""
    (runtime,) = world.at("prod").runtimes.runtimes.values()
    runtime.endpoints[names.LIVE].moved = datetime.now(UTC) - timedelta(days=days)


def scored(world: World, value: float, sessions: int = 20) -> None:
    """Let each evaluator have judged so many sessions with this score, or nearly."""
    judged(world, *((name, one) for name in evaluators(world) for one in around(value, sessions)))


def around(value: float, sessions: int) -> list[float]:
    """Return scores with this mean that differ a little."""
    return [value + (0.02 if number % 2 else -0.02) for number in range(sessions)]


def evaluators(world: World) -> list[str]:
    found: list[str] = world.environments["prod"].online_evaluation.evaluators
    return found


def with_settings(world: World, **settings: float) -> None:
    """Let prod's environment file say something else under `monitoring`."""
    known = world.environments["prod"].monitoring
    world.with_environment("prod", monitoring=known.model_copy(update=settings))


def judged(
    world: World, *scores: tuple[str, float], minutes_ago: float = 60, service: str = "", alarmed: bool = True
) -> None:
    """Let online evaluation have judged sessions, one each.

    Args:
        world: The world.
        scores: Evaluator and score.
        minutes_ago: When.
        service: The service that the events name; empty for none.
        alarmed: Whether the scores are metrics too, as the alarm needs them.
    """
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    (group,) = [name for name in world.at("prod").logs.events if name.startswith("/agentops/evaluations/")]
    stamp = int(at.timestamp() * 1000)
    for number, (evaluator, value) in enumerate(scores):
        about = {
            "gen_ai.evaluation.name": evaluator,
            "gen_ai.evaluation.score.value": value,
            "session.id": f"session-{number}",
        } | ({"service.name": service} if service else {})
        world.at("prod").logs.events[group].append((stamp, json.dumps({"attributes": about})))
        if alarmed:
            world.at("prod").metrics.add(evaluator, f"{runtime_name()}.live", value, at=at)
    failed = {"gen_ai.evaluation.name": "Builtin.Faithfulness", "error.type": "ThrottlingException"}
    others = [json.dumps({"attributes": failed}), "not JSON", '"text"', json.dumps({"attributes": "none"})]
    world.at("prod").logs.events[group] += [(stamp, other) for other in others]


def runtime_name() -> str:
    return names.snake(load_manifest().metadata.name, "prod")


def called(world: World, requests: int, *, failed: int = 0, counted: bool = True, timed: bool = True) -> None:
    """Let callers have asked live, and the Runtime and the agent have counted it."""
    metrics = world.at("prod").metrics
    metrics.add("Invocations", f"{runtime_name()}::live", *[1.0] * requests)
    metrics.add("UserErrors", f"{runtime_name()}::live", *[1.0] * failed)
    if counted:
        metrics.add("Requests", f"{runtime_name()}.live", *[1.0] * requests)
    if timed:
        metrics.add("TimeToFirstTokenMs", f"{runtime_name()}.live", *[900.0] * (requests - failed))


def promoted(world: World, version: str, hours: float) -> None:
    """Let a version have been promoted some hours ago."""
    values = world.at("prod").parameters.values
    (name,) = [key for key in values if key.endswith("/prod/versions")]
    state = json.loads(values[name])
    state["promoted"][version] = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    values[name] = json.dumps(state)


def reported() -> str:
    return monitor.report_path().read_text(encoding="utf-8")


def test_people_see_the_sessions_that_scored_lowest(live: World) -> None:
    judged(live, *(("Builtin.GoalSuccessRate", number / 20) for number in range(10)))
    typed = live.type("monitor", "prod")
    assert "Builtin.GoalSuccessRate: 0.23 lately" in typed.err
    assert "| 0.00 | Builtin.GoalSuccessRate | `session-0` |" in reported()
    assert "session-9" not in reported()


def test_sessions_of_which_none_was_judged_are_a_fault_of_the_monitoring(live: World) -> None:
    service = f"{runtime_name()}::live"
    live.at("prod").metrics.values["Sessions", service] = [99.0]
    assert "no session was sampled" in live.must("monitor", "prod").last
    live.at("prod").metrics.values["Sessions", service] = [100.0]
    refused(live.type("monitor", "prod"), "100 sessions since", "none was judged", "kit online --env prod", code=3)


def test_nothing_sampled_and_good_scores_are_no_alarm(live: World) -> None:
    assert "no session was sampled" in live.must("monitor", "prod").last
    scored(live, 0.9)
    assert "as they should be" in live.must("monitor", "prod").last


def test_low_scores_ask_people_and_leave_live_alone(live: World) -> None:
    scored(live, 0.5)
    typed = live.type("monitor", "prod")
    assert typed.code == 1
    assert "0.50 lately (20 sessions), below 0.70" in typed.err
    assert "asks for no rollback" in typed.err
    assert live.live("prod") == "2"
    assert "Builtin.GoalSuccessRate" in reported()


def test_low_scores_roll_back_where_the_manifest_says_so(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "1"
    assert "Version 1 is live again" in reported()


@pytest.mark.parametrize("sessions", [1, 9])
def test_one_sample_or_a_few_do_not_move_production(live: World, sessions: int) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.05, sessions)
    told = live.must("monitor", "prod")
    assert "too few to tell: it takes 10" in told.out
    assert "too few sessions were judged" in told.last
    assert live.live("prod") == "2"


def test_what_may_be_chance_does_not_move_production(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    judged(live, *(("Builtin.GoalSuccessRate", float(number % 3 > 0)) for number in range(12)))  # 0.67, below 0.70
    assert "as they should be" in live.must("monitor", "prod").last
    assert live.live("prod") == "2"


def test_many_scores_of_one_session_are_one_sample(live: World) -> None:
    for _ in range(20):
        judged(live, ("Builtin.GoalSuccessRate", 0.1))
    assert "0.10 (1 sessions) lately, too few to tell" in live.must("monitor", "prod").out


def test_sessions_of_the_canary_are_not_those_of_live(live: World) -> None:
    low = [("Builtin.GoalSuccessRate", each) for each in around(0.1, 20)]
    judged(live, *low, service=f"{runtime_name()}.canary", alarmed=False)
    assert "no session was sampled" in live.must("monitor", "prod").last
    judged(live, *low, service=f"{runtime_name()}.live")
    refused(live.type("monitor", "prod"), "0.10 lately", code=1)


def test_what_the_version_before_scored_does_not_roll_back_the_next(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    live.release(THIRD)
    served(live, days=2)
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "2"
    assert "no session was sampled since" in live.must("monitor", "prod").last
    assert live.live("prod") == "2"


def test_drift_goes_back_once_and_then_a_person_has_to_look(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    live.release(THIRD)
    served(live, days=1)
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    served(live, days=1)  # the low scores are now those of version 2 as well
    refused(live.type("monitor", "prod"), "nobody has looked since", code=1)
    assert live.live("prod") == "2"
    assert "Nothing was moved: callers were taken back automatically" in reported()


def test_a_version_that_was_good_for_weeks_is_not_left_for_drift(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    promoted(live, "2", hours=24 * 20)
    scored(live, 0.5)
    refused(live.type("monitor", "prod"), "a person has to decide", "live: version 2", code=1)
    assert live.live("prod") == "2"
    with_settings(live, automatic_hours=24.0 * 21)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "1"


def test_people_are_asked_and_told_before_anything_is_done(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    monitor.report_path().unlink(missing_ok=True)
    refused(live.type("monitor", "prod", CI=""), "production is changed only after a yes")
    assert live.live("prod") == "2"
    assert "scores too low" in reported()


def test_which_hours_are_judged_and_with_which_days_compared_are_settings(live: World) -> None:
    judged(live, *(("Builtin.GoalSuccessRate", each) for each in around(0.1, 20)), minutes_ago=180)
    with_settings(live, recent_hours=2.0, baseline_days=7.0)
    assert "no session was sampled" in live.must("monitor", "prod").last
    asked = [call.parameters for call in live.cloud.made("FilterLogEvents")]
    assert asked[-1]["endTime"] - asked[-1]["startTime"] == pytest.approx(7 * 86400 * 1000)
    with_settings(live, recent_hours=4.0)
    refused(live.type("monitor", "prod"), "0.10 lately (20 sessions), below 0.70", code=1)


def test_how_long_a_move_settles_is_a_setting(live: World) -> None:
    served(live, days=0)
    (runtime,) = live.at("prod").runtimes.runtimes.values()
    runtime.endpoints[names.LIVE].moved = datetime.now(UTC) - timedelta(minutes=20)
    judged(live, *(("Builtin.GoalSuccessRate", each) for each in around(0.1, 20)), minutes_ago=5)
    assert "no session was sampled" in live.must("monitor", "prod").last
    with_settings(live, settling_minutes=10.0)
    refused(live.type("monitor", "prod"), "0.10 lately", code=1)


def test_how_far_a_score_may_drop_below_its_own_baseline_is_a_setting(live: World) -> None:
    judged(live, *(("Builtin.GoalSuccessRate", each) for each in around(0.95, 40)), minutes_ago=5 * 24 * 60)
    judged(live, *(("Builtin.GoalSuccessRate", each) for each in around(0.8, 20)))
    refused(live.type("monitor", "prod"), "0.80 lately (20 sessions), 0.95 before (40 sessions)", code=1)
    with_settings(live, max_drop=0.2)
    assert "as they should be" in live.must("monitor", "prod").last


def test_a_baseline_of_a_few_sessions_is_none(live: World) -> None:
    judged(live, *(("Builtin.GoalSuccessRate", each) for each in around(0.95, 9)), minutes_ago=5 * 24 * 60)
    judged(live, *(("Builtin.GoalSuccessRate", each) for each in around(0.8, 20)))
    assert "as they should be" in live.must("monitor", "prod").last


def test_how_many_sessions_count_is_a_setting(live: World) -> None:
    live.at("prod").metrics.values["Sessions", f"{runtime_name()}::live"] = [100.0]
    with_settings(live, min_sample=11)
    assert "no session was sampled" in live.must("monitor", "prod").last
    scored(live, 0.3, sessions=10)
    assert "too few sessions were judged" in live.must("monitor", "prod").last
    with_settings(live, min_sample=5)
    refused(live.type("monitor", "prod"), "0.30 lately (10 sessions)", code=1)


def test_traffic_without_the_agents_own_metrics_is_said(live: World) -> None:
    called(live, 50)
    assert "no session was sampled" in live.must("monitor", "prod").last
    live.at("prod").metrics.points.clear()
    called(live, 50, counted=False, timed=False)
    refused(live.type("monitor", "prod"), "is blind", "answered 50 requests, and metric Requests of", code=3)
    assert "is blind" in reported()
    live.at("prod").metrics.points.clear()
    called(live, 50, timed=False)
    refused(live.type("monitor", "prod"), "50 requests were answered, and metric TimeToFirstTokenMs", code=3)


def test_callers_mistakes_alone_are_not_blindness(live: World) -> None:
    called(live, 4, failed=4, counted=False)
    assert "no session was sampled" in live.must("monitor", "prod").last


def test_a_container_that_answers_nobody_is_said(live: World) -> None:
    called(live, 60, failed=60, counted=False)
    refused(live.type("monitor", "prod"), "none of 60 requests was answered", "its container does not start", code=3)


def test_scores_that_the_alarm_does_not_see_are_said(live: World) -> None:
    judged(live, *((name, 0.9) for name in evaluators(live) for _ in range(1)), alarmed=False)
    live.must("monitor", "prod")
    scores = [("Builtin.GoalSuccessRate", each) for each in around(0.9, 20)]
    judged(live, *scores, alarmed=False, minutes_ago=50)
    refused(live.type("monitor", "prod"), "the alarm on scores cannot go off", code=3)


def test_it_says_what_is_newer_untested_and_on_a_canary(live: World) -> None:
    live.ready(THIRD)
    live.must("deploy", "prod")
    said = live.must("monitor", "prod").out
    assert "newer than live 3" in said
    assert "live: version 2" in said
    live.with_manifest(spec={"canaryGateway": "assistants"})
    live.must("canary", "prod", "--weight", "10")
    assert "version 3 has 10 % of the sessions, against version 2" in live.must("monitor", "prod").out


def test_where_nothing_is_live_there_is_nothing_to_monitor(world: World) -> None:
    world.ready(COMMIT)
    world.must("deploy", "prod")
    assert "nothing is live, so there is nothing to monitor" in world.must("monitor", "prod").last


def test_online_evaluation_is_switched_on_once(world: World) -> None:
    world.release(COMMIT)
    told = world.must("online", "prod").out
    assert "DISABLED → ENABLED" in told
    assert "10 % of the sessions are judged by Builtin.GoalSuccessRate, Builtin.Faithfulness, " in told
    assert "which AWS charges by their tokens" in told
    assert "nothing to change" in world.must("online", "prod").out
    off = world.must("online", "prod", "--off")
    assert "DISABLED;" in off.last
    assert "charges" not in off.out


@pytest.fixture
def govcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository whose environments are in a region without online evaluation."""
    copy = tmp_path / "govcloud"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache"))
    for path in (copy / "environments").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("eu-central-1", "us-gov-west-1")
        path.write_text(text.replace("id: global.", "id: us-gov."), encoding="utf-8")
    monkeypatch.chdir(copy)
    return copy


@pytest.mark.usefixtures("govcloud")
def test_where_online_evaluation_is_not_offered_it_is_left_out_and_delivery_goes_on(world: World) -> None:
    world.release(COMMIT)
    assert not world.at("prod").evaluations.online
    nothing = "prod: AgentCore has no online evaluation in us-gov-west-1; no session is judged"
    assert nothing in world.must("online", "prod").last
    assert nothing in world.must("monitor", "prod").last
    world.ready(SECOND)
    world.must("deploy", "prod")
    world.with_manifest(spec={"canaryGateway": "assistants"})
    refused(world.type("canary", "prod"), "no online evaluation in us-gov-west-1", "kit eval --env prod", code=2)
    (runtime,) = world.at("prod").runtimes.runtimes.values()
    assert names.CANARY not in runtime.endpoints
