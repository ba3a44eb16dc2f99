"""Release notes of this repository, and releases of its template."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.delivery import release_notes, template_release
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


def test_a_commit_that_was_overtaken_is_not_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "--quiet")
    for subject in ("One", "Two"):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", subject)
    older, newer = git(tmp_path, "rev-parse", "HEAD~1", "HEAD").split()
    monkeypatch.setattr(release_notes, "repository_root", lambda: tmp_path)
    for last in ("", older, newer, "0" * 40):  # the first release, the one before, the same again, a rewritten main
        release_notes.newer(last)
    release_notes.notes("0" * 40, "none.md")
    said = capsys.readouterr().out
    assert f"Everything there is: {'0' * 12}, where this would begin, is not in the history." in said
    assert "- One" in said
    git(tmp_path, "checkout", "--quiet", older)
    with pytest.raises(SystemExit) as ended:
        release_notes.newer(newer)
    assert ended.value.code == 1
    assert "was delivered last; nothing was changed" in capsys.readouterr().err


def test_a_shallow_clone_does_not_say_that_an_old_commit_is_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    whole.mkdir()
    git(whole, "init", "--quiet")
    for subject in ("One", "Two"):
        git(whole, "commit", "--quiet", "--allow-empty", "--message", subject)
    older, newer = git(whole, "rev-parse", "HEAD~1", "HEAD").split()
    git(whole, "branch", "old", older)
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "old", whole.as_uri(), str(shallow))
    monkeypatch.setattr(release_notes, "repository_root", lambda: shallow)
    release_notes.newer("")  # the first release needs no history
    with pytest.raises(SystemExit) as ended:
        release_notes.newer(newer)
    assert ended.value.code == 2
    assert "git fetch --unshallow" in capsys.readouterr().err


def test_the_newest_release_by_version_not_by_name() -> None:
    listing = "a\trefs/tags/v0.9.0\nb\trefs/tags/v0.10.0\nc\trefs/tags/v0.10.0^{}\nd\trefs/tags/next"
    assert template_release.newest_release(listing) == "v0.10.0"
    assert template_release.newest_release("") is None
