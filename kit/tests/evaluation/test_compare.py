"""Two runs compared: exactly the flipped cases, and no regression out of noise."""

from __future__ import annotations

import json
import random
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.cli import main
from agentcore_kit.evaluation.compare import Comparison, compare
from agentcore_kit.evaluation.reports.comparison import markdown
from agentcore_kit.evaluation.thresholds import Thresholds, load_thresholds


def written(
    folder: Path,
    *,
    wrong: AbstractSet[int] = frozenset(),
    looping: AbstractSet[int] = frozenset(),
    latency: float = 900.0,
    tokens: float = 3000.0,
    seed: int = 1,
    number: int = 120,
    started: str = "2026-11-16T09:00:00.000+00:00",
) -> Path:
    """Write a run of `number` cases; those in `wrong` chose a wrong tool, those in `looping` go in circles."""
    chance = random.Random(seed)  # noqa: S311 - no secret depends on it
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(
        json.dumps({"run": folder.name, "started": started, "finished": True}), encoding="utf-8"
    )
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
        for case_number in range(number):
            right = float(case_number not in wrong)
            turn: dict[str, Any] = {
                "latencyMs": chance.gauss(latency, 200),
                "firstTokenMs": chance.gauss(600, 200),
                "tokens": chance.gauss(3000, 300) + tokens - 3000,
                "modelCalls": chance.choice((2, 3)),
                "calls": [],
                "stopReason": "limit_turns" if case_number in looping else "end_turn",
            }
            case: dict[str, Any] = {
                "id": f"case-{case_number}",
                "status": "passed" if right else "failed",
                "scores": {"toolSelection": right, "goalReached": right},
                "turns": [turn],
            }
            file.write(json.dumps(case) + "\n")
    return folder


def verdicts(found: Comparison) -> dict[str, str]:
    return {change.metric.name: change.verdict for change in found.changes}


def test_exactly_the_flipped_cases_are_named(tmp_path: Path) -> None:
    found = compare(written(tmp_path / "a", wrong={1, 2, 3}), written(tmp_path / "b", wrong={3, 40, 41, 42}))

    assert found.broken == ["case-40", "case-41", "case-42"]
    assert found.fixed == ["case-1", "case-2"]


def test_noise_is_no_regression(tmp_path: Path) -> None:
    found = compare(written(tmp_path / "a", wrong={1, 2}, seed=1), written(tmp_path / "b", wrong={2, 9, 10}, seed=2))

    assert set(verdicts(found).values()) == {"same"}
    assert "Nothing got worse beyond noise" in markdown(found)


def test_two_runs_of_one_agent_are_the_same(tmp_path: Path) -> None:
    """Thirty pairs of runs that differ by chance only: with each metric at 95 % a sixth of them got worse."""
    worse = 0
    for seed in range(30):
        chance = random.Random(seed)  # noqa: S311 - no secret depends on it
        base, head = (
            written(
                tmp_path / f"{seed}{name}", wrong={n for n in range(number) if chance.random() < 0.1},
                looping={n for n in range(number) if chance.random() < 0.1}, seed=seed * 2 + part, number=number,
            )
            for part, name, number in ((0, "a", 10), (1, "b", 10))
        )  # fmt: skip
        worse += bool(compare(base, head).worse)

    assert worse <= 2


def test_few_cases_tell_nothing_and_their_flips_are_named(tmp_path: Path) -> None:
    found = compare(written(tmp_path / "a", number=7), written(tmp_path / "b", number=7, wrong={3}, latency=9000))

    assert set(verdicts(found).values()) == {"too few cases to tell"}
    assert found.broken == ["case-3"]
    assert "⚠️ Too few cases to tell, 1 cases broke" in markdown(found)


def test_what_makes_runs_less_comparable_is_said(tmp_path: Path) -> None:
    base, head = written(tmp_path / "a"), written(tmp_path / "b")
    (head / "run.json").write_text(json.dumps({"run": "b", "digest": "other"}), encoding="utf-8")

    text = markdown(compare(base, head))

    assert "⚠️ run b is not finished" in text
    assert "⚠️ another dataset in head" in text
    with pytest.raises(ValueError, match="base and head are both the run a"):
        compare(base, tmp_path / "b" / ".." / "a")


def floors(tmp_path: Path, **values: float) -> Thresholds:
    path = tmp_path / "floors.yaml"
    path.write_text(json.dumps({"offline": {}, "models": {}, "floors": values}), encoding="utf-8")
    return load_thresholds(path)


def test_a_longer_prompt_is_no_regression_and_a_much_longer_one_is(tmp_path: Path) -> None:
    """Each query takes ten tokens more, for sure; then a whole second prompt more."""
    base = written(tmp_path / "a")
    longer, twice = written(tmp_path / "b", tokens=3010.1), written(tmp_path / "c", tokens=6000.0)
    default = floors(tmp_path)

    small, large = compare(base, longer, floors=default), compare(base, twice, floors=default)

    assert (small.worse, verdicts(small)["tokens"]) == ([], "same")
    assert "| +10.1 (+10.1 … +10.1) | same, below the floor of 500.0 |" in markdown(small)
    assert [change.metric.name for change in large.worse] == ["tokens", "tokensP95"]
    assert "set its floor under floors in evals/thresholds.yaml" in markdown(large)


def test_the_floor_of_each_metric_is_a_setting(tmp_path: Path) -> None:
    base, head = written(tmp_path / "a"), written(tmp_path / "b", tokens=3010.1, wrong=set(range(20)), latency=1200)

    strict = compare(base, head, floors=floors(tmp_path, tokens=10))
    lenient = compare(
        base, head, floors=floors(tmp_path, toolSelection=0.2, goalReached=0.2, latencyP50=400, tokens=11)
    )

    assert {"tokens", "toolSelection", "goalReached", "latencyP50"} <= {change.metric.name for change in strict.worse}
    assert not {"tokens", "toolSelection", "goalReached", "latencyP50"} & {c.metric.name for c in lenient.worse}


def test_the_command_takes_the_floors_of_the_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "base")
    written(tmp_path / "head", tokens=3400)
    own = tmp_path / "thresholds.yaml"
    monkeypatch.setattr("agentcore_kit.evaluation.thresholds.thresholds_path", lambda: own)

    def code(text: str) -> object:
        own.write_text(f"offline: {{}}\nmodels: {{}}\n{text}", encoding="utf-8")
        with pytest.raises(SystemExit) as stopped:
            main(["compare", "base", "head", "--results", str(tmp_path)])
        return stopped.value.code

    assert [code("floors: {tokens: 1000, tokensP95: 1000}"), code("floors: {tokens: 100}")] == [0, 1]
    capsys.readouterr()
    assert code("floors: {tokns: 100}") == 2
    assert "floors.tokns: there is no metric tokns; did you mean tokens?" in capsys.readouterr().err
    assert code("floors: {correctness: 5}") == 2
    assert code("floors: {tokens: -1}") == 2
    assert code("floors: {tokens: .nan}") == 2


def test_a_case_that_nobody_judged_neither_broke_nor_was_mended(tmp_path: Path) -> None:
    base, head = written(tmp_path / "a", wrong={1}), written(tmp_path / "b")
    lines = (head / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    lines[1], lines[2] = (line.replace('"passed"', '"unjudged"') for line in lines[1:3])
    (head / "cases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    found = compare(base, head)

    assert (found.broken, found.fixed) == ([], [])


def test_an_agent_that_goes_in_circles_got_worse(tmp_path: Path) -> None:
    found = compare(written(tmp_path / "a"), written(tmp_path / "b", looping=set(range(20))))

    assert [change.metric.name for change in found.worse] == ["loopRate"]


def test_the_last_run_is_the_one_that_began_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "before")
    written(tmp_path / "20261117T080000-000", wrong=set(range(60)), started="2026-11-17T08:00:00.000+00:00")

    with pytest.raises(SystemExit) as stopped:
        main(["compare", "before", "--results", str(tmp_path)])

    assert stopped.value.code == 1
    assert "base before, head 20261117T080000-000\n" in capsys.readouterr().out


def test_before_and_after_a_change_of_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tool selection falls from 92 to 78 percent, and latency from 3.2 to 1.8 seconds: a trade-off with numbers."""
    base = written(tmp_path / "base", wrong=set(range(10)), latency=3200)
    head = written(tmp_path / "head", wrong=set(range(26)), latency=1800, seed=2)

    found = verdicts(compare(base, head))
    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(base), str(head), "--write", str(tmp_path / "table.md")])

    assert found["toolSelection"] == "worse"
    assert found["latencyP50"] == "better"
    assert stopped.value.code == 1
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| Tool selection | 91.7 % | 78.3 % | -13.3 (" in table
    assert "| Latency P50 | 3." in table
    assert "Tool selection" in capsys.readouterr().out


def test_a_report_fails_only_when_there_is_nothing_to_report(tmp_path: Path) -> None:
    """The last of the runs in a folder is what another delivery measured."""
    written(tmp_path / "before" / "2026-11-01")
    written(tmp_path / "before" / "2026-11-02", wrong=set(range(5)))
    written(tmp_path / "now", wrong=set(range(60)))

    codes = []
    for base in ("before", "nowhere"):
        with pytest.raises(SystemExit) as stopped:
            main(["compare", str(tmp_path / base), "now", "--results", str(tmp_path), "--report-only"])
        codes.append(stopped.value.code)

    assert codes == [0, 2]


def test_runs_that_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "a")
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "b", "--results", str(tmp_path)])

    assert stopped.value.code == 2
    assert f"error: there is no run 'b' in {tmp_path}\nnext:  one of: a" in capsys.readouterr().err


def test_without_a_run_those_that_there_are_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "--results", str(tmp_path)])
    assert stopped.value.code == 2
    assert "next:  make one: kit eval" in capsys.readouterr().err
    written(tmp_path / "a")
    with pytest.raises(SystemExit) as listed:
        main(["compare", "--results", str(tmp_path)])
    assert not listed.value.code
    assert capsys.readouterr().out.startswith("a  ")
