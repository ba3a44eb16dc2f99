"""`template-update` where git alone would lose a change or see conflicts that are none: clones, renames, line ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.delivery.template_world import ENGINE, LINES, Template, Update, base, git, template, update

__all__ = ["base", "template", "update"]

WORKFLOW = Path(__file__).parents[3] / f"{{{{{ENGINE}.agent_name}}}}/.github/workflows/template-update.yml"


def cloned(template: Template, monkeypatch: pytest.MonkeyPatch, *options: str) -> Template:
    """Put a clone in the place of the team's repository, and go there."""
    origin = template.repository.with_name("origin")
    template.repository.rename(origin)
    git(template.folder, "clone", "--quiet", *options, origin.as_uri(), str(template.repository))
    monkeypatch.chdir(template.repository)
    return template


def with_crlf(*paths: Path) -> None:
    """Give files the line ends of Windows."""
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def rename(template: Template, old: str, new: str) -> None:
    """Let the team rename a file, in a commit of its own."""
    target = template.repository / new
    target.parent.mkdir(parents=True, exist_ok=True)
    git(template.repository, "mv", old, new)
    template.commit()


def test_the_workflow_has_the_whole_history() -> None:
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["update"]["steps"]
    (checkout,) = [step for step in steps if str(step.get("uses", "")).startswith("actions/checkout@")]
    assert checkout["with"]["fetch-depth"] == 0


def test_lines_that_stand_near_each_other_merge_in_a_shallow_clone_too(
    template: Template, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    template.commit(notes=[*LINES[:10], "ours", *LINES[11:]])
    template.release("v0.2.0", notes=[*LINES[:13], "newer", *LINES[14:]])
    cloned(template, monkeypatch, "--depth", "1")
    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n"), told
    assert template.lines("notes.txt") == [*LINES[:10], "ours", *LINES[11:13], "newer", *LINES[14:]]


def test_a_file_that_the_team_renamed_takes_the_change(template: Template, update: Update) -> None:
    rename(template, "notes.txt", "guide/ours.txt")
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("guide/ours.txt") == ["newer", *LINES[1:]]
    assert not Path("notes.txt").exists()


REWRITTEN = [*LINES[:5], *(f"our own sentence number {number}, which is longer" for number in range(40))]


def test_a_file_that_the_team_renamed_and_then_rewrote_takes_the_change(template: Template, update: Update) -> None:
    rename(template, "notes.txt", "first.txt")
    rename(template, "first.txt", "ours.txt")
    template.commit(ours=REWRITTEN)
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n"), told
    assert template.lines("ours.txt") == ["newer", *REWRITTEN[1:]]
    assert not Path("notes.txt").exists()
    assert template.state()[1] == ""


def test_a_conflict_in_a_file_that_the_team_renamed_is_named_and_can_be_resolved(
    template: Template, update: Update
) -> None:
    rename(template, "notes.txt", "ours.txt")
    template.commit(ours=["ours", *REWRITTEN[1:]])
    before = template.state()
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "ours.txt: both changed the same lines" in told
    assert template.state() == before
    assert git(template.repository, "worktree", "list").count("\n") == 1

    code, said, told = update("--resolve")
    assert (code, said) == (1, "")
    assert "ours.txt: both changed the same lines" in told
    assert {"ours", "newer"} < set(template.lines("ours.txt"))
    assert git(template.repository, "ls-files", "--unmerged").count("\tours.txt\n") == 3
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "still open in: ours.txt" in told


def test_a_file_that_both_moved_is_no_deleted_one(template: Template, update: Update) -> None:
    rename(template, "notes.txt", "ours.txt")
    template.commit(ours=REWRITTEN)
    before = template.state()
    template.release("v0.2.0", notes=None, moved=["newer", *LINES[1:]])
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "moved.txt: the template moved notes.txt here, which this repository calls ours.txt" in told
    assert template.state() == before
    assert template.lines("ours.txt") == REWRITTEN


def test_a_deleted_file_stays_deleted_wherever_the_template_moves_it(template: Template, update: Update) -> None:
    template.commit(notes=None)
    template.release("v0.2.0", notes=None, moved=["newer", *LINES[1:]])
    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n")
    assert "moved.txt stays deleted, although the release changed it" in told
    assert not Path("moved.txt").exists()


def test_what_cannot_be_compiled_leaves_the_tree_as_it_was(template: Template, update: Update) -> None:
    template.publish("rare", "1.0")
    template.release("v0.2.0", kit="0.2", needs="rare==1.0", notes=["newer", *LINES[1:]])
    shutil.rmtree(template.index / "rare")
    shutil.rmtree(template.folder / "cache")
    before = template.state()
    for options in ((), ("--resolve",)):
        code, said, told = update(*options)
        assert (code, said) == (3, ""), told
        assert "could not be compiled" in told
        assert template.state() == before


def test_a_conflict_in_the_state_of_the_update_is_named_as_one(template: Template, update: Update) -> None:
    git(template.repository, "switch", "--quiet", "--create", "other")
    path = template.repository / ".cruft.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("v0.1.0", "v0.1.1"), encoding="utf-8")
    template.commit()
    git(template.repository, "switch", "--quiet", "main")
    path.write_text(text.replace("v0.1.0", "v0.1.2"), encoding="utf-8")
    template.commit()
    with pytest.raises(subprocess.CalledProcessError):
        git(template.repository, "merge", "--quiet", "other")
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "still open in: .cruft.json" in told


def test_a_renamed_file_cannot_be_followed_in_a_shallow_clone_and_it_says_so(
    template: Template, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename(template, "notes.txt", "ours.txt")
    template.commit(ours=REWRITTEN)
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    cloned(template, monkeypatch, "--depth", "1")
    before = template.state()
    code, said, told = update()
    assert (code, said) == (2, "")
    assert "notes.txt" in told
    assert "git fetch --unshallow" in told
    assert template.state() == before
    git(template.repository, "fetch", "--quiet", "--unshallow")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("ours.txt") == ["newer", *REWRITTEN[1:]]


def test_a_release_that_adds_a_file_to_a_folder_that_the_team_renamed(template: Template, update: Update) -> None:
    files: dict[str, Any] = {f"guide/{name}": [name, *LINES] for name in ("one", "two", "three")}
    template.release("v0.2.0", **files)
    assert update()[:2] == (0, "tag=v0.2.0\n")
    git(template.repository, "mv", "guide", "handbook")
    template.commit()
    files = {"guide/four": ["four"]}
    template.release("v0.3.0", **files)
    before = template.state()
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "handbook/four.txt: the template added it to a folder that this repository moved" in told
    assert template.state() == before


def test_conflicts_that_were_committed_as_they_were_are_not_taken_for_done(template: Template, update: Update) -> None:
    template.commit(notes=[*LINES[:-1], "ours"])
    template.release("v0.2.0", notes=[*LINES[:-1], "newer"])
    assert update("--resolve")[0] == 1
    template.commit()
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "conflicts of an earlier update were committed with their markers: notes.txt" in told
    template.commit(notes=[*LINES[:-1], "both", "<<<<<<< HEAD of an example", ">>>>>>> of it"])
    assert update()[:2] == (0, "tag=\n"), "markers that no update wrote are the team's"


@pytest.mark.parametrize("change", ["untracked", "staged", "deleted", "markers-staged"])
def test_a_tree_that_is_not_clean_is_named_file_by_file(template: Template, update: Update, change: str) -> None:
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    match change:
        case "untracked":
            Path("a file.txt").write_text("new\n", encoding="utf-8")
        case "deleted":
            Path("notes.txt").unlink()
        case _:
            text = "<<<<<<< HEAD\nours\n" if change == "markers-staged" else "staged\n"
            Path("notes.txt").write_text(text, encoding="utf-8")
            git(template.repository, "add", "notes.txt")
    before = template.state()
    code, said, told = update()
    assert (code, said) == (2, "")
    assert f"changes that are not committed: {'a file.txt' if change == 'untracked' else 'notes.txt'}" in told
    assert "git stash --include-untracked" in told
    assert template.state() == before


def test_files_that_were_committed_with_crlf_merge_and_keep_it(template: Template, update: Update) -> None:
    ours = [*LINES[:10], "ours", *LINES[11:]]
    template.commit(notes=ours)
    with_crlf(*(path for path in template.repository.glob("*.*") if path.is_file()))
    template.commit()
    template.release("v0.2.0", kit="0.2", notes=[*LINES[:13], "newer", *LINES[14:]])
    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n"), told
    wanted = [*LINES[:10], "ours", *LINES[11:13], "newer", *LINES[14:]]
    assert Path("notes.txt").read_bytes().decode() == "".join(f"{line}\r\n" for line in wanted)
    assert 'dependencies = ["agentcore-kit[agent]~=0.2.0"]' in template.lines("pyproject.toml")
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0"]
    assert template.state()[1] == ""


def test_a_conflict_of_a_file_with_crlf_is_of_its_lines_only(template: Template, update: Update) -> None:
    rename(template, "notes.txt", "ours.txt")
    template.commit(ours=["ours", *LINES[1:]])
    with_crlf(template.repository / "ours.txt")
    template.commit()
    template.release("v0.2.0", notes=["newer", *LINES[1:-1], "end"])
    before = template.state()
    assert update()[:2] == (1, "")
    assert template.state() == before
    assert update("--resolve")[0] == 1
    text = Path("ours.txt").read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") == len(LINES) + 4
    assert text.endswith(b"line 19\r\nend\r\n")


@pytest.mark.parametrize("safe", ["false", "true"])
def test_a_clone_of_windows_merges(
    template: Template, update: Update, monkeypatch: pytest.MonkeyPatch, safe: str
) -> None:
    ours = [*LINES[:10], "ours", *LINES[11:]]
    template.commit(notes=ours)
    template.release("v0.2.0", notes=[*LINES[:13], "newer", *LINES[14:]], added=["new"])
    settings = ("core.autocrlf=true", "core.eol=crlf", f"core.safecrlf={safe}")
    cloned(template, monkeypatch, *(each for setting in settings for each in ("--config", setting)))
    assert b"\r\n" in Path("notes.txt").read_bytes()
    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n"), told
    assert template.lines("notes.txt") == [*LINES[:10], "ours", *LINES[11:13], "newer", *LINES[14:]]
    assert b"\r\n" in Path("notes.txt").read_bytes()
    assert template.state()[1] == ""


def test_line_ends_that_git_wants_otherwise_are_told_as_such(template: Template, update: Update) -> None:
    with_crlf(template.repository / "notes.txt")
    template.commit()
    Path(".gitattributes").write_text("*.txt text eol=lf\n", encoding="utf-8")
    git(template.repository, "add", ".gitattributes")
    git(template.repository, "commit", "--quiet", "--message", "Line ends")
    os.utime("notes.txt", (0, 0))  # so that git looks at it again
    assert "notes.txt" in template.state()[1]
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    code, said, told = update()
    assert (code, said) == (2, "")
    assert "notes.txt" in told
    assert "git add --renormalize ." in told
    git(template.repository, "add", "--renormalize", ".")
    template.commit()
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("notes.txt")[0] == "newer"
