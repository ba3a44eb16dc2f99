"""The second hook: how the files of a kind come to the top of the repository, and what the user is told then."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException

from tests.conftest import Bake
from tests.repository import append, files, generate

GENERATED = "{{cookiecutter.agent_name}}"


@pytest.fixture
def changed(template: Path, tmp_path: Path) -> Path:
    """Return a copy of the template that the test may change."""
    return Path(shutil.copytree(template, tmp_path / "changed"))


def test_folders_are_merged(changed: Path, output: Path, kind: str) -> None:
    append(changed / GENERATED / ".github/shared.yml", "{}")
    append(changed / GENERATED / f"_kinds/{kind}/.github/own.yml", "{}")
    repository = generate(changed, output, {"kind": kind})
    assert {Path(".github/shared.yml"), Path(".github/own.yml")} < set(files(repository))
    assert not (repository / "_kinds").exists()
    assert not (repository / "_starters").exists()


@pytest.mark.parametrize("where", ["_kinds/agent", "_starters/agent/finance"])
@pytest.mark.parametrize("clash", ["Makefile", ".github/ISSUE_TEMPLATE", "Makefile/file"])
def test_a_path_that_is_there_twice_stops(
    changed: Path, output: Path, capfd: pytest.CaptureFixture[str], where: str, clash: str
) -> None:
    append(changed / GENERATED / where / clash, "another")
    with pytest.raises(FailedHookException):
        generate(changed, output, {})
    assert "The template holds" in capfd.readouterr().err
    assert not any(output.iterdir())


def test_a_second_run_changes_nothing(changed: Path, bake: Bake) -> None:
    repository = bake()
    before = files(repository)
    hook = changed / "hooks/post_gen_project.py"
    hook.write_text(
        hook.read_text().replace("{{ cookiecutter | tojson }}", '{"agent_name": "x", "kind": "agent", "starter": "hr"}')
    )
    subprocess.run([sys.executable, str(hook)], cwd=repository, check=True)
    assert files(repository) == before


def test_the_next_commands_are_told(bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    bake(agent_name="revenue-agent")
    told = capfd.readouterr().out.split("Next:")[1].split("\n")
    assert [line.strip() for line in told if line] == [
        "cd revenue-agent",
        "make setup",
        'make ask Q="What can you do?"',
    ]
