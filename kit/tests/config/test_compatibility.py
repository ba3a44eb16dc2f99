"""A kit that is newer than the skeleton says what has no effect any more, and what replaces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.cli import main
from agentcore_kit.config.compatibility import REPLACED, left_over
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.evaluation.thresholds import load_thresholds


def check(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Type `kit manifest`; return the exit code and the errors."""
    code = 0
    try:
        main(["manifest"])
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().err


def test_a_new_repository_has_nothing_left_over(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert left_over() == []
    assert check(capsys)[0] == 0


@pytest.mark.parametrize("name", REPLACED)
def test_a_file_without_effect_is_named_with_its_replacement(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text("# from an earlier release\n", encoding="utf-8")
    code, told = check(capsys)
    assert code == 2
    assert told == f"{name}:1: has no effect any more: {REPLACED[name]}; then remove it\n"


def test_a_threshold_that_moved_is_named_with_its_new_place(repository: Path) -> None:
    path = repository / "evals/thresholds.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("offline:\n", "offline:\n  latencyP95: {max: 1000}\n", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"offline\.latencyP95: .*alarms\.latencyP95Ms in environments/local\.yaml"):
        load_thresholds()
