"""What an expected call may ask of its parameters: each way, what is no match, hostile values, and wrong rows."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agentcore_kit.evaluation import judges
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.agentcore import SCHEMA
from agentcore_kit.evaluation.dataset import Outcome, Row, add_rows, dataset_path, load_dataset
from agentcore_kit.evaluation.evaluators import Goal, Memory, ToolParameters
from agentcore_kit.evaluation.expectations import Call, JudgedInput, equal, fits, pair
from agentcore_kit.evaluation.runner import Options
from agentcore_kit.evaluation.target import Record
from agentcore_kit.evaluation.verdicts import parameters, unjudged
from tests.evaluation.runs import below, cases, command, evaluated
from tests.evaluation.test_evaluators import scores


def wanted(match: Any, **literal: Any) -> Call:
    """Return an expected call of `createTicket`, as a row has it: `text` is met in some way, the rest is equal."""
    row = {"name": "createTicket", "input": literal, "match": {"text": match}}
    return Call.model_validate_json(json.dumps(row))


def fit(match: Any, value: Any) -> bool | None:
    return fits("createTicket", {"text": value}, wanted(match))


@pytest.mark.parametrize(
    ("match", "right", "wrong"),
    [
        ({"any": True}, ["", "x", None, 5, {"a": [1]}], []),
        ({"contains": "VPN"}, ["my vpn fails", "VPN", "the  VPN"], ["", "virtual", None, 5, {"VPN": 1}]),
        ({"contains": ["vpn", "Berlin office"]}, ["VPN in the Berlin\n office"], ["VPN", "Berlin office"]),
        ({"contains": "urgent"}, [["urgent", "x"], ["very urgent"]], [[], ["x"], [5]]),
        ({"matches": "^HR-[0-9]{4}$"}, ["HR-5965"], ["HR-59651", "x HR-5965", 5965, None, ["HR-5965"]]),
        ({"matches": "(?i)vpn|network"}, ["the Network is down"], ["printer"]),
        ({"one_of": ["high", "urgent"]}, ["high", "urgent"], ["low", "High", None]),
        ({"one_of": [{"a": 1}, [2, 3], None]}, [{"a": 1}, [2, 3], None, {"a": 1.0}], [{"a": 2}, [3, 2], False]),
        ({"near": 480, "within": 5}, [475, 485.0, 480.1], [474.9, 486, "480", None, True, math.nan, math.inf, 10**400]),
        ({"near": 1, "within": 0}, [1, 1.0], [True, 1.1]),
    ],
)
def test_each_way_of_a_match(match: Any, right: list[Any], wrong: list[Any]) -> None:
    assert [fit(match, value) for value in right] == [True] * len(right)
    assert [fit(match, value) for value in wrong] == [False] * len(wrong)


def test_what_is_in_input_is_equal_to_the_letter_also_when_it_looks_like_a_match() -> None:
    literal = Call.model_validate({"name": "find", "input": {"filter": {"contains": "VPN"}}})
    assert fits("find", {"filter": {"contains": "VPN"}}, literal) is True
    assert fits("find", {"filter": "my VPN"}, literal) is False


def test_only_any_may_be_left_out_and_nothing_may_be_added() -> None:
    assert fits("createTicket", {}, wanted({"any": True})) is True
    assert fits("createTicket", {}, wanted({"contains": "VPN"})) is False
    assert fits("createTicket", {}, wanted({"judged": "names the VPN"})) is False
    assert fits("createTicket", {"text": "VPN", "more": 1}, wanted({"contains": "VPN"})) is False
    assert fits("createTicket", {"text": "VPN", "kind": "IT"}, wanted({"contains": "VPN"}, kind="IT")) is True
    assert fits("createTicket", {"text": "VPN", "kind": "HR"}, wanted({"contains": "VPN"}, kind="IT")) is False
    assert fits("openTicket", {"text": "VPN"}, wanted({"contains": "VPN"})) is False


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0000000001, True),
        (True, 1, False),
        (0, False, False),
        (10**400, 1.0, False),
        (10**400, 10**400, True),
        (1e300, 1e300 * (1 + 1e-12), True),
        (math.nan, math.nan, False),
        ("1", 1, False),
        (None, "", False),
        ({"a": [1, {"b": 0.1 + 0.2}]}, {"a": [1.0, {"b": 0.3}]}, True),
        ({"a": [1, {"b": True}]}, {"a": [1, {"b": 1}]}, False),
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"a": 1, "b": None}, False),
    ],
)
def test_what_is_equal(one: Any, other: Any, same: bool) -> None:
    assert equal(one, other) is same
    assert equal(other, one) is same


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(value=JSON)
def test_no_value_that_a_model_can_give_breaks_a_comparison(value: Any) -> None:
    for match in ({"contains": "a"}, {"matches": "a+$"}, {"one_of": [1, "a", [], {}]}, {"near": 1, "within": 1}):
        assert fit(match, value) in (True, False)
    assert fit({"any": True}, value) is True
    assert fit({"judged": "is a text"}, value) is None
    assert fits("createTicket", {"text": value}, wanted({"any": True}, kind="IT")) is False


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){30}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_expression_hangs(pattern: str) -> None:
    """Python's own engine would need longer than the universe is old for the first two."""
    assert fit({"matches": pattern}, "a" * 100_000 + "!") is False


def test_each_wanted_call_has_a_call_of_its_own() -> None:
    made = [{"name": "createTicket", "input": {"text": text}} for text in ("VPN", "printer")]
    loose, strict = wanted({"any": True}), wanted({"contains": "VPN"})

    assert pair(made, [loose, strict]).found == {0: 1, 1: 0}
    assert pair(made, [strict, strict]).found == {0: 0}
    assert pair(made[:1], [loose, strict]).found in ({0: 0}, {1: 0})


def test_many_loose_calls_are_paired_at_once() -> None:
    made = [{"name": "createTicket", "input": {"text": str(number)}} for number in range(60)]
    assert len(pair(made, [wanted({"any": True})] * 60).found) == 60


JUDGED = {"judged": "says that the VPN fails in Berlin"}


def record(text: str, answer: str = "Done.", judged: list[JudgedInput] | None = None, match: Any = JUDGED) -> Any:
    made: dict[str, Any] = {"name": "createTicket", "input": {"text": text, "kind": "IT"}, "status": "success",
                            "result": {}, "durationMs": 1.0}  # fmt: skip
    expected = Outcome(outcome="answer", calls=[wanted(match, kind="IT")])
    found: dict[str, Any] = {"input": "Help!", "answer": answer, "calls": [made], "expected": expected}
    return found | ({"judged": judged} if judged is not None else {})


def said(text: str, met: bool | None) -> list[JudgedInput]:
    return [{"tool": "createTicket", "parameter": "text", "criterion": JUDGED["judged"], "value": text, "met": met,
             "reason": "so it is"}]  # fmt: skip


def test_what_nobody_judged_is_neither_right_nor_wrong() -> None:
    for unknown in (record("it fails"), record("it fails", judged=said("it fails", None))):
        assert parameters(unknown, unknown["expected"]) is None
        assert "not judged: createTicket(kind=IT, text judged says that" in unjudged(unknown, unknown["expected"])
        assert scores(ToolParameters(), unknown) == [None]
        assert scores(Goal(), unknown) == [None]
        assert scores(Memory(), unknown, unknown) == [None, None]


def test_what_a_judge_said_counts() -> None:
    for met in (True, False):
        found = record("it fails", judged=said("it fails", met))
        assert scores(ToolParameters(), found) == [float(met)]
        assert scores(Goal(), found) == [float(met)]
    other = record("it fails", judged=said("another text", True))
    assert scores(Goal(), other) == [None]


def test_what_is_wrong_anyhow_is_wrong_without_a_judge() -> None:
    assert scores(Goal(), record("it fails", answer="It costs 612.5 million")) == [0.0]
    missing = {**record("it fails"), "calls": []}
    assert scores(Goal(), missing) == [0.0]


def free_text_row(match: dict[str, Any], **more: Any) -> tuple[dict[str, Any], str, str]:
    """Return a row of the dataset that one call of one tool answers, one of whose parameters is met by a match."""
    for row in load_dataset().rows(lambda entry: entry.category == "common"):
        best, *others = row.metadata.expect[0]
        if len(row.turns) == 1 and not others and len(best.calls) == 1 and best.calls[0].name in own_tools():
            (call,) = best.calls
            schema = own_tools()[call.name]["properties"]
            name = next((key for key in call.input if schema[key].get("type") == "string"), None)
            if name is not None:
                found: dict[str, Any] = json.loads(row.model_dump_json(exclude_defaults=True))
                expected = found["metadata"]["expect"][0][0]["calls"][0]
                expected["match"] = {name: match or {"contains": str(expected["input"][name])[:3]}}
                del expected["input"][name]
                found["metadata"]["tags"] = []
                found |= more
                return found, call.name, name
    raise AssertionError("no row has one call with a text")


def test_a_match_is_measured_from_the_file_to_the_verdict(tmp_path: Path) -> None:
    row, tool, parameter = free_text_row({}, scenario_id="right")
    wrong, _, _ = free_text_row({"contains": "nothing of the kind"}, scenario_id="wrong")

    report = evaluated(tmp_path / "run", [Row.model_validate_json(json.dumps(each)) for each in (row, wrong)])

    found = cases(report)
    assert found["right"]["status"] == "passed"
    assert found["wrong"]["status"] == "failed"
    assert f"{parameter} contains nothing of the kind" in found["wrong"]["reasons"]["toolParameters"]
    page = (report.folder / "report.html").read_text(encoding="utf-8")
    assert f"{tool}(" in page
    assert "contains nothing of the kind" in page


def test_without_a_judge_a_judged_row_is_counted_as_not_judged(tmp_path: Path) -> None:
    row, _, _ = free_text_row({"judged": "is what the user asked for"})

    report = evaluated(tmp_path / "run", [Row.model_validate_json(json.dumps(row))])

    (case,) = cases(report).values()
    total = report.summary.total
    assert (case["status"], total.passed, total.undecided) == ("unjudged", 0, 1)
    assert {"toolParameters", "goalReached"} <= below(report), "nothing measured is no pass"
    assert "0 of 1 cases right, 1 not judged" in report.headline
    assert any("set EVAL_JUDGE_MODEL" in remark for remark in report.remarks)
    text = (report.folder / "junit.xml").read_text(encoding="utf-8")
    assert '<skipped message="not judged:' in text
    assert 'failures="0" errors="0" skipped="1"' in text
    assert "not judged" in (report.folder / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("met", "status"), [(True, "passed"), (False, "failed"), (None, "unjudged")])
def test_with_a_judge_its_verdict_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, met: bool | None, status: str
) -> None:
    asked: list[tuple[str, Any]] = []

    async def judge(_: Any, question: str, criterion: str, value: Any) -> tuple[bool | None, str]:
        asked.append((criterion, value))
        return met, "because"

    monkeypatch.setattr(judges, "_meets", judge)
    monkeypatch.setattr(judges, "build_judges", lambda *_, **__: [])
    row, tool, parameter = free_text_row({"judged": "is what the user asked for"})

    report = evaluated(tmp_path / "run", [Row.model_validate_json(json.dumps(row))], options=Options(judge="a model"))

    (case,) = cases(report).values()
    assert case["status"] == status
    assert asked == [("is what the user asked for", case["turns"][0]["calls"][0]["input"][parameter])]
    assert [(each["tool"], each["met"]) for each in case["turns"][0]["judged"]] == [(tool, met)]


class JudgeModel:
    """Stands for a judge: says what it is told, or fails."""

    def __init__(self, reply: dict[str, Any] | Exception) -> None:
        self.reply, self.prompts = reply, list[str]()

    def agent(self, **_: Any) -> Any:
        judge = self

        class Agent:
            async def invoke_async(self, prompt: str, structured_output_model: Any) -> Any:
                judge.prompts.append(prompt)
                if isinstance(judge.reply, Exception):
                    raise judge.reply
                return type("Result", (), {"structured_output": structured_output_model(**judge.reply)})

        return Agent()


@pytest.mark.parametrize(
    ("reply", "met", "reason"),
    [
        ({"met": True, "reason": "it does"}, True, "it does"),
        ({"met": False}, False, ""),
        (RuntimeError("throttled"), None, "the judge failed: RuntimeError: throttled"),
    ],
)
def test_the_judge_is_asked_about_what_was_given(
    monkeypatch: pytest.MonkeyPatch, reply: Any, met: bool | None, reason: str
) -> None:
    judge = JudgeModel(reply)
    monkeypatch.setattr("strands.Agent", judge.agent)
    turn: Record = record("the VPN is dead in Berlin" + "x" * 20_000)

    found = asyncio.run(judges.judge_inputs("a model", turn, [turn["expected"], turn["expected"]]))

    assert [(each["met"], each["reason"]) for each in found] == [(met, reason)]
    (prompt,) = judge.prompts
    assert "the VPN is dead in Berlin" in prompt
    assert JUDGED["judged"] in prompt
    assert len(prompt) < 10_000


def checked(tmp_path: Path, row: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    code, text = command(capsys, "dataset", str(path))
    assert code == (0 if "rows.jsonl: 1 rows" in text else 2)
    return text


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({}, "calls.0.match.{parameter}: needs one of any, contains, matches, one_of, near, judged"),
        ({"contians": "x"}, "match.{parameter}.contians: no such field; did you mean contains?"),
        ({"contains": "x", "matches": "y"}, "match.{parameter}: needs one of any"),
        ({"contains": ""}, "match.{parameter}.contains"),
        ({"contains": []}, "match.{parameter}.contains"),
        ({"any": False}, "match.{parameter}.any"),
        ({"any": None}, "match.{parameter}: needs one of any"),
        ({"matches": "("}, "match.{parameter}.matches: '(' is no regular expression that can be used: unclosed group"),
        ({"matches": "(?=a)b"}, "look-around, including look-ahead and look-behind, is not supported"),
        ({"matches": "(a)\\1"}, "backreferences are not supported"),
        ({"matches": "(a{1000}){1000}"}, "exceeds size limit"),
        ({"matches": "a" * 1001}, "match.{parameter}.matches: is longer than 1000 characters"),
        ({"one_of": []}, "match.{parameter}.one_of"),
        ({"one_of": [5]}, "match.{parameter}.one_of.0: 5 is not"),
        ({"near": 5, "within": 1}, "match.{parameter}.near: the parameter is of type string"),
        ({"near": 5}, "match.{parameter}: near and within belong together"),
        ({"within": 5}, "match.{parameter}: needs one of any"),
        ({"near": math.nan, "within": 1}, "match.{parameter}.near"),
        ({"near": 1, "within": -1}, "match.{parameter}.within"),
        ({"one_of": [[{"a": math.nan}]]}, "has a number that is not finite"),
        ({"judged": " "}, "match.{parameter}.judged"),
        ("x", "match.{parameter}"),
    ],
)
def test_a_wrong_match_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], match: Any, message: str) -> None:
    row, _, parameter = free_text_row({"any": True})
    row["metadata"]["expect"][0][0]["calls"][0]["match"][parameter] = match

    text = checked(tmp_path, row, capsys)

    assert text.startswith(f"{tmp_path}/rows.jsonl:1: metadata.expect.0.0.calls.0.match.{parameter}"), text
    assert message.replace("{parameter}", parameter) in text


def call_of(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = row["metadata"]["expect"][0][0]["calls"][0]
    return found


def test_what_else_is_wrong_beside_a_match(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row, tool, parameter = free_text_row({"any": True})
    assert "1 rows" in checked(tmp_path, row, capsys)

    twice, _, _ = free_text_row({"any": True})
    call_of(twice)["input"][parameter] = "x"
    assert f"calls.0: {parameter}: stands in input and in match; say it once" in checked(tmp_path, twice, capsys)

    unknown, _, _ = free_text_row({"any": True})
    call_of(unknown)["match"]["colour"] = {"any": True}
    assert f"calls.0.match.colour: {tool} has no such parameter" in checked(tmp_path, unknown, capsys)

    missing, _, _ = free_text_row({"any": True})
    call_of(missing)["match"] = {}
    assert "is a required property" in checked(tmp_path, missing, capsys)

    infinite, _, _ = free_text_row({"any": True})
    call_of(infinite)["input"]["list"] = [1, {"a": math.inf}]
    assert "calls.0.input: has a number that is not finite" in checked(tmp_path, infinite, capsys)

    for tag in ("smoke", "regression"):
        tagged, _, _ = free_text_row({"judged": "is polite"})
        tagged["metadata"]["tags"] = [tag]
        assert f"a row that is tagged {tag} is asked without a judge" in checked(tmp_path, tagged, capsys)


def test_rows_with_a_match_are_added_and_kept_as_they_are_written(tmp_path: Path) -> None:
    row, _, _ = free_text_row({"contains": ["VPN", "Berlin"]}, scenario_id="added")
    draft, dataset = tmp_path / "draft.jsonl", tmp_path / "dataset.jsonl"
    draft.write_text(json.dumps(row) + "\n", encoding="utf-8")
    dataset.write_bytes(dataset_path().read_bytes())

    assert add_rows(draft, dataset, own_tools()) == ["added"]

    *_, last = load_dataset(dataset, own_tools()).rows()
    assert json.loads(last.model_dump_json(exclude_defaults=True)) == Row.model_validate(row, strict=False).model_dump(
        mode="json", exclude_defaults=True
    )
    assert call_of(json.loads(dataset.read_text(encoding="utf-8").splitlines()[-1])) == call_of(row)


def test_rows_with_a_match_are_what_the_service_takes() -> None:
    rows = [
        Row.model_validate(free_text_row(match)[0], strict=False) for match in ({"any": True}, {"judged": "is right"})
    ]
    examples = [row.model_dump(mode="json", exclude_defaults=True) for row in rows]
    model = botocore.session.get_session().get_service_model("bedrock-agentcore-control")
    asked = {"datasetName": "rows", "schemaType": SCHEMA, "source": {"inlineExamples": {"examples": examples}}}

    assert validate_parameters(asked, model.operation_model("CreateDataset").input_shape) is None
    assert json.loads(json.dumps(examples, allow_nan=False)) == examples


def test_a_match_in_words() -> None:
    match = {"near": 480, "within": 5}
    assert str(wanted(match, kind="IT")) == "createTicket(kind=IT, text near 480.0 ± 5.0)"
    assert str(wanted({"one_of": ["a", "b"]})) == "createTicket(text one of ['a', 'b'])"
    assert str(wanted({"any": True})) == "createTicket(text is anything)"
    with pytest.raises(ValidationError):
        wanted({"contains": 5})


Scripted = Callable[[str], Record]


class ScriptedTarget:
    """Answers each question with a turn that a test decides."""

    name = "scripted"

    def __init__(self, turn: Scripted) -> None:
        self._turn, self.model = turn, {"provider": "offline", "id": "offline", "label": None}

    def excludes(self, row: Row) -> str | None:
        return None

    def close(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Any]:
        turn = self._turn

        class Conversation:
            session_id = "scripted"

            async def ask(self, text: str) -> Record:
                return turn(text)

        yield Conversation()


def answered(**usage: Any) -> Scripted:
    """Return what answers every question in one way; `usage` is what is reported of tokens."""

    def turn(text: str) -> Any:
        return {
            "input": text, "answer": "Done.", "calls": [], "modelCalls": 1, "tokens": 0, "inputTokens": 0,
            "outputTokens": 0, "estimated": False, "latencyMs": 5.0, "firstTokenMs": None, "stopReason": "end_turn",
            "notices": [], **usage,
        }  # fmt: skip

    return turn


@pytest.mark.parametrize("usage", [{}, {"tokens": None, "inputTokens": None, "outputTokens": None}])
def test_tokens_that_nobody_reports_meet_no_threshold(tmp_path: Path, usage: dict[str, Any]) -> None:
    row, _, _ = free_text_row({"any": True})

    report = evaluated(
        tmp_path / "run", [Row.model_validate(row, strict=False)], target=ScriptedTarget(answered(**usage))
    )

    total = report.summary.total.metrics()
    assert (total["tokens"], total["tokensP95"], total["cost"]) == (None, None, None)
    assert "tokens" in below(report)
    assert cases(report)[row["scenario_id"]]["turns"][0]["tokens"] is None
    assert any("tokens not reported: 1 of 1 turns" in remark for remark in report.remarks)
    summary = (report.folder / "summary.md").read_text(encoding="utf-8")
    assert "| system | Tokens per query | not reported ❌ |" in summary


def test_tokens_that_only_some_turns_report_meet_no_threshold(tmp_path: Path) -> None:
    rows = [Row.model_validate(free_text_row({"any": True}, scenario_id=name)[0], strict=False) for name in "ab"]
    replies = iter([answered(tokens=12)("q"), answered()("q")])

    report = evaluated(tmp_path / "run", rows, target=ScriptedTarget(lambda _: next(replies)))

    assert "tokens" in below(report)


def test_tokens_that_are_reported_in_two_parts_count(tmp_path: Path) -> None:
    rows = [Row.model_validate(free_text_row({"any": True})[0], strict=False)]

    report = evaluated(tmp_path / "run", rows, target=ScriptedTarget(answered(inputTokens=30, outputTokens=4)))

    assert report.summary.total.metrics()["tokens"] == 34
    assert "tokens" not in below(report)
