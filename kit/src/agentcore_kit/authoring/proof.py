"""Tries a change in a copy of the repository, with the repository's own checks, before anything is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agentcore_kit.authoring.changes import Changes
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError

_NOT_COPIED = (".git", ".local", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", "node_modules")
_KIT = ("-m", "agentcore_kit")

AT_ONCE = 2
"""How many checks run together."""


@dataclass(frozen=True)
class Check:
    """One check of a repository.

    Attributes:
        name: What a person types for it.
        words: What comes after `python` in its command.
        only_reading: Whether tools of the agent that may change something are not run in it.
    """

    name: str
    words: tuple[str, ...]
    only_reading: bool = False

    @property
    def command(self) -> list[str]:
        """The command in full."""
        between = ("-m", "agentcore_kit.authoring.reading_tools") if self.only_reading else ()
        return [sys.executable, *between, *(self.words[1:] if self.only_reading else self.words)]


class Trial:
    """A copy of the repository with a change in it.

    Attributes:
        root: Where the copy is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def kit(self, *words: str) -> None:
        """Run a command of the kit in the copy.

        Args:
            words: The command and its options.

        Raises:
            CommandError: When it does not pass, with what it said.
        """
        self.all(of_kit(*words))

    def all(self, *checks: Check, code: int = GATE_NOT_PASSED) -> None:
        """Run checks in the copy, two at a time.

        Args:
            checks: The checks.
            code: The exit code of this process when one does not pass.

        Raises:
            CommandError: When one does not pass, with what it said.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [*zip(checks, pool.map(self._run, checks), strict=True)]
        failed = [(check, done) for check, done in found if done.returncode]
        if failed:
            is_input = any(check.words[:2] == _KIT and done.returncode == WRONG_INPUT for check, done in failed)
            step = "nothing was changed; correct what it names, or choose otherwise, then type the same again"
            raise CommandError("\n".join(_said(*one) for one in failed), step, WRONG_INPUT if is_input else code)

    def _run(self, check: Check) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            check.command,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
        )


def _said(check: Check, done: subprocess.CompletedProcess[str]) -> str:
    """Return what a check that does not pass has said."""
    lines = [f"  {line}" for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return "\n".join([f"with this change `{check.name}` does not pass. It says:", *lines])


@contextmanager
def tried(changes: Changes) -> Iterator[Trial]:
    """Give a copy of the repository with the changes in it, for as long as the block takes."""
    with tempfile.TemporaryDirectory(prefix="kit-add-") as folder:
        copy = Path(folder).resolve() / changes.root.name
        shutil.copytree(changes.root, copy, symlinks=True, ignore=partial(_left_out, changes.root))
        for name, content in changes.changed().items():
            if content is None:
                (copy / name).unlink()
                continue
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(content)
        yield Trial(copy)


def _left_out(root: Path, folder: str, names: list[str]) -> list[str]:
    """Return what of a folder is no part of what is tried: caches, virtual environments, earlier reports."""
    here = Path(folder)
    return [
        name
        for name in names
        if name in _NOT_COPIED or here / name == root / "evals/results" or (here / name / "pyvenv.cfg").exists()
    ]


def of_kit(*words: str, only_reading: bool = False) -> Check:
    """Return a command of the kit as a check."""
    return Check(f"kit {words[0]}", (*_KIT, *words), only_reading)


def _environment() -> dict[str, str]:
    """Return the environment of this process without what would choose another model, day, or set of files."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AGENT_", "PYTEST_"))}
