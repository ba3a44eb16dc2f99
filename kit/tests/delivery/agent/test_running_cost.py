"""`kit plan` says what a traffic costs, by the tokens of the last evaluation and the price of the model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.environment import Environment
from agentcore_kit.delivery import running_cost
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.evaluation import runs
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused

SONNET = "global.anthropic.claude-sonnet-4-6"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of runs, which has none yet."""
    monkeypatch.setattr(runs, "results_path", lambda: tmp_path / "results")
    return tmp_path / "results"


def evaluated(results: Path, name: str, given: int | None, model: str = SONNET, **run: Any) -> None:
    """Write a run of two requests in one conversation."""
    (results / name).mkdir(parents=True)
    about = {
        "run": name, "started": name, "finished": True, "dataset": "evals/dataset.jsonl", "model": {"id": model}, **run
    }  # fmt: skip
    (results / name / "run.json").write_text(json.dumps(about), encoding="utf-8")
    turn: dict[str, Any] = {
        "input": "?",
        "answer": "!",
        "calls": [],
        "inputTokens": given,
        "outputTokens": 100,
        "tokens": given,
    }
    case = {"id": "case", "status": "passed", "turns": [turn, turn]}
    (results / name / "cases.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")


def test_a_plan_says_what_a_traffic_costs(world: World, results: Path) -> None:
    world.ready()
    evaluated(results, "2026-01", 1000)
    evaluated(results, "2026-02", 2000)
    evaluated(results, "2026-03", 9000, dataset="evals/redteam.jsonl")
    evaluated(results, "2026-04", 9000, finished=False)
    evaluated(results, "2026-05", None)
    evaluated(results, "2026-06", 9000, model="another")

    said = world.must("plan", "prod", "--requests-per-day", "1000").out

    assert "the model: 7.50 USD a day, 2,000 tokens in and 100 out a request" in said, said
    assert f"{SONNET}: 3 USD a million tokens in, 15 out (https://platform.claude.com" in said
    assert "the means of 2 requests in evaluation 2026-02" in said
    judged = re.search(r"by 3 evaluators: about ([\d.]+) USD a day", said)
    assert judged, said
    assert float(judged[1]) > 0
    a_day, a_month = map(float, re.findall(r"cost about ([\d.]+) USD a day, ([\d.]+) USD in 30 days", said)[0])
    assert a_day == pytest.approx(7.5 + float(judged[1]), abs=0.01)
    assert a_month == pytest.approx(30 * a_day, abs=0.2)
    assert "the alarm goes off at 20.00 USD of the model in an hour" in said
    assert not world.cloud.made("ExecuteChangeSet")


def test_the_cost_is_told_where_there_are_no_credentials(world: World, results: Path) -> None:
    evaluated(results, "2026-01", 1000)
    world.monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    typed = world.run("plan", "--env", "prod", "--requests-per-day", "1000")
    refused(typed, "there are no AWS credentials", code=3)
    assert "1,000 requests a day cost about" in typed.out


def test_what_is_not_known_is_told_before_anything_is_prepared(
    world: World, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ready()
    refused(world.type("plan", "prod", "--requests-per-day", "1000"), "how many tokens a request takes", "kit eval")
    evaluated(results, "2026-01", 1000)
    monkeypatch.setattr("agentcore_kit.config.prices.list_price", lambda _: None)
    missing = f"the price of {SONNET} is not known; state it under prices in environments/prod.yaml"
    refused(world.type("plan", "prod", "--requests-per-day", "1000"), missing)
    assert not world.cloud.made("CreateChangeSet")
    assert f"{missing}: until then no cost is measured" in world.must("plan", "prod").out


def test_only_an_agent_has_a_model_to_pay() -> None:
    other = Environment.model_construct(name="prod")
    assert running_cost.told(other, None) == []
    with pytest.raises(CommandError, match="only an agent has a model to pay"):
        running_cost.told(other, 1000)
