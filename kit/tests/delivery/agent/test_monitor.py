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


def scored(world: World, value: float) -> None:
    judged(world, *((name, value) for name in world.environments["prod"].online_evaluation.evaluators))


def with_settings(world: World, **settings: float) -> None:
    """Let prod's environment file say something else under `monitoring`."""
    known = world.environments["prod"].monitoring
    world.with_environment("prod", monitoring=known.model_copy(update=settings))


def judged(world: World, *scores: tuple[str, float], minutes_ago: float = 60) -> None:
    """Let online evaluation have judged sessions."""
    at = int((datetime.now(UTC) - timedelta(minutes=minutes_ago)).timestamp() * 1000)
    (group,) = [name for name in world.at("prod").logs.events if name.startswith("/agentops/evaluations/")]
    for number, (evaluator, value) in enumerate(scores):
        about = {
            "gen_ai.evaluation.name": evaluator,
            "gen_ai.evaluation.score.value": value,
            "session.id": f"session-{number}",
        }
        world.at("prod").logs.events[group].append((at, json.dumps({"attributes": about})))
    failed = {"gen_ai.evaluation.name": "Builtin.Faithfulness", "error.type": "ThrottlingException"}
    others = [json.dumps({"attributes": failed}), "not JSON", '"text"']
    world.at("prod").logs.events[group] += [(at, other) for other in others]


def test_people_see_the_sessions_that_scored_lowest(live: World) -> None:
    judged(live, *(("Builtin.GoalSuccessRate", number / 10) for number in range(10)))
    typed = live.type("monitor", "prod")
    assert "Builtin.GoalSuccessRate: 0.45 lately" in typed.err
    report = monitor.report_path().read_text(encoding="utf-8")
    assert "| 0.00 | Builtin.GoalSuccessRate | `session-0` |" in report
    assert "session-9" not in report


def test_sessions_of_which_none_was_judged_are_a_fault_of_the_monitoring(live: World) -> None:
    service = f"{names.snake(load_manifest().metadata.name, 'prod')}::live"
    live.at("prod").metrics.values["Sessions", service] = [99.0]
    assert "no session was sampled" in live.must("monitor", "prod").last
    live.at("prod").metrics.values["Sessions", service] = [100.0]
    refused(live.type("monitor", "prod"), "100 sessions since", "none was judged", "kit online --env prod")


def test_nothing_sampled_and_good_scores_are_no_alarm(live: World) -> None:
    assert "no session was sampled" in live.must("monitor", "prod").last
    scored(live, 0.9)
    assert "as they should be" in live.must("monitor", "prod").last


def test_low_scores_ask_people_and_leave_live_alone(live: World) -> None:
    scored(live, 0.5)
    typed = live.type("monitor", "prod")
    assert typed.code == 1
    assert "0.50 lately, below 0.70" in typed.err
    assert live.live("prod") == "2"
    assert "Builtin.GoalSuccessRate" in monitor.report_path().read_text(encoding="utf-8")


def test_low_scores_roll_back_where_the_manifest_says_so(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "1"
    assert "Version 1 is live again" in monitor.report_path().read_text(encoding="utf-8")


def test_what_the_version_before_scored_does_not_roll_back_the_next(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    live.release(THIRD)
    served(live, days=2)
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "2"
    assert "no session was sampled since" in live.must("monitor", "prod").last
    assert live.live("prod") == "2"


def test_people_are_asked_and_told_before_anything_is_done(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    monitor.report_path().unlink(missing_ok=True)
    refused(live.type("monitor", "prod", CI=""), "production is changed only after a yes")
    assert live.live("prod") == "2"
    assert "scores too low" in monitor.report_path().read_text(encoding="utf-8")


def test_a_score_far_below_its_own_baseline_is_drift() -> None:
    assert monitor.Score("e", 0.75, 0.9).problem(0.7, max_drop=0.1)
    assert monitor.Score("e", 0.85, 0.9).problem(0.7, max_drop=0.1) is None
    assert monitor.Score("e", None, 0.9).problem(0.7, max_drop=0.1) is None


def test_which_hours_are_judged_and_with_which_days_compared_are_settings(live: World) -> None:
    judged(live, ("Builtin.GoalSuccessRate", 0.1), minutes_ago=180)
    with_settings(live, recent_hours=2.0, baseline_days=7.0)
    assert "no session was sampled" in live.must("monitor", "prod").last
    asked = [call.parameters for call in live.cloud.made("GetMetricData")]
    (baseline, *_) = [one for one in asked if "agentops/" in str(one)]
    assert baseline["EndTime"] - baseline["StartTime"] == pytest.approx(7 * 86400)
    with_settings(live, recent_hours=4.0)
    refused(live.type("monitor", "prod"), "0.10 lately, below 0.70", code=1)


def test_how_long_a_move_settles_is_a_setting(live: World) -> None:
    served(live, days=0)
    (runtime,) = live.at("prod").runtimes.runtimes.values()
    runtime.endpoints[names.LIVE].moved = datetime.now(UTC) - timedelta(minutes=20)
    judged(live, ("Builtin.GoalSuccessRate", 0.1), minutes_ago=5)
    assert "no session was sampled" in live.must("monitor", "prod").last
    with_settings(live, settling_minutes=10.0)
    refused(live.type("monitor", "prod"), "0.10 lately", code=1)


def test_how_far_a_score_may_drop_is_a_setting(live: World) -> None:
    runtime = names.snake(load_manifest().metadata.name, "prod")
    live.at("prod").metrics.values["Builtin.GoalSuccessRate", f"{runtime}.live"] = [0.95]
    judged(live, ("Builtin.GoalSuccessRate", 0.8))
    refused(live.type("monitor", "prod"), "0.80 lately, 0.95 before", code=1)
    with_settings(live, max_drop=0.2)
    assert "as they should be" in live.must("monitor", "prod").last


def test_how_many_sessions_make_silence_a_fault_is_a_setting(live: World) -> None:
    service = f"{names.snake(load_manifest().metadata.name, 'prod')}::live"
    live.at("prod").metrics.values["Sessions", service] = [100.0]
    with_settings(live, min_sample=11)
    assert "no session was sampled" in live.must("monitor", "prod").last


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
