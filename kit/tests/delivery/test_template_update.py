"""`template-update` with a real template in a repository on this machine: taken over, or said what conflicts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from ops.__main__ import main

from agentcore_kit.delivery import template_update

GIT = shutil.which("git") or "git"
ENGINE = "cookiecutter"
LINES = ["one", "two", "three", "four", "five"]


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, with no settings of this machine."""
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "init.defaultBranch=main"]
    found = subprocess.run([GIT, *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return found.stdout


@dataclass
class Both:
    """A template, and a repository that was made from its first release."""

    template: Path
    repository: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, lines: list[str]) -> None:
        """Let the template have these lines in its file."""
        path = self.template / f"{{{{{ENGINE}.agent_name}}}}" / "notes.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def release(self, tag: str, lines: list[str]) -> None:
        """Release the template."""
        self.write(lines)
        git(self.template, "add", "--all")
        git(self.template, "commit", "--quiet", "--message", tag)
        git(self.template, "tag", tag)

    def edit(self, lines: list[str]) -> None:
        """Let the team edit the file."""
        (self.repository / "notes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        git(self.repository, "commit", "--quiet", "--all", "--message", "Ours")

    def update(self) -> tuple[int, str]:
        """Type `kit template-update`; return the exit code and all that was printed."""
        code = 0
        try:
            main(["template-update"])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, "".join(self.capsys.readouterr())


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Both:
    """Return both, with release v0.1.0."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    found = Both(tmp_path / "template", tmp_path / "made" / "an-agent", capsys)
    found.template.mkdir()
    (found.template / f"{ENGINE}.json").write_text(json.dumps({"agent_name": "an-agent"}), encoding="utf-8")
    git(found.template, "init", "--quiet")
    found.release("v0.1.0", LINES)
    create = ["create", "--no-input", "--checkout", "v0.1.0", "--output-dir", str(found.repository.parent)]
    subprocess.run([template_update.CRUFT, *create, str(found.template)], capture_output=True, check=True)
    git(found.repository, "init", "--quiet")
    git(found.repository, "add", "--all")
    git(found.repository, "commit", "--quiet", "--message", "Made from the template")
    monkeypatch.setattr(template, "repository_root()", found.repository)
    monkeypatch.setattr(template, "STATE", found.repository / ".cruft.json")
    monkeypatch.setattr(template, "REPORT", tmp_path / "update.md")
    return found


def test_a_release_is_taken_over_and_a_conflict_stops(both: Both) -> None:
    assert both.update() == (0, "tag=\n"), "nothing is newer"
    both.edit([*LINES[:4], "five, ours"])
    both.release("v0.2.0", ["one, newer", *LINES[1:]])
    assert both.update() == (0, "tag=v0.2.0\n")
    text = (both.repository / "notes.txt").read_text(encoding="utf-8")
    assert text.splitlines() == ["one, newer", "two", "three", "four", "five, ours"]
    assert git(both.repository, "status", "--porcelain") == ""
    assert "v0.2.0" in git(both.repository, "log", "-1", "--format=%s")

    updated = git(both.repository, "rev-parse", "HEAD")
    both.release("v0.3.0", ["one, newer", *LINES[1:4], "five, newer"])
    code, said = both.update()
    assert code == 1
    assert "release v0.3.0 conflicts with changes of this repository in: notes.txt" in said
    assert "next:" in said
    assert git(both.repository, "rev-parse", "HEAD") == updated, "nothing is committed"


def test_a_repository_without_a_template_says_how_to_link_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(template, "STATE", tmp_path / ".cruft.json")
    with pytest.raises(SystemExit) as stopped:
        main(["template-update"])
    assert stopped.value.code == 2
    assert "cruft link" in capsys.readouterr().err
