"""A release of the template as a repository would look in it: cruft generates it, and its pins are read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore_kit.checks.commands import BIN, TOOLS
from agentcore_kit.delivery.errors import CommandError

STATE = ".cruft.json"
LOCKS = ("requirements.txt", "requirements-dev.txt")

_RELEASE = re.compile(r"refs/tags/(v?(\d+)\.(\d+)\.(\d+))$", re.MULTILINE)

Pins = dict[str, list[str]]
"""The lines `name==version` of a requirement file, by the name of the package."""


@dataclass(frozen=True)
class Release:
    """A release of the template as this repository would look in it, had the team changed nothing.

    Attributes:
        folder: Its files, without what the update shall leave alone.
        state: Its `.cruft.json`: template, commit, tag, and the answers.
        pins: What its requirement files pin, by file.
    """

    folder: Path
    state: dict[str, Any]
    pins: dict[str, Pins]


def releases(listing: str) -> list[str]:
    """Return the releases of a listing of `git ls-remote --tags`: versions only, the oldest first."""
    found = sorted(_RELEASE.finditer(listing), key=lambda match: tuple(map(int, match.groups()[1:])))
    return [match[1] for match in found]


def newest_release(listing: str) -> str | None:
    """Return the newest release of a listing of `git ls-remote --tags`."""
    return next(reversed(releases(listing)), None)


def read_pins(text: str) -> Pins:
    """Return what a requirement file pins. A package has several lines where platforms differ."""
    found: Pins = {}
    for line in text.splitlines():
        name, equal, _ = line.partition("==")
        if equal and not line[0].isspace():
            found.setdefault(name.strip(), []).append(line.rstrip(" \\"))
    return found


def merge_pins(ours: Pins, old: Pins, new: Pins) -> Pins:
    """Return the new release's pins, with those that the team added or changed since the old one kept."""
    kept = {name: lines for name, lines in ours.items() if versions(ours, name) != versions(old, name)}
    return dict(sorted((new | kept).items()))


def versions(pins: Pins, name: str) -> str:
    """Return the versions that a package is pinned to, as text; `none` where it is not."""
    found = dict.fromkeys(line.partition("==")[2].split(";")[0].strip() for line in pins.get(name, []))
    return ", ".join(found) or "none"


def generate(root: Path, state: dict[str, Any], checkout: str, folder: Path) -> Release:
    """Generate the repository from a version of the template, with the same answers and without what is left alone.

    Args:
        root: The team's repository, which says what to leave alone.
        state: Its `.cruft.json`.
        checkout: The tag or commit of the template.
        folder: Where to generate; it is made.

    Raises:
        CommandError: When the template cannot be had, or refuses an answer.
    """
    answers = {key: value for key, value in state["context"]["cookiecutter"].items() if not key.startswith("_")}
    folder.mkdir()
    command = ["create", state["template"], "--no-input", "--default-config", "--checkout", checkout]
    command += ["--output-dir", str(folder)]
    command += ["--directory", state["directory"]] if state.get("directory") else []
    try:
        _run(root, str(_cruft()), *command, "--extra-context", json.dumps(answers))
    except CommandError as error:
        raise CommandError(
            f"version {checkout} of the template cannot be generated with the answers in {STATE}:\n{error.message}",
            "correct what is named there, or ask those who look after the template",
        ) from None
    (made,) = folder.iterdir()
    created = json.loads((made / STATE).read_text(encoding="utf-8"))
    pins = {name: read_pins(text_of(made / name)) for name in LOCKS}
    leave_out(made, [*LOCKS, STATE, *_skipped(root, state)])
    return Release(made, created, pins)


def _skipped(root: Path, state: dict[str, Any]) -> Iterator[str]:
    """Yield what the team has told cruft to leave alone."""
    yield from state.get("skip", [])
    project = tomllib.loads(text_of(root / "pyproject.toml"))
    yield from project.get("tool", {}).get("cruft", {}).get("skip", [])


def leave_out(folder: Path, patterns: list[str]) -> None:
    """Delete files and folders by their paths in a folder; `*` stands for any name."""
    for pattern in patterns:
        for path in [*folder.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _cruft() -> Path:
    """Return cruft, in the place of its own that `setup-tools` gives it, or beside Python."""
    found = next((path for path in (TOOLS / "cruft", BIN / "cruft") if path.exists()), None)
    if found is None:
        raise CommandError("cruft is not installed", "make setup")
    return found


def text_of(path: Path) -> str:
    """Return what a file says; nothing where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def git(folder: Path, *arguments: str, variables: dict[str, str] | None = None) -> str:
    """Run git in a folder and return what it printed.

    Raises:
        CommandError: When it ends with another code than 0, with what it said.
    """
    return _run(folder, "git", *arguments, variables=variables)


def _run(folder: Path, *command: str, variables: dict[str, str] | None = None) -> str:
    """Run a program in a folder and return what it printed."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", **(variables or {})}  # ask nobody for a password
    done = subprocess.run([*command], cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CommandError(
            _reason(done.stderr) or f"{command[0]} ended with {done.returncode}", "correct it, then again"
        )
    return done.stdout


def _reason(errors: str) -> str:
    """Return what a program said before its traceback; the last line where it said nothing else."""
    before = re.split(r"^(?:Traceback|╭)", errors, maxsplit=1, flags=re.MULTILINE)[0].strip()
    return before or errors.strip().rpartition("\n")[2]
