"""Money: prices are dated and never made up, and a run, its cases and a comparison say what they cost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.config import prices
from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.prices import Price, list_price
from agentcore_kit.config.repository import repository_path
from agentcore_kit.evaluation.compare import compare
from agentcore_kit.evaluation.reports.comparison import markdown
from agentcore_kit.evaluation.reports.report import Report
from agentcore_kit.evaluation.runs import conclude
from agentcore_kit.evaluation.thresholds import Threshold, Thresholds
from agentcore_kit.runtime import metrics
from agentcore_kit.serving import request_metrics

SONNET = "global.anthropic.claude-sonnet-4-6"
LIMITS = Thresholds(offline={}, models={"cost": Threshold(max=0.02)})


def environment(folder: Path, name: str = "prod", **more: object) -> Any:
    """Return an environment whose file says more than the repository's."""
    text = repository_path("environments", f"{name}.yaml").read_text(encoding="utf-8")
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(yaml.safe_load(text) | more), encoding="utf-8")
    return read_environment(name, load_manifest(), folder=folder)


def turn(given: int | None, made: int | None, expected: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "input": "How much?", "answer": "So much.", "calls": [], "modelCalls": 1, "latencyMs": 1.0, "firstTokenMs": 1.0,
        "inputTokens": given, "outputTokens": made, "tokens": None if given is None or made is None else given + made,
        "stopReason": "end_turn", "notices": [], "expected": expected or {"outcome": "answer"},
    }  # fmt: skip


def concluded(folder: Path, *turns: dict[str, Any], model: str = SONNET, broken: bool = False) -> Report:
    """Conclude a run of a case for each turn; the last one broke off after its turn where that is asked for."""
    folder.mkdir()
    model_of_run = {"provider": "bedrock", "id": model, "label": None}
    about = {
        "run": folder.name, "started": "2026-11-16T09:00:00+00:00", "agent": "agent", "target": "local", "select": "",
        "environment": "local", "dataset": "rows.jsonl", "digest": "", "judge": None, "seconds": 0.0,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
        for number, one in enumerate(turns):
            failed = broken and number == len(turns) - 1
            case = {
                "id": f"case-{number}", "category": "common", "date": "2026-11-16", "tags": [], "scores": {},
                "reasons": {}, "unjudged": {}, "session": "s", "seconds": 0.1, "turns": [one],
                **({"status": "error", "error": "it broke off", "asked": "And?"} if failed else {"status": "failed"}),
            }  # fmt: skip
            file.write(json.dumps(case) + "\n")
    return conclude(folder, model_of_run, LIMITS, {}, finished=True)


def test_every_price_of_the_kit_says_where_when_and_from_which_page() -> None:
    for entry in yaml.safe_load(Path(prices.__file__).with_name("prices.yaml").read_text(encoding="utf-8")):
        assert entry.keys() == {"models", "input", "output", "region", "date", "source"}
        assert 0 < entry["input"] < entry["output"], entry
        published = date.fromisoformat(f"{entry['date']}-01"[:10])
        assert published <= datetime.now(UTC).date(), "a price is taken over after its day"
        assert entry["source"].startswith("https://"), entry
        assert all(list_price(model) for model in entry["models"])


def test_the_models_and_evaluators_of_the_environments_have_a_price() -> None:
    for name in environment_names():
        found: Any = read_environment(name, load_manifest())
        if found.account:
            assert found.price(found.model.id), name
            assert all(found.price(evaluator) for evaluator in found.online_evaluation.evaluators), name


def test_a_team_may_pay_another_price_and_an_unknown_model_has_none(tmp_path: Path) -> None:
    own = environment(tmp_path, prices={SONNET: {"input": 1.0, "output": 2.0}})
    assert own.price(SONNET) == Price(1.0, 2.0, "environments/prod.yaml")
    assert own.price(f"arn:aws:bedrock:eu-central-1:1:inference-profile/{SONNET}") == own.price(SONNET)
    assert own.price("global.anthropic.claude-haiku-4-5-20251001-v1:0").input == 1.0
    assert own.price("llama3.1") is None
    assert own.price("offline") is None
    with pytest.raises(ConfigError, match=r"prices\.llama3\.1\.output: missing"):
        environment(tmp_path, prices={"llama3.1": {"input": 1.0}})
    with pytest.raises(ConfigError, match=r"alarms\.usdAMillionInputTokens: is not set here: the kit has dated prices"):
        environment(tmp_path, alarms={"usdAMillionInputTokens": 3.0})


def test_a_run_and_each_case_of_it_say_what_they_cost(tmp_path: Path) -> None:
    report = concluded(tmp_path / "run", turn(1_000_000, 100_000), turn(2_000, 100), turn(1_000, 0), broken=True)

    written = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert [case["usd"] for case in written["cases"]] == pytest.approx([4.5, 0.0075, 0.003])
    assert written["total"]["usd"] == pytest.approx(4.5105), "what broke off was paid as well"
    assert written["total"]["metrics"]["cost"] == pytest.approx((4.5 + 0.0075) / 2), "and is in no mean"
    assert (written["run"]["price"]["input"], written["run"]["price"]["output"]) == (3.0, 15.0)
    assert "price: 4.5105 USD for 3 cases" in (tmp_path / "run" / "summary.md").read_text(encoding="utf-8")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert ("0.00750 USD" in page, "https://platform.claude.com" in page) == (True, True)
    assert [check.metric for check in report.failing] == ["cost"], "more than the limit in money"


@pytest.mark.parametrize(
    ("model", "given", "why"),
    [("some-model", 10, "the price of some-model is not known; state it under prices"), (SONNET, None, "not reported")],
)
def test_a_price_that_is_not_known_is_no_price_of_zero(tmp_path: Path, model: str, given: int | None, why: str) -> None:
    report = concluded(tmp_path / "run", turn(given, 10), model=model)

    written = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert (written["total"]["usd"], written["total"]["metrics"]["cost"], written["cases"][0]["usd"]) == (None,) * 3
    assert why in report.price
    assert [check.metric for check in report.failing] == ["cost"]


def test_a_comparison_prices_each_run_by_its_own_model(tmp_path: Path) -> None:
    turns = [turn(10_000 + number, 100) for number in range(20)]
    dear = concluded(tmp_path / "dear", *turns).folder
    cheap = concluded(tmp_path / "cheap", *turns, model="global.anthropic.claude-haiku-4-5-20251001-v1:0").folder

    found = compare(dear, cheap, floors=LIMITS)
    assert {change.metric.name: change.verdict for change in found.changes}["cost"] == "better"
    assert "base 0.6306 USD, head 0.2102 USD (-67 %)" in markdown(found)

    unknown = concluded(tmp_path / "unknown", *turns, model="some-model").folder
    found = compare(dear, unknown, floors=LIMITS)
    assert "cost" not in {change.metric.name for change in found.changes}
    assert "base 0.6306 USD, head not known." in markdown(found)
    assert "the price of some-model is not known" in markdown(found)


def test_a_run_of_an_earlier_release_is_not_said_to_lack_a_price_that_the_kit_has(tmp_path: Path) -> None:
    turns = [turn(10_000, 100)]
    before, after = (concluded(tmp_path / name, *turns).folder for name in ("before", "after"))
    path = before / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({key: value for key, value in info.items() if key != "price"}), encoding="utf-8")

    told = markdown(compare(before, after, floors=LIMITS))
    assert f"\n- base: the run does not say what {SONNET} cost" in told
    assert f"\n- head: {SONNET}: 3 USD a million tokens in" in told


def test_the_agent_counts_the_cost_of_a_turn_where_it_knows_the_price(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"{metrics.SERVICE}=agent_prod.live")
    summary = {"usage": {"inputTokens": 1000, "outputTokens": 100}, "modelCalls": 1}
    for price in (Price(3.0, 15.0), None):
        request_metrics.answered(summary, 1.0, 2.0, price, {})
    known, unknown = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert known["CostUsd"] == 0.0045
    assert "CostUsd" not in unknown
    assert "CostUsd" not in {each["Name"] for each in unknown["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
