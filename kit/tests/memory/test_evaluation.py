"""The dataset is checked line by line, and what a memory kept is compared with what it should have kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.cli import main
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.memory import MemorySpec, Strategy
from agentcore_kit.evaluation.memory_dataset import Case, load
from agentcore_kit.evaluation.memory_evaluators import Target, measure
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.testing.dimensions.memory.targets import local
from tests.memory.configuration import SPEC

FACTS = [SPEC.strategy("facts")]
SHARED = Strategy.model_validate({
    "type": "semantic", "name": "glossary", "description": "Terms.", "namespaceTemplate": "/glossary/", "shared": True,
    "reason": "The same for everybody.",
})  # fmt: skip


def row(number: int = 1, *texts: str, **changes: Any) -> dict[str, Any]:
    turns = [{"role": "USER", "text": text} for text in texts or ("I'm working on the Atlas project.",)]
    return {
        "scenario_id": f"row-{number}", "group": "project", "why": "an example", "absent": [],
        "sessions": [{"id": "s1", "turns": turns}], "expected": {"facts": [["atlas"]]}, **changes,
    }  # fmt: skip


def problems(folder: Path, *rows: dict[str, Any], strategies: list[Strategy] = FACTS) -> str:
    path = folder / "dataset.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    try:
        load(path, strategies)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row()], ""),
        ([row(group="allergies")], ""),
        ([row(group="Allergies!")], ":1: group: "),
        ([row(), row()], ":2: scenario_id: 'row-1' stands here twice"),
        (
            [row(expected={"fact": [["atlas"]]})],
            ":1: expected: 'fact' is no strategy of manifest.yaml; there are facts",
        ),
        ([row(expected={}, absent=[])], ":1: expected: empty, and absent too"),
        ([row(expected={"facts": [["borealis"]]})], ":1: expected: 'borealis' was never said"),
        ([row(expected={}, absent=["x"])], ":1: expected: no conversation expects a record of strategy facts; add one"),
        ([row(sessions=[])], ":1: sessions: "),
    ],
)
def test_what_is_wrong_with_a_dataset_is_said_with_line_and_field(
    tmp_path: Path, rows: list[dict[str, Any]], said: str
) -> None:
    found = problems(tmp_path, *rows)
    assert said in found
    assert bool(found) == bool(said)


def test_what_a_pipeline_of_ones_own_writes_is_not_expected_here(tmp_path: Path) -> None:
    own = FACTS[0].model_copy(update={"type": "selfManaged"})
    assert "'facts' is self-managed" in problems(tmp_path, row(), strategies=[own])


def test_a_wrong_dataset_ends_in_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dataset.jsonl"
    path.write_text("{\n", encoding="utf-8")
    for command in (["dataset", str(path)], ["eval", "--dataset", str(path)]):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 2
        assert f"{path}:1: no JSON" in capsys.readouterr().err


def test_what_is_below_a_threshold_ends_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rules, "extract", lambda *_: [])
    for options, code in (([], 1), (["--report-only"], 0)):
        with pytest.raises(SystemExit) as ended:
            main(["eval", "--results", str(tmp_path), *options])
        assert ended.value.code == code


def test_what_is_selected_is_in_the_dataset(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["eval", "--select", "no such group", "--results", str(tmp_path)])
    assert ended.value.code == 2
    assert "--select: 'no such group' is no group or id of the dataset" in capsys.readouterr().err


def scores(folder: Path, spec: MemorySpec, *rows: dict[str, Any]) -> list[dict[str, float]]:
    """Return the scores of conversations that are held with a local memory of a configuration."""
    with local(folder, spec, Rules()) as memory:
        target = Target(memory.client(), memory.described(), spec, {}, 0.0, forgets=True)
        found = list(measure([Case.model_validate(each) for each in rows], target))
        left = memory.client().list_actors(memoryId=memory.memory_id)["actorSummaries"]
    assert [each.get("error") for each in found] == [None] * len(rows)
    assert left == [], "the actors of the evaluation are forgotten"
    return [each["scores"] for each in found]


def test_what_is_kept_and_what_is_not_is_scored(tmp_path: Path) -> None:
    right, missed, more, personal = scores(
        tmp_path,
        SPEC,
        row(1),
        row(2, "Atlas takes most of my time these days."),
        row(3, "I'm working on the Atlas project.", "I cover EMEA."),
        row(4, "I'm working on the Atlas project.", group="personal data", absent=["atlas"]),
    )
    assert right == {"recall": 1, "precision": 1, "complete": 1}
    assert missed == {"recall": 0, "complete": 0}
    assert more == {"recall": 1, "precision": 0.5, "complete": 0}
    assert personal["personalData"] == 0


def test_episodes_are_measured_like_summaries(tmp_path: Path) -> None:
    asked = {"role": "USER", "text": "What was the revenue in Q3?"}
    told = [{"id": "s1", "turns": [asked, {"role": "ASSISTANT", "text": "512 million."}]}]
    (kept,) = scores(tmp_path, SPEC, row(1, sessions=told, expected={"episodes": [["revenue", "512"]]}))
    assert kept["summaries"] == 1
    unsaid = [{"id": "s1", "turns": [asked]}]
    (lost,) = scores(tmp_path / "2", SPEC, row(1, sessions=unsaid, expected={"episodes": [["revenue"]]}))
    assert (lost["summaries"], lost["complete"]) == (0, 0)


def test_what_actors_share_is_found_and_blames_none_for_the_others(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"strategies": [SHARED], "consumers": []})
    term = "When I say {}, I mean {}."
    first, second = scores(
        tmp_path,
        spec,
        row(1, term.format("churn", "lost customers"), expected={"glossary": [["churn"]]}),
        row(2, term.format("run rate", "a quarter times four"), expected={"glossary": [["run rate"]]}),
    )
    assert first == second == {"recall": 1, "complete": 1}
