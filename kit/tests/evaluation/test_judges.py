"""Judges: each turn is judged with those before it, the results say which turn, and the cost is said before."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from agentcore_kit.cli import main
from agentcore_kit.config.prices import Price
from agentcore_kit.evaluation import agentcore, agentcore_commands, judges, judging_cost
from agentcore_kit.evaluation import compare as comparison
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.judging_cost import JudgingCost, approve, cost_of_rows, cost_of_sessions
from agentcore_kit.evaluation.reports.comparison import markdown
from agentcore_kit.evaluation.runner import Options
from agentcore_kit.evaluation.target import Record
from agentcore_kit.evaluation.thresholds import Threshold, Thresholds
from tests.evaluation.runs import cases, command, evaluated, rows_of
from tests.evaluation.scripted import Judge, fields_of
from tests.evaluation.test_expectations import JudgeModel, free_text_row, record

TURNS = ("helpfulness", "faithfulness", "relevance", "conciseness", "harmlessness")


def of_turns(number: int) -> Row:
    """Return a row of the dataset with so many turns, whose last says more than a word that stands elsewhere too."""
    rows = (row for row in load_dataset().rows() if len(row.turns) == number and not row.metadata.failures)
    return next(row for row in rows if " " in row.turns[-1].input and len(row.turns[-1].input) > len("yes, please"))


class Watching(Judge):
    """Judges everything well or badly, by what it is told; `fail` says of which texts it fails."""

    def __init__(self, *, fail: Callable[[str], bool] = lambda _: False, bad: Callable[[str], bool] = bool) -> None:
        super().__init__()
        self.fail, self.bad = fail, bad

    async def reply(self, messages: Any, tool_specs: Any) -> tuple[str, dict[str, Any]]:
        text = messages[0]["content"][0]["text"]
        self.read.append(text)
        if self.fail(text):
            raise RuntimeError("the judge is out of order")
        which = 0 if self.bad(text) else -1
        fields = fields_of(tool_specs[0]["inputSchema"]["json"]).items()
        said = {name: field["enum"][which] if "enum" in field else "because it is so" for name, field in fields}
        return tool_specs[0]["name"], said


def test_each_turn_is_judged_with_the_turns_before_as_context(tmp_path: Path) -> None:
    row, judge = of_turns(2), Judge()
    first, second = (turn.input for turn in row.turns)

    found = evaluated(tmp_path, [row], options=Options(judge=judge))

    asked = [json.loads(text)[0]["content"][0]["text"] for text in judge.read]
    alone = [text for text in asked if first in text and second not in text]
    both = [text for text in asked if first in text and second in text]
    assert (len(alone), len(both)) == (len(TURNS), len(TURNS) + 1), "the goal is judged once, of the whole conversation"
    (case,) = cases(found).values()
    for turn in case["turns"]:
        assert [each["metric"] for each in turn["judgements"]] == [*TURNS]
        assert all(isinstance(each["score"], float) and each["reason"] for each in turn["judgements"])
    answers = [turn["answer"] for turn in case["turns"]]
    assert all(text.rstrip().endswith(answers[0]) for text in alone), "a first turn is judged by what came of it"
    schema = json.loads((Path(judging_cost.__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((found.folder / "results.json").read_text(encoding="utf-8")), schema)


def test_a_first_turn_that_is_judged_badly_lowers_the_score_and_is_named_everywhere(tmp_path: Path) -> None:
    row = of_turns(2)
    second = row.turns[1].input
    judge = Watching(bad=lambda text: second not in text)

    found = evaluated(tmp_path, [row], options=Options(judge=judge))

    (case,) = cases(found).values()
    first, last = ({each["metric"]: each["score"] for each in turn["judgements"]} for turn in case["turns"])
    assert (first["helpfulness"], last["helpfulness"], case["scores"]["helpfulness"]) == (0.0, 1.0, 0.5)
    assert case["reasons"]["helpfulness"] == "turn 1: because it is so | turn 2: because it is so"
    assert [(each.case, each.turn, each.score) for each in found.judged_low("helpfulness")] == [
        (row.scenario_id, 1, 0.0)
    ]


def test_a_turn_whose_judge_fails_costs_no_other_its_verdict(tmp_path: Path) -> None:
    row = of_turns(2)
    second = row.turns[1].input
    judge = Watching(fail=lambda text: second in text and "Conversation record" not in text, bad=lambda _: False)

    found = evaluated(tmp_path, [row], options=Options(judge=judge))

    (case,) = cases(found).values()
    assert case["scores"]["helpfulness"] == 1.0
    assert case["unjudged"]["helpfulness"].startswith("turn 2: the judge failed: RuntimeError: the judge is out of")
    assert case["turns"][0]["judgements"][0]["score"] == 1.0
    assert case["turns"][1]["judgements"][0] == {
        "metric": "helpfulness", "score": None, "reason": case["unjudged"]["helpfulness"].removeprefix("turn 2: ")
    }  # fmt: skip
    assert any("not judged: 1 cases in at least one metric" in remark for remark in found.remarks)


def test_a_judged_threshold_that_is_not_met_shows_the_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Thresholds, "limits", lambda *_: {"helpfulness": Threshold(min=0.9)})
    row = of_turns(2)
    second = row.turns[1].input

    found = evaluated(tmp_path, [row], options=Options(judge=Watching(bad=lambda text: second not in text)))

    assert not found.passed
    summary = (found.folder / "summary.md").read_text(encoding="utf-8")
    assert f"- `{row.scenario_id}` turn 1, Helpfulness 0.0 %: because it is so" in summary
    page = (found.folder / "report.html").read_text(encoding="utf-8")
    assert row.scenario_id in page
    assert "because it is so" in page
    junit = ElementTree.parse(found.folder / "junit.xml")  # noqa: S314
    (failure,) = junit.findall("testsuite[@name='thresholds']/testcase/failure")
    assert f"{row.scenario_id} turn 1: 0.0 %: because it is so" in (failure.text or "")
    assert "turn 2" not in (failure.text or "")


def test_the_judge_of_an_input_knows_the_turns_before(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = JudgeModel({"met": True})
    monkeypatch.setattr("strands.Agent", judge.agent)
    turn: Record = record("it fails again")
    before: Record = {"input": "My VPN is dead in Berlin.", "answer": "Shall I open a ticket?", "calls": []}

    asyncio.run(judges.judge_inputs("a model", turn, [turn["expected"]], [before]))

    (prompt,) = judge.prompts
    assert prompt.index("My VPN is dead in Berlin.") < prompt.index("Shall I open a ticket?") < prompt.index("Help!")


# What it will cost


def some_rows() -> list[Row]:
    attack = next(load_dataset(dataset_path().with_name("redteam.jsonl")).rows())
    broken = next(row for row in load_dataset().rows() if row.metadata.failures)
    return [of_turns(1), of_turns(2), attack, broken]


def test_as_many_judgements_are_announced_as_are_made(tmp_path: Path) -> None:
    rows, judge = some_rows(), Judge()
    built = {red: judges.build_judges(judge, red_team=red) for red in (False, True)}
    cost = cost_of_rows(rows, "a model", built, None)

    found = evaluated(tmp_path, rows, options=Options(judge=judge))

    assert not found.summary.total.errors
    assert cost.judgements == len(judge.read)
    assert (cost.conversations, cost.turns) == (len(rows), sum(len(row.turns) for row in rows))


def test_inputs_that_a_judge_decides_are_counted_too() -> None:
    row, _, _ = free_text_row({"judged": "is what the user asked for"})
    assert cost_of_rows([Row.model_validate_json(json.dumps(row))], "a model", {}, None).judgements == 1


def test_the_price_is_said_or_said_to_be_unknown() -> None:
    rows = some_rows()
    built = {red: judges.build_judges("a model", red_team=red) for red in (False, True)}
    unknown, known = (cost_of_rows(rows, "a model", built, price) for price in (None, Price(3.0, 15.0)))
    assert unknown.usd is None
    assert "by a model" in str(unknown)
    assert f"{unknown.turns} turns in {len(rows)} conversations" in str(unknown)
    assert "price unknown" in str(unknown)
    assert known.usd == pytest.approx((known.input_tokens * 3 + known.output_tokens * 15) / 1e6)
    assert f"about {known.usd:.2f} USD" in str(known)


def test_a_later_turn_is_judged_with_all_that_was_said_before_it() -> None:
    row = of_turns(2)
    built = {False: judges.build_judges("a model")}

    def tokens(longer: int | None = None) -> int:
        turns = [
            turn.model_copy(update={"input": turn.input + "x" * 4000 * (number == longer)})
            for number, turn in enumerate(row.turns)
        ]
        return cost_of_rows([row.model_copy(update={"turns": turns})], "a model", built, None).input_tokens

    assert tokens(0) - tokens() == 1000 * (2 * len(TURNS) + 1)
    assert tokens(1) - tokens() == 1000 * (len(TURNS) + 1)


def at_terminal(monkeypatch: pytest.MonkeyPatch, *, there: bool, pipeline: str = "") -> None:
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: there, raising=False)
    monkeypatch.setenv("CI", pipeline)


def test_a_terminal_asks_and_a_pipeline_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    replies = iter([True, False])

    def confirm(text: str, **_: Any) -> bool:
        asked.append(text)
        return next(replies)

    monkeypatch.setattr("typer.confirm", confirm)
    cost = JudgingCost("a model", judgements=10)
    at_terminal(monkeypatch, there=False)
    approve(cost, None)
    at_terminal(monkeypatch, there=True, pipeline="true")
    approve(cost, None)
    at_terminal(monkeypatch, there=True)
    approve(cost, 10)
    approve(JudgingCost("a model"), None)
    assert asked == []
    approve(cost, None)
    with pytest.raises(ValueError, match="nothing was asked"):
        approve(cost, None)
    assert len(asked) == 2
    for most in (9, 0):
        with pytest.raises(ValueError, match=f"about 10 would be needed, and {most} are allowed"):
            approve(cost, most)


def test_eval_says_the_cost_first_and_asks_nothing_beyond_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge()
    monkeypatch.setattr("strands.agent.agent.BedrockModel", lambda **_: judge)
    monkeypatch.setenv(judges.VARIABLE, "judge-of-tests")
    row = of_turns(2)
    options = ["--select", row.scenario_id, "--results", str(tmp_path), "--report-only"]

    for command_, more in (("eval", options), ("redteam", ["--max-judgements", "0"])):
        limit = [] if "--max-judgements" in more else ["--max-judgements", str(2 * len(TURNS))]
        code, text = command(capsys, command_, *more, *limit)
        assert code == 2, text
        assert "by judge-of-tests" in text
        assert "price unknown" in text
        assert "would be needed" in text
    assert judge.read == []
    assert [*tmp_path.iterdir()] == [], "a run that was not wanted leaves nothing"

    enough = ["--max-judgements", str(2 * len(TURNS) + 1)]
    code, text = command(capsys, "eval", *options, *enough, "--run", "first")
    assert code == 0, text
    assert len(judge.read) == 2 * len(TURNS) + 1
    info = json.loads((tmp_path / "first" / "run.json").read_text(encoding="utf-8"))
    assert info["judging"]["judgements"] == 2 * len(TURNS) + 1
    assert info["judging"]["usd"] is None
    assert "judge-of-tests" in (tmp_path / "first" / "summary.md").read_text(encoding="utf-8")
    assert "judge-of-tests" in (tmp_path / "first" / "report.html").read_text(encoding="utf-8")

    code, text = command(capsys, "eval", *options, "--max-judgements", "0", "--resume", "first")
    assert code == 0, "nothing is left to be judged: " + text


def test_a_comparison_says_that_another_judge_judged(tmp_path: Path) -> None:
    folders = []
    for name, judge, judging in (("before", "one", None), ("after", "other", {"judgements": 11})):
        found = evaluated(tmp_path / name, rows_of("escalate")[:2])
        path = found.folder / "run.json"
        info = json.loads(path.read_text(encoding="utf-8")) | {"judge": judge}
        path.write_text(json.dumps(info | ({"judging": judging} if judging else {})), encoding="utf-8")
        folders.append(found.folder)
    before, after = folders
    text = markdown(comparison.compare(before, after))
    assert "another judge in head: other, not one" in text
    assert "run before judged only the last turn of each conversation" in text
    assert "run after judged" not in text


def test_what_agentcores_evaluators_will_be_asked_is_counted_from_the_recorded_turns(tmp_path: Path) -> None:
    found = evaluated(tmp_path, [of_turns(2)])
    (case,) = cases(found).values()
    calls = sum(len(turn["calls"]) for turn in case["turns"])
    levels = {"Builtin.GoalSuccessRate": "SESSION", "Builtin.Correctness": "TRACE", "mine": "TOOL_CALL"}
    cost = cost_of_sessions([case], levels, {"Builtin.Correctness": Price(1, 1)})
    assert cost.judgements == 1 + 2 + calls
    assert cost.usd is None, "the price of two of them is not known"
    assert cost_of_sessions([case], {"Builtin.Correctness": "TRACE"}, {"Builtin.Correctness": Price(1, 1)}).usd


class Evaluations:
    """AgentCore Evaluations, as far as it judges: each turn 0.25 less than the one before, by the order of traces."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def evaluate(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        traces = request.get("evaluationTarget", {}).get("traceIds", [None])
        about = {"label": "so", "explanation": "as it is", "tokenUsage": {"inputTokens": 900, "outputTokens": 100}}
        return {
            "evaluationResults": [
                {
                    "value": 1.0 - 0.25 * number,
                    "context": {"spanContext": {"sessionId": "s", **({"traceId": trace} if trace else {})}},
                    **about,
                }
                for number, trace in enumerate(traces)
            ]
        }

    def start_batch_evaluation(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"batchEvaluationId": "batch-1", "status": "PENDING"}


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Row, Evaluations]:
    """Return a run against a deployed agent, its row of two turns, and the service that judges it."""
    row, service = of_turns(2), Evaluations()
    folder = evaluated(tmp_path / "deployed", [row]).folder
    arn = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/agent-a1B2c3D4e5/runtime-endpoint/live"
    path = folder / "run.json"
    info = json.loads(path.read_text(encoding="utf-8")) | {"target": arn, "dataset": "evals/dataset.jsonl"}
    path.write_text(json.dumps(info), encoding="utf-8")
    spans = [{"traceId": each * 32, "spanId": each * 16, "attributes": {}} for each in "ab"]
    monkeypatch.setattr(agentcore_commands, "_announce", lambda *_: None)
    monkeypatch.setattr(agentcore_commands, "_client", lambda *_: service)
    monkeypatch.setattr(agentcore, "span_collector", lambda *_: lambda _: spans)
    return folder, row, service


JUDGED = ("--evaluators", "Builtin.GoalSuccessRate,Builtin.Correctness")


def test_agentcore_judges_each_turn_and_the_results_say_which(
    recorded: tuple[Path, Row, Evaluations], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, row, _ = recorded
    code, text = command(capsys, "cloud-evaluate", "--env", "dev", "--run", str(folder), *JUDGED)
    assert code == 0, text
    assert "about 3 judgements by Builtin.GoalSuccessRate, Builtin.Correctness" in text
    assert re.search(r"; about 0\.0[1-9] USD", text)
    assert "Builtin.Correctness: 0.875 of 2, 0 errors, 1,800 tokens in and 200 out" in text
    found = json.loads((folder / "agentcore.json").read_text(encoding="utf-8"))
    assert found["Builtin.Correctness"]["judgements"] == [
        {"id": row.scenario_id, "turn": number, "value": value, "label": "so", "reason": "as it is"}
        for number, value in ((1, 1.0), (2, 0.75))
    ]
    assert [each["turn"] for each in found["Builtin.GoalSuccessRate"]["judgements"]] == [None]


def test_what_agentcore_judged_before_it_was_interrupted_is_kept(
    recorded: tuple[Path, Row, Evaluations], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, service = recorded
    answer = service.evaluate

    def evaluate(**request: Any) -> dict[str, Any]:
        if request["evaluatorId"] == "Builtin.Correctness":
            raise KeyboardInterrupt
        return answer(**request)

    monkeypatch.setattr(service, "evaluate", evaluate)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        main(["cloud-evaluate", "--env", "dev", "--run", str(folder), *JUDGED])
    found = json.loads((folder / "agentcore.json").read_text(encoding="utf-8"))
    assert found["Builtin.GoalSuccessRate"]["scores"] == 1


@pytest.mark.parametrize("name", ["cloud-evaluate", "cloud-batch"])
def test_agentcore_is_asked_nothing_beyond_the_limit(
    recorded: tuple[Path, Row, Evaluations], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder, _, service = recorded
    code, text = command(capsys, name, "--env", "dev", "--run", str(folder), *JUDGED, "--max-judgements", "2")
    assert code == 2, text
    assert "about 3 would be needed, and 2 are allowed; nothing was asked" in text
    assert service.requests == []


def test_a_price_of_an_evaluator_is_used(
    recorded: tuple[Path, Row, Evaluations], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _, service = recorded
    code, text = command(capsys, "cloud-batch", "--env", "dev", "--run", str(folder), *JUDGED, "--max-judgements", "3")
    assert code == 0, text
    assert re.search(r"3 judgements .* about 0\.0[1-9] USD", text)
    assert "batch-1: PENDING" in text
    assert len(service.requests) == 1
