"""What git knows of commits: which one a name means, and which of two is older."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from agentcore_kit.config.repository import repository_root


def git_says(*arguments: str, missing: str) -> str:
    """Return what git prints, or `missing` when it fails."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=Path(repository_root()), capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else missing


def commit_named(name: str) -> str:
    """Return the commit that a tag or commit names, empty when the history has none."""
    return git_says("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", missing="") if name else ""


def is_older(commit: str, other: str) -> bool:
    """Return whether a commit is one that another, of this history, was made on."""
    return commit != other and commit == git_says("merge-base", commit, other, missing="")


def is_shallow() -> bool:
    """Return whether this clone has only a part of the history."""
    return git_says("rev-parse", "--is-shallow-repository", missing="") == "true"


def short(name: str) -> str:
    """Return enough of a commit to recognise it; another name as it is."""
    return name[:12] if re.fullmatch("[0-9a-f]{40}", name) else name
