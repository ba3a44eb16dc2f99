"""Monitoring of live sessions."""

from __future__ import annotations

import pytest

from ops.delivery import monitor, names
from ops.document import ROOT
from ops.manifest import load_manifest
from tests.delivery.world import COMMIT, SECOND, World


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the world with version 2 live, which came after 1."""
    monkeypatch.setattr(monitor, "REPORT", ROOT / ".local" / "delivery" / "test-monitor.md")
    world.release(COMMIT)
    world.release(SECOND)
    return world


def scored(world: World, value: float) -> None:
    service = f"{names.snake(load_manifest().metadata.name, 'prod')}.live"
    for evaluator in world.environments["prod"].online_evaluation.evaluators:
        world.at("prod").metrics.values[evaluator, service] = [value]


def test_nothing_sampled_and_good_scores_are_no_alarm(live: World) -> None:
    assert "no session was sampled" in live.must("monitor", "prod").last
    scored(live, 0.9)
    assert "as they should be" in live.must("monitor", "prod").last


def test_low_scores_ask_people_and_leave_live_alone(live: World) -> None:
    scored(live, 0.5)
    typed = live.type("monitor", "prod")
    assert typed.code == 1
    assert "0.50 in the last day, below 0.70" in typed.err
    assert live.live("prod") == "2"
    assert "Builtin.GoalSuccessRate" in monitor.REPORT.read_text(encoding="utf-8")


def test_low_scores_roll_back_where_the_manifest_says_so(live: World) -> None:
    live.with_manifest(spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "1"
    assert "Version 1 is live again" in monitor.REPORT.read_text(encoding="utf-8")


def test_a_score_far_below_its_own_baseline_is_drift() -> None:
    assert monitor.Score("e", 0.75, 0.9).problem(0.7)
    assert monitor.Score("e", 0.85, 0.9).problem(0.7) is None
    assert monitor.Score("e", None, 0.9).problem(0.7) is None
