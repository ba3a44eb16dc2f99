"""An agent whose starter was replaced by another domain, by touching only what its team owns: all still passes."""

import os
import sys
from pathlib import Path

import pytest

from starters.replacement import TEAM_OWNED, replace_starter
from tests.repository import files, generate
from tests.test_generated import OFFLINE, run

pytestmark = [pytest.mark.generated, pytest.mark.xdist_group("replaced")]


@pytest.fixture(scope="module")
def repository(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh agent that was set up, and then made into the HR assistant."""
    repository = generate(template, tmp_path_factory.mktemp("replaced"), {"agent_name": "hr-assistant"})
    before = {name: (repository / name).read_bytes() for name in files(repository)}
    run(repository, "git", "init", "--quiet")
    run(repository, "make", "setup", f"PYTHON={sys.executable}")
    replace_starter(repository, "hr")
    after = {name: (repository / name).read_bytes() for name in before if (repository / name).exists()}
    touched = {name.as_posix() for name in before if before[name] != after.get(name)}
    assert touched
    assert not [name for name in touched if not name.startswith(TEAM_OWNED)]
    return repository


@pytest.mark.parametrize("verb", ["check", "test", "eval"])
def test_it_passes(repository: Path, verb: str) -> None:
    run(repository, "make", verb, **OFFLINE)


@pytest.mark.parametrize("command", ["dimensions", "redteam", "rehearse"])
def test_its_commands_pass(repository: Path, command: str) -> None:
    run(repository, ".venv/bin/kit", command, **OFFLINE)


def test_it_answers_in_its_own_domain(repository: Path) -> None:
    run(repository, "make", "ask", "Q=What is the parental leave policy?", **{**OFFLINE, "PATH": os.environ["PATH"]})
