"""Monitoring of live sessions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import monitor, names
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import refused


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the world with version 2 live, which came after 1."""
    monkeypatch.setattr(monitor, "REPORT", repository_root() / ".local" / "delivery" / "test-monitor.md")
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


def judged(world: World, *scores: tuple[str, float]) -> None:
    """Let online evaluation have judged sessions, an hour ago."""
    at = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
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
    report = monitor.REPORT.read_text(encoding="utf-8")
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
    assert "Builtin.GoalSuccessRate" in monitor.REPORT.read_text(encoding="utf-8")


def test_low_scores_roll_back_where_the_manifest_says_so(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "1"
    assert "Version 1 is live again" in monitor.REPORT.read_text(encoding="utf-8")


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
    monitor.REPORT.unlink(missing_ok=True)
    refused(live.type("monitor", "prod", CI=""), "production is changed only after a yes")
    assert live.live("prod") == "2"
    assert "scores too low" in monitor.REPORT.read_text(encoding="utf-8")


def test_a_score_far_below_its_own_baseline_is_drift() -> None:
    assert monitor.Score("e", 0.75, 0.9).problem(0.7)
    assert monitor.Score("e", 0.85, 0.9).problem(0.7) is None
    assert monitor.Score("e", None, 0.9).problem(0.7) is None


def test_online_evaluation_is_switched_on_once(world: World) -> None:
    world.release(COMMIT)
    assert "DISABLED → ENABLED" in world.must("online", "prod").out
    assert "nothing to change" in world.must("online", "prod").out
    assert "DISABLED;" in world.must("online", "prod", OFF="1").last
