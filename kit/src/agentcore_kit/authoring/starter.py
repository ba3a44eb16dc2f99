"""Is the starter of an agent's repository still as the template wrote it? `kit adopt` replaces only such a one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zlib import crc32

_KNOWN = "starter_lines.json"
"""The files of each starter with the checksums of their lines; `kit/build_wheel.py` writes it."""

_WIDTH = 8

_OF_THE_STARTER = ("src", "tests", "evals")
"""The folders in which nothing else may stand."""

_ANYWHERE = ("tests/__init__.py", "tests/test_infrastructure.py", "evals/README.md", "evals/__init__.py",
             "evals/evaluators.py", "evals/thresholds.yaml", "evals/redteam.yaml")  # fmt: skip
"""Files there that `kit adopt` leaves as they are, so a team may have changed them."""

STAYS = ("src/agent/app.py",)
"""Files of the starter that stay as they are."""


def known_files(root: Path) -> dict[str, str]:
    """Return the files of the starter that a repository began with, each with the checksums of its lines in a row.

    Args:
        root: The repository. Where a starter was changed, it is the one that most files are of.
    """
    path = files("agentcore_kit.authoring") / _KNOWN
    starters: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return max(starters.values(), key=lambda known: sum(_is_as(root / name, known[name]) for name in known))


def _is_as(path: Path, expected: str) -> bool:
    return path.is_file() and checksums(path.read_text(encoding="utf-8", errors="replace")) == expected


def checksums(text: str) -> str:
    """Return the checksums of a text's lines, whatever ends them."""
    return "".join(f"{crc32(line.encode()):0{_WIDTH}x}" for line in text.splitlines())


def differences(root: Path) -> Iterator[str]:
    """Yield what of the starter is not as the template wrote it: a file and a line each, with what stands there.

    Args:
        root: The repository.
    """
    known = known_files(root)
    for name, expected in known.items():
        path = root / name
        if not path.is_file():
            yield f"{name}:1: is not there"
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        wanted = [expected[at : at + _WIDTH] for at in range(0, len(expected), _WIDTH)]
        for number, line in enumerate([*lines, ""][: max(len(lines), len(wanted))], 1):
            if number > len(wanted) or number > len(lines) or checksums(line or "\n") != wanted[number - 1]:
                yield f"{name}:{number}: {line.strip()[:80] or 'a line is missing'}"
                break
    for folder in _OF_THE_STARTER:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            parts = name.split("/")
            if path.is_dir() or "__pycache__" in parts or parts[:2] in (["evals", "results"], ["src", "ejected"]):
                continue
            if name not in known and name not in _ANYWHERE:
                yield f"{name}:1: is not of the starter"


def uncommitted(root: Path) -> list[str]:
    """Return the files that git knows and that differ from the last commit, but for what `make lock` writes.

    Args:
        root: The repository; without git there is nothing to say.
    """
    words = ["git", "diff", "--name-only", "--no-renames", "--relative", "-z", "HEAD"]
    try:
        done = subprocess.run(words, cwd=root, capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return []
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0")] if done.returncode == 0 else []
    return [
        name for name in names if name and name not in ("pyproject.toml", "requirements.txt", "requirements-dev.txt")
    ]
