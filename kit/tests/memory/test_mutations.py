"""Changes of the manifest that would do harm, each caught by the test that should catch it.

The four tests run in a process of their own, over a copy of this repository with the change in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentcore_kit.config.repository import repository_root


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of this repository."""
    ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache")
    return Path(shutil.copytree(repository_root(), tmp_path / "copy", ignore=ignored))


def change(copy: Path, old: str, new: str) -> None:
    """Change the manifest."""
    path = copy / "manifest.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy."""
    variables = {**os.environ, "PYTHONPATH": "src:."}
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=variables, capture_output=True, text=True, check=False
    )


def failing(copy: Path, marker: str) -> str:
    """Return what one of the four tests says, which must fail."""
    done = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/memory/test_{marker}.py")
    assert done.returncode == 1, done.stdout[-2000:]
    return done.stdout


def test_dropping_the_actor_is_refused(copy: Path) -> None:
    change(copy, "/preferences/{actorId}/", "/preferences/")
    done = run(copy, "-m", "ops", "manifest")
    assert done.returncode == 2
    assert "spec.strategies[1].namespaceTemplate: has no {actorId}" in done.stderr


def test_swapping_two_namespaces_is_caught_by_retrieval(copy: Path) -> None:
    change(copy, "/facts/{actorId}/", "/x/{actorId}/")
    change(copy, "/preferences/{actorId}/", "/facts/{actorId}/")
    change(copy, "/x/{actorId}/", "/preferences/{actorId}/")
    assert "test_a_later_session_finds_what_an_earlier_one_learned" in failing(copy, "retrieval")


@pytest.mark.parametrize(
    ("old", "new"), [("eventExpiryDays: 90", "eventExpiryDays: 30"), ("recordExpiryDays: 365", "recordExpiryDays: 31")]
)
def test_shortening_an_expiry_is_caught_by_persistence(copy: Path, old: str, new: str) -> None:
    change(copy, old, new)
    assert "until_they_expire_and_not_after" in failing(copy, "persistence")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("read: [summaries]", "read: [summaries, facts]"),
        ("write: [events]", "write: [events, preferences]"),
    ],
)
def test_widening_a_consumer_is_caught_by_isolation(copy: Path, old: str, new: str) -> None:
    change(copy, old, new)
    assert "test_every_consumer_may_do_what_was_agreed_and_nothing_else" in failing(copy, "isolation")


def test_dropping_the_actor_with_an_excuse_is_caught_by_isolation(copy: Path) -> None:
    excuse = "/facts/\n      shared: true\n      reason: So that everybody knows them."
    change(copy, "/facts/{actorId}/", excuse)
    assert "test_no_actor_reaches_what_was_learned_of_another" in failing(copy, "isolation")
