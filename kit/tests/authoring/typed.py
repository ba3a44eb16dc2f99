"""Typing `kit add` in a copy of the generated repository."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from agentcore_kit.cli import main
from tests.conftest import OWN


def add(*words: str, yes: bool = True) -> int:
    """Type `kit add`; return the exit code."""
    with code_of_the_copy():
        try:
            main(["add", *words, *(["--yes"] if yes else [])])
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


@contextmanager
def code_of_the_copy() -> Iterator[None]:
    """Let the team's code be imported from the copy, and from the repository itself again by the tests after this."""
    path, before = sys.path[:], _own_modules()
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in _own_modules():
            del sys.modules[name]
        sys.modules.update(before)
        sys.path[:] = path


def _own_modules() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in OWN}


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def lines_lost(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Return the lines of before that are not in the same file afterwards."""
    return [
        line
        for name, content in before.items()
        for line in content.decode(errors="replace").splitlines()
        if content != after[name] and line not in after[name].decode().splitlines()
    ]
