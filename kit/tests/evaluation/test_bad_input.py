"""Whatever is wrong with the input ends with a clear message and its exit code, and what was computed is kept."""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape
from rich.console import Console

from agentcore_kit.config.repository import repository_root
from agentcore_kit.evaluation import commands, evaluators, results, runner
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.local_target import LocalTarget
from agentcore_kit.evaluation.reports.console import print_report
from agentcore_kit.evaluation.runner import Options
from agentcore_kit.evaluation.runs import CannotRun
from tests.evaluation.runs import cases, command, evaluated, metric, rows_of

LINES = dataset_path().read_text(encoding="utf-8").splitlines()


def evaluation(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run `kit eval` and return its exit code and what it printed."""
    return command(capsys, "eval", *arguments)


def test_a_report_forgives_low_scores_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = tmp_path / "thresholds.yaml"
    limits.write_text("offline: {tokens: {max: 1}}\nmodels: {}\n", encoding="utf-8")
    options = ["--select", "smoke", "--thresholds", str(limits), "--results", str(tmp_path / "results")]

    codes = [evaluation(capsys, *options)[0], evaluation(capsys, *options, "--report-only")[0]]
    wrong = changed(tmp_path, "{no json")
    codes.append(evaluation(capsys, "--dataset", wrong, "--results", str(tmp_path), "--report-only")[0])

    assert codes == [1, 0, 2]


def test_below_threshold_ends_with_1_whichever_way_it_is_called(tmp_path: Path) -> None:
    """Make's own exit code for any error is 2; it prints the one of `kit eval`."""
    repository = tmp_path / "repository"
    shutil.copytree(repository_root(), repository)
    thresholds = repository / "evals" / "thresholds.yaml"
    thresholds.write_text("offline: {tokens: {max: 1}}\nmodels: {}\n", encoding="utf-8")
    dataset = repository / "evals" / "dataset.jsonl"
    rows = dataset.read_text(encoding="utf-8").splitlines()
    dataset.write_text("".join(f"{row}\n" for row in rows if '"smoke"' in row), encoding="utf-8")
    installed = Path(sys.executable).parent

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=repository, capture_output=True, text=True, check=False)

    direct = run(str(installed / "kit"), "eval")
    made = run("make", "eval", "READY=", f"BIN={installed}")

    assert direct.returncode == 1, direct.stderr
    assert "Below threshold: Tokens per query" in direct.stdout
    assert made.returncode == 2
    assert "Error 1" in made.stderr


def test_the_terminal_shows_which_cases_went_wrong_before_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = dataset_path().read_text(encoding="utf-8").splitlines()
    row = next(row for row in map(json.loads, lines) if row["metadata"]["expect"][0][0].get("figures"))
    row["metadata"]["expect"][0][0]["figures"] = [123456789]
    code, text = evaluation(capsys, "--dataset", changed(tmp_path, json.dumps(row)), "--results", str(tmp_path / "r"))
    assert code == 1
    shown, verdict = text.split("Below threshold")[0], " ".join(text.split())
    assert f"{row['scenario_id']}: turn 1: " in " ".join(shown.split())
    assert "123456789" in verdict


def changed(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def row_with_a_choice() -> tuple[dict[str, Any], str, str]:
    """Return a row that is right, whose one call has a parameter with few allowed values; the tool, the parameter."""
    for row in load_dataset().rows(lambda entry: entry.category != "multi-turn"):
        best, *others = row.metadata.expect[0]
        if len(best.calls) != 1 or others or row.metadata.failures:
            continue
        (call,) = best.calls
        properties = own_tools()[call.name]["properties"]
        for name in call.input:
            if "enum" in properties[name]:
                found = json.loads(row.model_dump_json(exclude_defaults=True))
                found["metadata"]["expect"][0][0]["figures"] = ["556.2 million"]
                return found, call.name, name
    raise AssertionError("no row calls a tool with a parameter of few allowed values")


def edited(where: str, value: Any) -> str:
    """Return the row with another value; `where` is the path to it, and `…+` adds a field."""
    row, tool, parameter = row_with_a_choice()
    steps = where.format(parameter=parameter).split(".")
    group: Any = row
    for step in steps[:-1]:
        group = group[int(step)] if step.isdigit() else group[step]
    if value is REMOVED:
        del group[steps[-1]]
    else:
        group[steps[-1]] = json.loads(json.dumps(value).replace("{tool}", tool))
    return json.dumps(row)


REMOVED = object()
OUTCOME = "metadata.expect.0.0"
CALL = f"{OUTCOME}.calls.0"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (lambda: "", "rows.jsonl:1: the dataset has no rows"),
        (lambda: "{no json", "rows.jsonl:1: no JSON"),
        (
            lambda: edited("expected_trajectory", ["getNothing"]),
            "rows.jsonl:1: expected_trajectory: no tool 'getNothing'",
        ),
        (lambda: edited(f"{CALL}.name", "{tool}x"), "did you mean {tool}?"),
        (lambda: edited(f"{CALL}.input.area", "x"), "input.area: {tool} has no such parameter"),
        (lambda: edited(f"{OUTCOME}.figures", "556.2"), 'figures: "556.2" is not right'),
        (lambda: edited(f"{OUTCOME}.figures", [math.nan]), "finite number"),
        (lambda: edited(f"{OUTCOME}.figures", ["much"]), "'much' is no figure"),
        (lambda: edited(f"{OUTCOME}.avoid", [""]), "avoid.0"),
        (lambda: edited("turns.0.input", " "), "turns.0.input"),
        (lambda: edited(f"{CALL}.input.{{parameter}}", "EMAE"), "calls.0.input.{parameter}: 'EMAE' is not one of"),
        (lambda: edited(f"{CALL}.input.{{parameter}}", 5), "calls.0.input.{parameter}: 5 is not"),
        (lambda: edited(f"{CALL}.input.{{parameter}}", REMOVED), "calls.0.input: '{parameter}' is a required property"),
        (lambda: edited("metadata.injections", {"getNothing": "x"}), "metadata.injections: no tool 'getNothing'"),
        (
            lambda: edited("expected_trajectory", ["{tool}", "{tool}"]),
            "expected_trajectory: not the calls that metadata.expect has",
        ),
        (lambda: "\ufeff" + LINES[0], "begins with a byte order mark"),
        (lambda: edited("metadata.category", "usual"), "metadata.category"),
        (lambda: edited("metadata.date", "yesterday"), "metadata.date"),
        (lambda: edited("metadata.tag", []), "metadata.tag: no such field; did you mean tags?"),
        (lambda: edited("turns.0.output", ""), "turns.0.output: no such field; one of: input, expected_response"),
        (lambda: "[1, 2]", "rows.jsonl:1: [1, 2] is not right; input should be an object"),
        (lambda: edited("metadata.expect", [[], []]), "needs one list of acceptable outcomes for each turn"),
    ],
)
def test_a_wrong_row_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: Callable[[], str], message: str
) -> None:
    code, text = evaluation(capsys, "--dataset", changed(tmp_path, line()), "--results", str(tmp_path / "results"))

    _, tool, parameter = row_with_a_choice()
    assert code == 2
    assert message.format(tool=tool, parameter=parameter) in text
    assert not (tmp_path / "results").exists()


def test_a_tool_that_every_row_names_is_not_told_for_every_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = LINES
    for tool in own_tools():
        rows = [line.replace(tool, f"{tool}2") for line in rows]

    code, text = evaluation(capsys, "--dataset", changed(tmp_path, *rows))

    assert code == 2
    assert len(text.splitlines()) == 21
    assert "more" in text.splitlines()[-1]


def test_two_rows_of_one_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = evaluation(capsys, "--dataset", changed(tmp_path, LINES[0], LINES[1], LINES[0]))

    assert code == 2
    assert f"rows.jsonl:3: scenario_id: {json.loads(LINES[0])['scenario_id']!r} is that of line 1 too" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("toolSelektion: {min: 0.9}", "there is no metric toolSelektion; did you mean toolSelection?"),
        ("toolSelection: {min: 95}", "is a share; needed: a number from 0 to 1"),
        ("toolSelection: {}", "needs either min or max"),
        (
            "toolSelection: {min: much}",
            "thresholds.yaml:2: offline.toolSelection.min: 'much' is not right; needed: the least",
        ),
        ("toolSelection: 0.95", "toolSelection: must be a group with the fields min, max"),
        ("tokens: {max: 1}\nenvironments: {preprodd: {}}", "there is no environment preprodd; did you mean preprod?"),
        ("latencyP95: {max: 1000}", "the limit is alarms.latencyP95Ms in environments/local.yaml"),
        ("latencyP50: {max: 1000}", "the limit is alarms.latencyP95Ms in environments/local.yaml"),
        (
            "tokens: {max: 1}\nenvironments: {preprod: {latencyP95: {max: 1000}}}",
            "preprod.latencyP95: is not set here: the limit is alarms.latencyP95Ms in environments/preprod.yaml",
        ),
        ("tokens: {max: 5000}\nprices: {some-model: {input: 3.0}}", "thresholds.yaml:3: prices: are not set here"),
    ],
)
def test_a_wrong_threshold(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    path = tmp_path / "thresholds.yaml"
    path.write_text(f"offline:\n  {text}\nmodels: {{}}\n", encoding="utf-8")

    code, printed = evaluation(capsys, "--thresholds", str(path))

    assert code == 2
    assert message in printed


def test_a_threshold_that_nothing_was_measured_for_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = tmp_path / "thresholds.yaml"
    limits.write_text("offline: {refusal: {min: 1}, cost: {max: 0.01}}\nmodels: {}\n", encoding="utf-8")
    options = ["--select", "smoke", "--results", str(tmp_path / "results")]

    code, text = evaluation(capsys, *options, "--thresholds", str(limits))
    assert code == 1, "without a price nobody knows the cost"
    told = " ".join(text.split())
    assert "no cost, which evals/thresholds.yaml limits: the offline model is no LLM and has no price" in told

    code, text = evaluation(capsys, "--select", "smoke", "--results", str(tmp_path / "results"))
    assert code == 0
    assert "thresholds had nothing to measure" in text


def test_what_else_can_be_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = ("--results", str(tmp_path))
    assert evaluation(capsys, "--select", "comon", *results) == (
        2,
        "--select: 'comon' is no category, tag or id of the dataset; did you mean common?\n",
    )
    assert evaluation(capsys, "--select", ",", *results)[0] == 2
    assert evaluation(capsys, "--target", "somewhere", *results)[0] == 2
    assert evaluation(capsys, "--target", "http://127.0.0.1:99999", *results)[0] == 2
    assert evaluation(capsys, "--target", "arn:aws:lambda:eu-central-1:123456789012:function:f", *results)[0] == 2
    assert evaluation(capsys, "--resume", "yesterday", *results)[0] == 2
    assert evaluation(capsys, "--run", "a/b", *results)[0] == 2
    assert evaluation(capsys, "--date", "yesterday", *results)[0] == 2
    code, text = evaluation(capsys, "--target", "https://agent.example.com", *results)
    assert code == 3
    assert "EVAL_TOKEN is not set" in text
    assert not list(tmp_path.iterdir()), "what was refused is no run"


def test_a_results_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()

    code, text = evaluation(capsys, "--results", str(tmp_path / "file" / "results"))

    assert code == 3
    assert "results cannot be written" in text


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = evaluation(capsys, "--target", "http://127.0.0.1:9", "--results", str(tmp_path), "--select", "decline")

    assert code == 3
    assert "nobody answers at http://127.0.0.1:9/invocations" in text
    assert not list(tmp_path.iterdir()), "a run without a case is none to compare or go on with"


def test_what_a_target_answered_before_it_went_away_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentcore_kit.evaluation import local_target

    ask = local_target._LocalConversation.ask
    asked = []

    async def going(self: object, text: str) -> object:
        asked.append(text)
        if len(asked) > 3:
            raise CannotRun("nobody answers any more")
        return await ask(self, text)  # type: ignore[arg-type]

    monkeypatch.setattr(local_target._LocalConversation, "ask", going)
    code, text = evaluation(capsys, "--results", str(tmp_path), "--select", "decline", "--run", "gone")

    assert code == 3
    assert "nobody answers any more; what was computed is kept. Go on with: kit eval --resume gone" in text
    assert json.loads((tmp_path / "gone" / "results.json").read_text(encoding="utf-8"))["total"]["cases"] == 3


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a mistake")])
def test_a_crash_does_not_read_as_below_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def crash(*_: object) -> None:
        raise error

    monkeypatch.setattr(commands, "conclude", crash)
    code, text = evaluation(capsys, "--results", str(tmp_path), "--select", "escalate")

    assert code == 3
    assert str(error.args[-1]) in text


def test_the_tables_fit_a_terminal(tmp_path: Path) -> None:
    console = Console(width=80, file=io.StringIO())
    report = evaluated(tmp_path, [*rows_of("personalisation")[:1], *rows_of("abbreviation")[:1]])
    print_report(report, console)

    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text
    assert "personalisation" in text


def test_ctrl_c_keeps_what_there_is_and_the_run_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = runner.run, []

    async def interrupted(*arguments: object) -> None:
        options = arguments[-1]
        assert isinstance(options, Options)
        count = options.on_case

        def on_case(case: dict[str, object]) -> None:
            count(case)
            seen.append(case["id"])
            if len(seen) == 4:
                os.kill(os.getpid(), signal.SIGINT)

        options.on_case = on_case
        await real(*arguments)  # type: ignore[arg-type]

    arguments = ("--results", str(tmp_path), "--select", "escalate")
    monkeypatch.setattr(runner, "run", interrupted)
    code, text = evaluation(capsys, *arguments, "--run", "stopped")
    monkeypatch.setattr(runner, "run", real)

    assert code == 3
    assert "Go on with: kit eval --resume stopped" in text
    kept = (tmp_path / "stopped" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in kept] == seen
    assert json.loads((tmp_path / "stopped" / "results.json").read_text(encoding="utf-8"))["finished"] is False

    code, _ = evaluation(capsys, *arguments, "--resume", "last")

    ids = [json.loads(line)["id"] for line in (tmp_path / "stopped" / "cases.jsonl").open(encoding="utf-8")]
    assert code in (0, 1)
    assert len(ids) == len(set(ids)) == len(rows_of("escalate"))
    assert ids[:4] == seen

    code, text = evaluation(capsys, "--results", str(tmp_path), "--select", "edge", "--resume", "stopped")
    assert code == 2
    assert "run stopped had another select" in text


def test_a_case_that_raises_or_takes_too_long_is_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from agentcore_kit.evaluation import local_target

    rows = rows_of("common")[:6]
    ask = local_target._LocalConversation.ask

    async def flaky(self: object, text: str) -> object:
        if text == rows[1].turns[0].input:
            raise RuntimeError("the model said no")
        if text == rows[3].turns[0].input:
            await asyncio.sleep(30)
        return await ask(self, text)  # type: ignore[arg-type]

    monkeypatch.setattr(local_target._LocalConversation, "ask", flaky)
    report = evaluated(tmp_path, rows, options=Options(timeout=2, workers=2))

    found = cases(report)
    assert len(found) == 6
    assert found[rows[1].scenario_id]["error"] == "RuntimeError: the model said no"
    assert found[rows[1].scenario_id]["asked"] == rows[1].turns[0].input
    assert found[rows[3].scenario_id]["error"].startswith("TimeoutError: no answer within 2 s to ")
    assert report.summary.total.errors == 2
    assert metric(report, "caseErrorRate") == pytest.approx(2 / 6)
    assert report.summary.total.counts()["toolSelection"] == 4
    assert not report.passed
    assert f"<b>User 1</b> {escape(rows[1].turns[0].input)}" in (report.folder / "report.html").read_text(
        encoding="utf-8"
    )


def test_an_evaluator_that_no_report_would_show_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluators.Goal, "metric", "goalReacht")

    code, text = evaluation(capsys, "--results", str(tmp_path))

    assert code == 2
    assert "Goal has the metric 'goalReacht', which no report would show; did you mean goalReached?" in text


def test_a_damaged_run_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "run.json").write_text('{"run": "cut", "sta', encoding="utf-8")
    arguments = ("--results", str(tmp_path), "--select", "common-*")
    assert evaluation(capsys, *arguments, "--run", "good")[0] in (0, 1)

    assert evaluation(capsys, *arguments, "--resume", "last")[0] in (0, 1)
    code, text = evaluation(capsys, *arguments, "--resume", "cut")
    assert code == 2
    assert "cut/run.json is damaged" in text


def test_a_case_that_cannot_be_measured_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("answer")

    monkeypatch.setattr(evaluators.Groundedness, "verdict", broken)
    monkeypatch.setattr(evaluators.Goal, "verdict", lambda *_: (1.0, ""))
    report = evaluated(tmp_path, rows_of("common")[:2])

    assert {case["error"] for case in report.cases()} == {"groundedness cannot be measured: KeyError: 'answer'"}
    assert not report.passed


def test_dropping_cut_lines_of_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / results.CASES).write_text(
        '{"id": "a", "status": "passed"}\n{"id": "b", "status": "error"}\n{"id": "c", "st'
    )

    assert results.finished(tmp_path) == {"a"}
    assert results.finished(tmp_path) == {"a"}
    assert (tmp_path / results.CASES).read_text(encoding="utf-8").count("\n") == 1


def test_selection_takes_categories_tags_and_patterns() -> None:
    dataset = load_dataset(dataset_path())
    first = next(entry.id for entry in dataset.entries if entry.category == "edge")
    chosen = commands.selection(f"smoke,{first[:-1]}*", dataset)
    found = {entry.id for entry in dataset.entries if chosen(entry)}
    assert {row.scenario_id for row in rows_of("smoke")} | {first} <= found
    assert len(found) < 15
    assert LocalTarget.name == "local"
    assert isinstance(next(dataset.rows()), Row)


def test_the_environment_that_is_named_has_the_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_ENV", "local")  # and again after the test
    code, text = evaluation(capsys, "--env", "preprodd", "--results", str(tmp_path))
    assert (code, "'preprodd' is no environment; did you mean preprod?" in text) == (2, True)

    code, text = evaluation(
        capsys, "--env", "preprod", "--target", "http://127.0.0.1:9", "--results", str(tmp_path), "--select", "smoke"
    )
    assert (code, "EVAL_TOKEN" in text or "nobody answers" in text) == (3, True)


@pytest.mark.parametrize("name", ["cloud-dataset", "cloud-evaluate", "cloud-batch"])
def test_what_is_in_aws_needs_an_environment_there(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert command(capsys, name) == (2, "local has no AWS account; say which environment: --env dev\n")
    assert command(capsys, name, "--env", "prdo")[0] == 2


def test_an_evaluator_of_the_teams_own_is_reported_and_may_have_a_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the docstring of evals/evaluators.py shows it."""
    file = repository_root() / "evals" / "evaluators.py"
    text = file.read_text(encoding="utf-8")
    example = text[text.index("    class Politeness") : text.index("`Record` is in")]
    package = "agentcore_kit.evaluation"
    imports = f"from {package}.evaluators import Verdict\nfrom {package}.target import Record\n\n\n"
    repository = tmp_path / "repository"
    shutil.copytree(repository_root(), repository)
    own = repository / "evals" / "evaluators.py"
    own.write_text(
        f"{text}\n{imports}{textwrap.dedent(example)}\nEVALUATORS = (*EVALUATORS, Politeness)\n", encoding="utf-8"
    )
    limits = repository / "evals" / "thresholds.yaml"
    limits.write_text("offline: {politeness: {min: 1.0}}\nmodels: {}\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "agentcore_kit", "eval", "--select", "smoke"],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    assert "Below threshold: Polite" in done.stdout
