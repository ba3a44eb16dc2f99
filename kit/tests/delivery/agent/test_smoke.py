"""The smoke test asks the rows of this repository that are tagged smoke, whatever they are about."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.evaluation.smoke import smoke_rows
from agentcore_kit.local.aws_emulator.cloud import Answer
from tests.delivery.runtime_world import COMMIT, SECOND, World
from tests.delivery.shell import refused

ROW: dict[str, Any] = {
    "scenario_id": "where-is-the-key",
    "turns": [{"input": "Where is the key of the boathouse?"}],
    "metadata": {
        "category": "common",
        "date": "2026-11-16",
        "any_date": True,
        "tags": ["smoke"],
        "expect": [[{"outcome": "answer", "calls": [{"name": "findKey", "input": {"building": "boathouse"}}]}]],
    },
}
DECLINED: dict[str, Any] = {
    "scenario_id": "who-rowed",
    "turns": [{"input": "Who rowed last night?"}],
    "metadata": {**ROW["metadata"], "category": "decline", "expect": [[{"outcome": "decline"}]]},
}


def write(file: Path, *rows: dict[str, Any]) -> None:
    """Write a dataset."""
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the dataset of a copy of the repository, in which commands are typed."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    return copy / "evals" / "dataset.jsonl"


def test_every_smoke_row_is_asked(world: World) -> None:
    world.release(COMMIT, "dev")
    heard: list[str] = []
    answers = world.cloud.agent
    assert answers is not None

    def listens(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        heard.append(json.loads(body)["prompt"])
        return answers(image, headers, body)

    world.cloud.agent = listens
    world.must("smoke", "dev")
    assert heard == [turn.input for row in smoke_rows() for turn in row.turns]


def test_an_agent_of_another_domain_is_asked_what_its_own_rows_say(world: World, rows: Path) -> None:
    write(rows, ROW, DECLINED)
    world.release(COMMIT, "dev")
    wrong = json.dumps({"answer": "In the drawer.", "toolCalls": []}).encode()
    world.cloud.agent = lambda *_: (200, "application/json", wrong, {})
    failed = "evals/dataset.jsonl: row where-is-the-key: 'Where is the key of the boathouse?': called"
    refused(world.type("smoke", "dev"), "the smoke test of live failed", failed, "findKey", code=1)
    world.commit(SECOND)
    world.must("deploy", "dev")
    refused(world.type("promote", "dev"), failed, "live is back on version 1", code=1)


def test_a_repository_without_smoke_rows_is_told_to_tag_some(world: World, rows: Path) -> None:
    world.release(COMMIT, "dev")
    write(rows, {**ROW, "metadata": {**ROW["metadata"], "tags": []}})
    typed = world.type("smoke", "dev")
    assert (typed.code, "evals/dataset.jsonl:1: no row is tagged smoke" in typed.err) == (2, True)


def answering(world: World, *right: bool) -> list[str]:
    """Let the agent answer the first row of `ROW` rightly or wrongly, in this order; return who hears what."""
    heard: list[str] = []
    order = list(right)
    good = {
        "answer": "In the drawer.",
        "toolCalls": [{"name": "findKey", "status": "success", "input": {"building": "boathouse"}}],
    }
    declined = {"answer": "I do not know.", "toolCalls": []}

    def answer(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        prompt = json.loads(body)["prompt"]
        heard.append(prompt)
        asked = prompt == ROW["turns"][0]["input"]
        said = good if asked and order.pop(0) else declined
        return 200, "application/json", json.dumps(said).encode(), {}

    world.cloud.agent = answer
    return heard


@pytest.mark.parametrize("right", [(True,), (False, True, True)])
def test_a_single_odd_answer_does_not_decide(world: World, rows: Path, right: tuple[bool, ...]) -> None:
    write(rows, ROW, DECLINED)
    world.commit(COMMIT)
    world.must("deploy", "dev")
    heard = answering(world, *right)
    world.must("smoke", "dev", "--endpoint", "DEFAULT")
    assert heard == [ROW["turns"][0]["input"]] * len(right) + [DECLINED["turns"][0]["input"]], (
        "nor is it asked for ever"
    )


@pytest.mark.parametrize("right", [(False, False), (False, True, False)])
def test_too_many_odd_answers_fail(world: World, rows: Path, right: tuple[bool, ...]) -> None:
    write(rows, ROW, DECLINED)
    world.commit(COMMIT)
    world.must("deploy", "dev")
    answering(world, *right)
    said = f"asked {len(right)} times, {sum(right)} right, 2 of 3 needed"
    refused(
        world.type("smoke", "dev", "--endpoint", "DEFAULT"), said, "version 1 is remembered as one that failed", code=1
    )


def test_how_often_is_a_setting(world: World, rows: Path) -> None:
    write(rows, ROW, DECLINED)
    world.with_environment("dev", smoke=world.environments["dev"].smoke.model_copy(update={"tries": 1, "needed": 1}))
    world.commit(COMMIT)
    world.must("deploy", "dev")
    answering(world, False)
    refused(world.type("smoke", "dev", "--endpoint", "DEFAULT"), "findKey", code=1)
