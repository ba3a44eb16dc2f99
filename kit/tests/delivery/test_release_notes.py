"""Release notes of this repository, and releases of its template."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.delivery import commits, release_notes, template_release
from tests.delivery.template_world import git


def test_release_notes_from_commits_and_evaluation() -> None:
    subjects = ["feat: compare regions", "fix(tools)!: quarters", "Say more", "docs: verbs"]
    lines = release_notes.text("agent", "1.2.0", "v1.1.0", subjects, "| Correctness | 90 % |")
    order = [
        "# agent 1.2.0",
        "Since v1.1.0.",
        "## Breaking",
        "## Added",
        "## Changed",
        "## Documentation",
        "## Evaluation",
    ]
    assert [lines.index(part) for part in order] == sorted(lines.index(part) for part in order)
    assert "- compare regions" in lines


def test_release_notes_say_where_they_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "One")
    for module in (release_notes, commits):
        monkeypatch.setattr(module, "repository_root", lambda: tmp_path)
    release_notes.notes("0" * 40, "none.md")
    said = capsys.readouterr().out
    assert f"Everything there is: {'0' * 12}, where this would begin, is not in the history." in said
    assert "- One" in said


def test_the_newest_release_by_version_not_by_name() -> None:
    listing = "a\trefs/tags/v0.9.0\nb\trefs/tags/v0.10.0\nc\trefs/tags/v0.10.0^{}\nd\trefs/tags/next"
    assert template_release.newest_release(listing) == "v0.10.0"
    assert template_release.newest_release("") is None
