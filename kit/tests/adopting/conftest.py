"""Repositories in which an agent was adopted, each made once, and the emulated AWS of the tests of delivery."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adopting.foreign import written
from tests.delivery.conftest import cloud, server, world
from tests.repositories import generate

__all__ = ["cloud", "server", "world"]

STARTERS = {"weather": "blank", "desk": "it"}
"""What a repository begins as, by the folder of the agent, where that is not finance: whatever it is, it goes."""

Adopt = Callable[[dict[str, str]], tuple[Path, Path, str]]


def kit(*words: str, here: Path) -> subprocess.CompletedProcess[str]:
    """Type a command of the kit in a repository."""
    command = [sys.executable, "-m", "agentcore_kit", *words]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Adopt:
    """Return what adopts an agent: the repository, the folder that it was in, and what the command printed.

    It takes a minute, so one process does it for all that run tests, and each gets a copy.
    """
    made: dict[str, tuple[Path, Path, str]] = {}
    together = tmp_path_factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else None
    shared = (together or tmp_path_factory.getbasetemp()) / "adopted"

    def adopt(files: dict[str, str]) -> tuple[Path, Path, str]:
        name = next(iter(files)).partition("/")[0]
        if name not in made:
            folder = shared / name
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                said = folder / "said.txt"
                if not said.exists():
                    said.write_text(_adopt(folder, files, STARTERS.get(name, "finance")), encoding="utf-8")
            (repository,) = folder.glob("repository/example-agent")
            (source,) = folder.glob("foreign/*")
            copy = tmp_path_factory.mktemp(name) / repository.name
            shutil.copytree(repository, copy, symlinks=True)
            made[name] = copy, source, said.read_text(encoding="utf-8")
        return made[name]

    return adopt


def _adopt(folder: Path, files: dict[str, str], starter: str) -> str:
    """Adopt an agent in a fresh repository, and return what was printed."""
    for name in ("repository", "foreign"):
        (folder / name).mkdir()
    repository = generate(folder / "repository", "agent", starter)
    source = written(folder / "foreign", files)
    done = kit("adopt", str(source), "--yes", here=repository)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
