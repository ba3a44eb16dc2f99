"""After a release: monitoring, release notes, updates of the template."""

from __future__ import annotations

import pytest

from ops.delivery import monitor, names, notes, template
from ops.document import ROOT
from tests.delivery.conftest import COMMIT, SECOND, World
from tests.delivery.test_registry_and_canary import with_manifest


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the world with version 2 live, which came after 1."""
    monkeypatch.setattr(monitor, "REPORT", ROOT / ".local" / "delivery" / "test-monitor.md")
    world.release(COMMIT)
    world.release(SECOND)
    return world


def scored(world: World, value: float) -> None:
    service = f"{names.snake('financial-analytics-agent', 'prod')}.live"
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
    with_manifest(live, spec={"rollbackOnDrift": True})
    scored(live, 0.5)
    assert live.type("monitor", "prod").code == 1
    assert live.live("prod") == "1"
    assert "Version 1 is live again" in monitor.REPORT.read_text(encoding="utf-8")


def test_a_score_far_below_its_own_baseline_is_drift() -> None:
    assert monitor.Score("e", 0.75, 0.9).problem(0.7)
    assert monitor.Score("e", 0.85, 0.9).problem(0.7) is None
    assert monitor.Score("e", None, 0.9).problem(0.7) is None


def test_release_notes_from_commits_and_evaluation() -> None:
    subjects = ["feat: compare regions", "fix(tools)!: quarters", "Say more", "docs: verbs"]
    lines = notes.text("agent", "1.2.0", "v1.1.0", subjects, "| Correctness | 90 % |")
    order = [
        "# agent 1.2.0",
        "Since v1.1.0.",
        "## Breaking",
        "## Added",
        "## Changed",
        "## Documentation",
        "## Evaluation",
    ]
    assert [lines.index(part) for part in order] == sorted(lines.index(part) for part in order)
    assert "- compare regions" in lines


def test_the_newest_release_by_version_not_by_name() -> None:
    listing = "a\trefs/tags/v0.9.0\nb\trefs/tags/v0.10.0\nc\trefs/tags/v0.10.0^{}\nd\trefs/tags/next"
    assert template.newest_release(listing) == "v0.10.0"
    assert template.newest_release("") is None
