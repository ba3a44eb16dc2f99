"""`kit eject`: a module of the kit becomes the repository's own, and is the one that runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentcore_kit.cli import main

SAYS = "from agentcore_kit.serving import tool_error; print(tool_error(503, 'no price'))"


def eject(name: str) -> int:
    """Type `kit eject`; return the exit code."""
    try:
        main(["eject", name])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def python(folder: Path, code: str) -> str:
    """Run Python in a folder, as a server or a command of the repository runs in it."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_an_ejected_module_is_the_one_that_runs(repository: Path, tmp_path: Path) -> None:
    before = python(repository, SAYS)
    assert eject("serving.errors") == 0
    copy = repository / "src/ejected/agentcore_kit/serving/errors.py"
    assert python(repository, SAYS) == before, "a copy changes nothing yet"
    copy.write_text(copy.read_text(encoding="utf-8") + "\n\ndef tool_error(*_):\n    return 'ours'\n", encoding="utf-8")
    assert python(repository, SAYS) == "ours\n"
    assert python(repository / "src", SAYS) == "ours\n", "wherever in the repository"
    assert python(tmp_path, SAYS) == before, "and only in this repository"
    copy.unlink()
    assert python(repository, SAYS) == before


def test_an_ejected_module_passes_the_repositorys_own_checks(repository: Path) -> None:
    for name in ("serving.sessions", "evaluation.commands"):
        assert eject(name) == 0
    for check in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "src/ejected"]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["serving.nothing", "nothing.at.all", "serving", "config.repository"])
def test_what_cannot_be_ejected_is_refused(repository: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert eject(name) == 2
    assert f"agentcore_kit.{name} is no module that can be taken over" in capsys.readouterr().err
    assert not (repository / "src/ejected").exists()


def test_what_was_ejected_is_not_written_over(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert eject("agentcore_kit.runtime.retries") == 0
    copy = repository / "src/ejected/agentcore_kit/runtime/retries.py"
    copy.write_text("ours = True\n", encoding="utf-8")
    assert eject("runtime.retries") == 2
    assert "is there already" in capsys.readouterr().err
    assert copy.read_text(encoding="utf-8") == "ours = True\n"
