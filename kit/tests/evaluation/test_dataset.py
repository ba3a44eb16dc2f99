"""The ground truth: readable by AgentCore's own tools, with smoke rows, and edited by hand or by a command."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bedrock_agentcore.evaluation.runner import FileDatasetProvider

from agentcore_kit.checks.commands import steps
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.smoke import SmokeFailure, ask_smoke_rows, smoke_rows
from tests.evaluation.runs import command, one_call


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Return the lines of the dataset; what a test has written is undone."""
    before = dataset_path().read_text(encoding="utf-8")
    yield before.splitlines()
    dataset_path().write_text(before, encoding="utf-8")


def write(lines: list[str]) -> None:
    dataset_path().write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def changed(line: str, **metadata: Any) -> str:
    row = json.loads(line)
    return json.dumps(row | {"metadata": {**row["metadata"], **metadata}})


def tags_of(line: str) -> list[str]:
    found: list[str] = json.loads(line)["metadata"].get("tags", [])
    return found


def test_agentcore_reads_the_same_file() -> None:
    scenarios = FileDatasetProvider(str(dataset_path())).get_dataset().scenarios

    mine = list(load_dataset().rows())
    assert [scenario.scenario_id for scenario in scenarios] == [row.scenario_id for row in mine]
    assert scenarios[0].metadata["date"] == str(mine[0].metadata.date)  # type: ignore[index]


def test_it_can_be_asked_and_its_attacks_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = command(capsys, "dataset")

    assert (code, text.split(";")[0]) == (0, f"evals/dataset.jsonl: {len(load_dataset().entries)} rows")
    assert command(capsys, "dataset", "evals/redteam.jsonl")[0] == 0


def test_the_attacks_are_part_of_the_checks() -> None:
    assert [step.command[-2:] for step in steps() if step.name == "attacks"] == [("dataset", "evals/redteam.jsonl")]


def test_rows_of_tools_that_are_gone_are_counted_first() -> None:
    with pytest.raises(ConfigError) as refused:
        load_dataset(tools={})
    named = {name for row in load_dataset().rows() for name in row.expected_trajectory}
    told = refused.value.problems[: len(named)]
    assert {line.split(" rows name ")[1].split(",")[0] for line in told} == named
    assert told[-1].endswith("; rewrite them for the tools that there are, or delete them with the tool")


def test_rows_in_another_order_are_the_same_ground_truth(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    random.Random(1).shuffle(lines)  # noqa: S311 - no secret depends on it
    write(lines)

    assert command(capsys, "dataset")[0] == 0
    assert {row.scenario_id for row in smoke_rows()} == {
        json.loads(x)["scenario_id"] for x in lines if "smoke" in tags_of(x)
    }


def test_a_dataset_without_smoke_rows(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write([changed(line, tags=[]) for line in lines])

    code, text = command(capsys, "dataset")

    assert code == 2
    assert text.startswith("evals/dataset.jsonl:1: no row is tagged smoke; tag two to four")


def test_smoke_rows_of_which_none_is_to_be_declined(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write([line for line in lines if "smoke" not in tags_of(line) or '"outcome":"decline"' not in line])

    code, text = command(capsys, "dataset")

    assert code == 2
    assert "evals/dataset.jsonl:1: no row that is tagged smoke is to be declined" in text


@pytest.mark.parametrize(
    "wrong", [{"any_date": False}, {"failures": {"tool": "Timeout"}}, {"injections": {"tool": "x"}}]
)
def test_a_smoke_row_that_cannot_be_asked_on_any_day_is_told_by_file_line_and_row(
    lines: list[str], capsys: pytest.CaptureFixture[str], wrong: dict[str, Any]
) -> None:
    number = next(index for index, line in enumerate(lines) if "smoke" in tags_of(line))
    tool = next(iter(own_tools()))
    wrong = {
        key: {tool: next(iter(value.values()))} if isinstance(value, dict) else value for key, value in wrong.items()
    }
    write([*lines[:number], changed(lines[number], **wrong), *lines[number + 1 :]])

    code, text = command(capsys, "dataset")

    row = json.loads(lines[number])["scenario_id"]
    assert code == 2
    assert text.startswith(f"evals/dataset.jsonl:{number + 1}: row {row} is tagged smoke, which needs any_date: true")


class Reply:
    """An answer of an agent, as httpx has it."""

    def __init__(self, answer: str, *calls: tuple[str, dict[str, Any]], status_code: int = 200) -> None:
        self.status_code, self.text = status_code, answer
        made = [{"name": name, "input": given, "status": "success"} for name, given in calls]
        self._body = {"answer": answer, "toolCalls": made}

    def json(self) -> Any:
        return self._body


def right(prompt: str) -> Reply:
    outcome = next(row for row in smoke_rows() if row.turns[0].input == prompt).metadata.expect[0][0]
    return Reply("An answer.", *((call.name, call.input) for call in outcome.calls))


def test_the_smoke_test_asks_each_row_in_a_session_of_its_own() -> None:
    asked: dict[str, str] = {}

    def ask(session: str, prompt: str, _: str) -> Any:
        asked[session] = prompt
        return right(prompt)

    ask_smoke_rows(ask)

    assert sorted(asked.values()) == sorted(row.turns[0].input for row in smoke_rows())


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply("no", status_code=503), "HTTP 503: no"),
        (Reply(" "), "the answer is empty"),
        (Reply("An answer.", ("someTool", {})), "called someTool, expected"),
    ],
)
def test_a_failed_smoke_test_names_file_row_and_question(reply: Reply, why: str) -> None:
    with pytest.raises(SmokeFailure) as failure:
        ask_smoke_rows(lambda *_: reply)  # type: ignore[arg-type]

    row = smoke_rows()[0]
    assert str(failure.value).startswith(f"evals/dataset.jsonl: row {row.scenario_id}: {row.turns[0].input!r}: {why}")


def test_a_smoke_row_with_wrong_parameters_fails() -> None:
    called = next(row for row in smoke_rows() if row.metadata.expect[0][0].calls)

    def ask(_: str, prompt: str, __: str) -> Any:
        if prompt != called.turns[0].input:
            return right(prompt)
        return Reply("An answer.", (called.metadata.expect[0][0].calls[0].name, {"other": 1}))

    with pytest.raises(SmokeFailure, match="missing "):
        ask_smoke_rows(ask)


def draft(folder: Path, row: Row, **changes: Any) -> Path:
    path = folder / "draft.jsonl"
    path.write_text(row.model_copy(update=changes).model_dump_json(exclude_defaults=True) + "\n", encoding="utf-8")
    return path


def test_a_reviewed_row_is_added_and_what_was_there_stays(
    tmp_path: Path, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset_path().write_text("\n".join(lines), encoding="utf-8")  # the last line without its end
    code, text = command(capsys, "dataset", "--add", str(draft(tmp_path, next(one_call()), scenario_id="ours-1")))

    assert code == 0
    assert "evals/dataset.jsonl: added ours-1" in text
    assert dataset_path().read_text(encoding="utf-8").splitlines()[:-1] == lines
    assert load_dataset(tools=own_tools()).entries[-1].id == "ours-1"


def test_what_is_no_right_new_row_is_not_added(
    tmp_path: Path, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(one_call())
    unreviewed = row.metadata.model_copy(update={"tags": ["review"]})
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(lines[0].replace(f'"{row.metadata.category}"', '"usual"'), encoding="utf-8")
    for path, message in (
        (draft(tmp_path, row), f"draft.jsonl:1: scenario_id: {row.scenario_id!r} is in evals/dataset.jsonl already"),
        (wrong, "wrong.jsonl:1: metadata.category"),
        (tmp_path / "nowhere.jsonl", "cannot be read"),
    ):
        code, text = command(capsys, "dataset", "--add", str(path))
        assert (code, message in text) == (2, True), text
    code, text = command(
        capsys, "dataset", "--add", str(draft(tmp_path, row, scenario_id="ours-2", metadata=unreviewed))
    )
    assert (code, "has the tag review; correct what it expects" in text) == (2, True)
    assert dataset_path().read_text(encoding="utf-8").splitlines() == lines


def test_a_dataset_elsewhere_needs_no_smoke_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = draft(tmp_path, next(one_call()))
    assert command(capsys, "dataset", str(path))[0] == 0
    shutil.copy(path, tmp_path / "again.jsonl")
    with pytest.raises(ConfigError):
        load_dataset(tmp_path / "missing.jsonl")
