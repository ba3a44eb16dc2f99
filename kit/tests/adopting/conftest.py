"""Repositories in which an agent was adopted, each made once, and the emulated AWS of the tests of delivery."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adopting.foreign import written
from tests.delivery.conftest import cloud, server, world
from tests.repositories import generate

__all__ = ["cloud", "server", "world"]

STARTERS = ("blank", "finance", "it", "hr")
"""What the repositories begin as, in turn: whatever it is, it is replaced."""

Adopt = Callable[[dict[str, str]], tuple[Path, Path, str]]


def kit(*words: str, here: Path) -> subprocess.CompletedProcess[str]:
    """Type a command of the kit in a repository."""
    command = [sys.executable, "-m", "agentcore_kit", *words]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Adopt:
    """Return what adopts an agent: the repository, the folder that it was in, and what the command printed."""
    made: dict[str, tuple[Path, Path, str]] = {}

    def adopt(files: dict[str, str]) -> tuple[Path, Path, str]:
        name = next(iter(files)).partition("/")[0]
        if name not in made:
            repository = generate(tmp_path_factory.mktemp(name), "agent", STARTERS[len(made) % len(STARTERS)])
            source = written(tmp_path_factory.mktemp("foreign"), files)
            done = kit("adopt", str(source), "--yes", here=repository)
            assert done.returncode == 0, done.stdout + done.stderr
            made[name] = repository, source, done.stdout
        return made[name]

    return adopt
