"""A judge that is configured costs a tool nothing, as none of its metrics is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.cli import main
from agentcore_kit.evaluation import judges
from agentcore_kit.evaluation.dataset import load_dataset
from tests.evaluation.scripted import Judge


def test_a_judge_is_asked_nothing_about_a_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = Judge()
    monkeypatch.setattr("strands.agent.agent.BedrockModel", lambda **_: judge)
    monkeypatch.setenv(judges.VARIABLE, "judge-of-tests")
    first = next(load_dataset().rows()).scenario_id
    with pytest.raises(SystemExit) as stopped:
        main(["eval", "--select", first, "--results", str(tmp_path), "--max-judgements", "0", "--report-only"])
    printed = capsys.readouterr()
    assert stopped.value.code == 0, printed.err + printed.out
    assert judge.read == []
    assert "judgements" not in printed.err
