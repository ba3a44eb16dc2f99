"""Rows that mean another day than the target's are told, counted and limited; the target's day is stated in a file."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.evaluation.agent_targets import build_target
from agentcore_kit.evaluation.dataset import Row, load_dataset
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.runs import conclude
from agentcore_kit.evaluation.thresholds import load_thresholds
from tests.evaluation.runs import evaluated, rows_of

ARN = "arn:aws:bedrock-agentcore:eu-central-1:012345678901:runtime/agent-a1B2c3D4e5"
YEAR = timedelta(days=366)


NO_OTHER_LIMIT: dict[str, object] = {"offline": {}, "models": {}, "environments": {}}
"""Ten rows say little of what the team's own limits are for."""


@pytest.fixture(autouse=True)
def limited_by_date_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load_thresholds().model_copy(update=NO_OTHER_LIMIT)
    monkeypatch.setattr("tests.evaluation.runs.load_thresholds", lambda: found)


class Elsewhere(LocalTarget):
    """The agent in this process, of which only that can be asked which a target with this date can be."""

    def __init__(self, day: date) -> None:
        super().__init__()
        self.day = day

    def excludes(self, row: Row) -> str | None:
        return HttpTarget("", "", self.day).excludes(row)


def dated(row: Row, day: date) -> Row:
    """Return a row like another one, which means a day."""
    about = row.metadata.model_copy(update={"date": day, "any_date": False})
    return row.model_copy(update={"scenario_id": f"{row.scenario_id[:80]}-dated", "metadata": about})


def asked(folder: Path, of_another_day: int) -> Report:
    """Ask ten rows, of which some mean a day of another year."""
    rows, today = rows_of("decline")[:10], datetime.now(UTC).date()
    rows = [*(dated(row, today - YEAR) for row in rows[:of_another_day]), *rows[of_another_day:]]
    return evaluated(folder, rows, target=Elsewhere(today))


def test_a_run_that_leaves_out_too_many_rows_by_their_date_does_not_pass(tmp_path: Path) -> None:
    one, many = asked(tmp_path / "one", 1), asked(tmp_path / "many", 3)
    assert one.passed
    assert not many.passed
    assert many.headline.startswith("Too few rows asked: 3 of 10 mean another day than the target's, at most 10 % may")
    assert any(line.startswith("not asked: 3 rows, because they mean another quarter") for line in many.remarks)
    assert "today in environments/local.yaml" in many.headline
    assert json.loads((many.folder / "results.json").read_text(encoding="utf-8"))["verdict"] == "failed"
    junit = (many.folder / "junit.xml").read_text(encoding="utf-8")
    assert 'failures="1"' in junit
    assert "3 of 10 mean another day" in junit


def test_how_many_may_be_left_out_is_a_setting(tmp_path: Path) -> None:
    found = asked(tmp_path, 3)
    limits = load_thresholds().model_copy(update={**NO_OTHER_LIMIT, "left_out_by_date": 0.3})
    assert conclude(tmp_path, found.info["model"], limits, found.left_out, True).passed


def test_the_setting_is_a_share(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.yaml"
    path.write_text("offline: {}\nmodels: {}\nleftOutByDate: 10\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="leftOutByDate: '10' is not right"):
        load_thresholds(path)


def test_what_is_left_out_for_another_reason_does_not_count(tmp_path: Path) -> None:
    rows = [*rows_of("decline")[:3], *rows_of("tool-failure")[:2]]
    found = evaluated(tmp_path, rows, target=Elsewhere(datetime.now(UTC).date()))
    assert "Too few rows" not in found.headline


def day_of_pre_production() -> date:
    """Return the day that the environment file states."""
    environment = read_environment("preprod", load_manifest())
    assert isinstance(environment, AgentEnvironment)
    assert environment.today is not None
    return environment.today


@pytest.mark.parametrize("env", ["preprod", "prod", "local"])
def test_the_day_of_a_deployed_target_is_that_of_its_environment(monkeypatch: pytest.MonkeyPatch, env: str) -> None:
    monkeypatch.setenv("EVAL_TOKEN", "jwt")
    monkeypatch.setenv("AGENT_ENV", env)
    stated = day_of_pre_production() if env == "preprod" else None
    before = datetime.now(UTC).date()
    target, told = build_target(ARN), build_target(ARN, date(2024, 5, 2))
    assert isinstance(target, HttpTarget)
    assert isinstance(told, HttpTarget)
    assert target.day in ({stated} if stated else {before, datetime.now(UTC).date()})
    assert told.day == date(2024, 5, 2)


def test_in_pre_production_the_rows_can_be_asked_on_whatever_day() -> None:
    day = day_of_pre_production()
    rows = list(load_dataset().rows())
    on = {when: sum(not can_be_asked(row, when) for row in rows) / len(rows) for when in (day, day + YEAR)}
    assert on[day] <= load_thresholds().left_out_by_date
    assert on[day] < on[day + YEAR], "some rows mean that day"


def can_be_asked(row: Row, day: date) -> bool:
    """Return whether a row can be asked on a day, were it not for anything else."""
    about = row.metadata.model_copy(update={"failures": {}, "injections": {}, "user": None})
    return HttpTarget("", "", day).excludes(row.model_copy(update={"metadata": about})) is None
