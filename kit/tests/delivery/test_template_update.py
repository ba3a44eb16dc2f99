"""`template-update` with a real template in a repository on this machine: taken over, or said what conflicts."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.checks.commands import compile_all
from agentcore_kit.delivery import template_release
from tests.delivery.template_world import LINES, Template, Update, base, git, template, update

__all__ = ["base", "template", "update"]


def test_a_release_is_taken_over_and_the_teams_change_stays(template: Template, update: Update) -> None:
    code, said, told = update()
    assert (code, said) == (0, "tag=\n")
    assert "this repository has release v0.1.0, the newest" in told
    template.commit(notes=[*LINES[:-1], "ours"])
    template.release("v0.2.0", notes=["newer", *LINES[1:]], added=["new"])
    template.release("v0.10.0", notes=["newest", *LINES[1:]])

    assert update("--to", "v0.2.0")[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("notes.txt") == ["newer", *LINES[1:-1], "ours"]
    assert template.lines("added.txt") == ["new"]
    assert update()[:2] == (0, "tag=v0.10.0\n")
    assert template.lines("notes.txt") == ["newest", *LINES[1:-1], "ours"]
    assert git(template.repository, "status", "--porcelain") == ""
    assert "release v0.10.0" in git(template.repository, "log", "-1", "--format=%s")
    assert json.loads("\n".join(template.lines(".cruft.json")))["checkout"] == "v0.10.0"
    assert "release v0.10.0 (before: v0.2.0)" in "\n".join(template.lines(".local/delivery/update.md"))
    assert update()[:2] == (0, "tag=\n")


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"notes": [*LINES[:-1], "ours"]}, {"notes": [*LINES[:-1], "newer"]}, "both changed the same lines"),
        ({"notes": [*LINES[:-1], "ours"]}, {"notes": None}, "removed or moved it, and this repository changed it"),
        ({"notes": [*LINES[:-1], "ours"]}, {"notes": None, "moved": ["quite", "another"]}, "removed or moved it, and"),
        ({"added": ["ours"]}, {"added": ["theirs"]}, "both added it, with another content"),
    ],
    ids=["same-lines", "removed", "rewritten-elsewhere", "added-by-both"],
)
def test_a_conflict_is_named_and_changes_nothing(
    template: Template, update: Update, ours: dict[str, list[str]], theirs: dict[str, Any], reason: str
) -> None:
    template.commit(**ours)
    before = template.state()
    template.release("v0.2.0", **theirs)
    code, said, told = update()
    name = next(iter(ours))
    assert (code, said) == (1, "")
    assert f"{name}.txt: " in told
    assert reason in told
    assert "kit template-update --to v0.2.0 --resolve" in told
    assert template.state() == before
    assert template.lines(f"{name}.txt") == ours[name]
    assert git(template.repository, "worktree", "list").count("\n") == 1, "nothing is left behind"


def test_a_file_that_the_template_moved_keeps_the_teams_change(template: Template, update: Update) -> None:
    template.commit(notes=["ours", *LINES[1:]])
    template.release("v0.2.0", notes=None, moved=[*LINES, "newer"])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("moved.txt") == ["ours", *LINES[1:], "newer"]
    assert not Path("notes.txt").exists()


def test_a_file_that_the_team_deleted_stays_deleted_and_the_report_says_so(template: Template, update: Update) -> None:
    template.commit(notes=None)
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert not Path("notes.txt").exists()
    assert "`notes.txt` stays deleted" in "\n".join(template.lines(".local/delivery/update.md"))


def test_a_file_that_shall_be_left_alone_is(template: Template, update: Update) -> None:
    path = template.repository / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[tool.cruft]\nskip = ["note*"]\n', encoding="utf-8")
    template.commit(notes=["ours"])
    template.release("v0.2.0", notes=["newer"])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("notes.txt") == ["ours"]


def test_only_the_kit_changed_beside_packages_of_the_team(template: Template, update: Update) -> None:
    template.depend("theirs==1.0")
    template.publish("library", "1.2")
    template.publish("library", "1.3")
    path = template.repository / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("theirs==1.0", "theirs>=1.0"), encoding="utf-8")
    template.commit()
    assert template.pinned() == ["agentcore-kit==0.1.0", "library==1.0", "theirs==1.0"]
    for name in ("errors", "models"):
        path = template.repository / f"src/ejected/agentcore_kit/serving/{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("OURS = True\n", encoding="utf-8")
    template.commit()
    template.release("v0.2.0", kit="0.2", needs="library~=1.2.0")

    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n"), told
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.2", "theirs==1.0"], (
        "1.1 fits, but was not asked for"
    )
    assert template.pinned("requirements-dev.txt") == ["agentcore-kit==0.2.0", "library==1.2", "theirs==1.0"]
    (wheel,) = Path("vendor").iterdir()
    assert wheel.name == "agentcore_kit-0.2.0-py3-none-any.whl"
    assert f"sha256:{sha256(wheel.read_bytes()).hexdigest()}" in "\n".join(template.lines("requirements.txt"))
    assert 'dependencies = ["theirs>=1.0", "agentcore-kit[agent]~=0.2.0"]' in template.lines("pyproject.toml")
    assert 'dev = ["agentcore-kit[dev]~=0.2.0"]' in template.lines("pyproject.toml")
    report = template.lines(".local/delivery/update.md")
    assert "- `agentcore-kit`: 0.1.0 → 0.2.0" in report
    assert "- `library`: 1.0 → 1.2" in report
    assert "- `src/ejected/agentcore_kit/serving/errors.py`: the kit's own of it has changed; compare them" in report
    assert "models.py" not in "".join(report)
    assert "theirs" not in "".join(report)


def test_a_pin_that_the_team_raised_stays_and_the_others_are_the_releases(template: Template, update: Update) -> None:
    template.publish("library", "1.5")
    for name in template_release.LOCKS:
        git_file = template.repository / name
        git_file.write_text(
            git_file.read_text(encoding="utf-8").replace("library==1.0", "library==1.5"), encoding="utf-8"
        )
    compile_all()
    template.commit()
    template.publish("library", "1.6")
    template.release("v0.2.0", kit="0.2")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.5"]


def test_the_kit_may_come_from_an_index_instead_of_vendor(template: Template, update: Update) -> None:
    shutil.rmtree("vendor")
    template.publish("agentcore-kit", "0.1.0")
    compile_all()
    template.commit()
    before = template.state()
    template.release("v0.2.0", kit="0.2")
    code, said, told = update()
    assert (code, said) == (3, ""), "the new kit is not in the index yet"
    assert "could not be compiled" in told
    assert template.state() == before
    template.publish("agentcore-kit", "0.2.0")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert not Path("vendor").exists()
    assert template.pinned() == ["agentcore-kit==0.2.0"]


def test_a_package_of_the_kits_name_in_an_index_is_not_taken(template: Template, update: Update) -> None:
    template.release("v0.2.0", kit="0.2")
    template.publish("agentcore-kit", "0.2.5")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0"]


def test_the_kits_wheel_may_change_without_its_version(template: Template, update: Update) -> None:
    before = sha256(next(Path("vendor").iterdir()).read_bytes()).hexdigest()
    template.release("v0.2.0", kit="0.1", needs="library>=1.0")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    pins = "\n".join(template.lines("requirements.txt") + template.lines("requirements-dev.txt"))
    assert before not in pins
    assert pins.count(sha256(next(Path("vendor").iterdir()).read_bytes()).hexdigest()) == 2


def test_conflicts_can_be_left_in_the_files_and_resolved(template: Template, update: Update) -> None:
    template.depend("theirs==1.0")
    template.commit(notes=[*LINES[:-1], "ours"])
    template.release("v0.2.0", kit="0.2", notes=[*LINES[:-1], "newer"], added=["new"])
    code, _, told = update("--resolve")
    assert code == 1
    assert "notes.txt: both changed the same lines" in told
    assert {"ours", "newer"} < set(template.lines("notes.txt"))
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "conflicts of an earlier update or merge are still open in: notes.txt" in told
    assert {"ours", "newer"} < set(template.lines("notes.txt")), "the open merge stays"

    compile_all()
    template.commit(notes=[*LINES[:-1], "both"])
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0", "theirs==1.0"]
    assert template.lines("added.txt") == ["new"]
    assert update()[:2] == (0, "tag=\n")


def test_resolve_without_a_conflict_leaves_the_merge_to_be_committed(template: Template, update: Update) -> None:
    template.release("v0.2.0", kit="0.2", notes=["newer", *LINES[1:]])
    code, said, _ = update("--resolve")
    assert code == 0
    assert "git commit --all" in said
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0"]
    git(template.repository, "commit", "--quiet", "--all", "--message", "Update")
    assert template.state()[1] == ""
    assert update()[:2] == (0, "tag=\n")


def test_what_stops_it_has_its_own_reason_and_code(
    template: Template, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    template.release("v0.2.0", notes=["newer"])
    Path("notes.txt").write_text("not committed\n", encoding="utf-8")
    code, said, told = update()
    assert (code, said) == (2, "")
    assert "changes that are not committed: notes.txt" in told
    assert template.lines("notes.txt") == ["not committed"]
    git(template.repository, "checkout", "--quiet", "notes.txt")

    code, _, told = update("--to", "v9.9.9")
    assert code == 2
    assert "the template has no release v9.9.9" in told
    assert "the newest is v0.2.0" in told

    with monkeypatch.context() as patch:
        patch.setattr(template_release, "TOOLS", template.index)
        patch.setattr(template_release, "BIN", template.index)
        code, _, told = update()
        assert code == 3
        assert "cruft is not installed" in told

    hook = template.template / "hooks" / "pre_gen_project.py"
    hook.parent.mkdir()
    hook.write_text('raise SystemExit("agent_name: an-agent is not right any more")\n', encoding="utf-8")
    template.release("v0.3.0")
    before = template.state()
    code, said, told = update()
    assert (code, said) == (3, "")
    assert (
        "version v0.3.0 of the template cannot be generated with the answers in .cruft.json:\nagent_name: an-" in told
    )
    assert "Traceback" not in told
    assert template.state() == before

    template.template.rename(template.template.with_name("gone"))
    code, _, told = update()
    assert code == 3
    assert "the template's releases cannot be listed" in told
    assert "check the network" in told

    git(template.repository, "rm", "--quiet", ".cruft.json")
    code, _, told = update()
    assert code == 2
    assert "cruft link" in told
    git(template.repository, "checkout", "--quiet", "HEAD", ".cruft.json")
    shutil.rmtree(".git")
    code, _, told = update()
    assert code == 2
    assert "this is no git repository" in told


def test_a_template_that_was_never_released_has_nothing(template: Template, update: Update) -> None:
    git(template.template, "tag", "--delete", "v0.1.0")
    code, said, told = update()
    assert (code, said) == (0, "tag=\n")
    assert "the template has no release yet" in told
