"""An agent that begins as an HR assistant, and is then changed as its team does in a first year.

Each change touches only what the team owns, and after each the repository passes all that it passed before.
"""

import sys
from pathlib import Path

import pytest

from tests.repository import allow_a_busy_machine, files, generate
from tests.team_changes import CHANGES, TEAM_OWNED, Change
from tests.test_generated import OFFLINE, run

pytestmark = [pytest.mark.generated, pytest.mark.enable_socket]


FRESH = Change("as generated", lambda repository: None)
STEPS = [FRESH, *CHANGES]


@pytest.fixture(scope="module")
def repository(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh agent that was set up."""
    repository = generate(
        template, tmp_path_factory.mktemp("replaced"), {"starter": "hr", "agent_name": "hr-assistant"}
    )
    allow_a_busy_machine(repository)
    run(repository, "git", "init", "--quiet")
    run(repository, "make", "setup", f"PYTHON={sys.executable}")
    return repository


@pytest.mark.parametrize("change", STEPS, ids=lambda change: change.name)
def test_a_change_leaves_all_green(repository: Path, change: Change, request: pytest.FixtureRequest) -> None:
    before = contents(repository)
    change.make(repository)
    after = contents(repository)
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert touched or change is FRESH
    assert not [name for name in touched if not name.startswith(TEAM_OWNED)]
    for verb in ("check", "test", "eval"):
        run(repository, "make", verb, **OFFLINE)
    if change is FRESH:
        run(repository, "make", "ask", "Q=What's the parental leave policy?", **OFFLINE)
    if change is STEPS[-1] or request.config.getoption("--rehearse-each"):
        run(repository, ".venv/bin/kit", "rehearse", **OFFLINE)


@pytest.mark.parametrize("command", ["dimensions", "redteam"])
def test_its_commands_pass(repository: Path, command: str) -> None:
    run(repository, ".venv/bin/kit", command, **OFFLINE)


def contents(repository: Path) -> dict[str, bytes]:
    """Return what the files of a repository hold, without what its commands write and git ignores."""
    ignored = (".git/", ".venv/", ".local/", "evals/results/")
    names = [name.as_posix() for name in files(repository)]
    return {
        name: (repository / name).read_bytes()
        for name in names
        if not name.startswith(ignored) and "__pycache__" not in name and "_cache/" not in name
    }
