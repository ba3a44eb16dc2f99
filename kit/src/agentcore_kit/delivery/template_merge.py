"""Merging a release of the template into a working tree: git's own merge, and what it would lose or see as a conflict.

git finds a renamed file by how alike it still is, so one that a team renamed and then rewrote would look deleted: the
history says what it is called now. And line ends are no change: a file with CRLF merges, and keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path

from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.delivery.template_release import git

SUBJECT = "The template"
"""The subject of the commit with the template's change, which git writes beside each marker of a conflict."""

WHO = ("-c", "user.name=template-update", "-c", "user.email=template-update@users.noreply.github.com")
ANY_LINE_ENDS = ("-c", "core.safecrlf=false")
"""Lets `git add` take files with line ends that a checkout would change, which is no fault here."""

_MARKER = re.compile(rb"^>>>>>>> [0-9a-f]+ \(" + SUBJECT.encode() + rb"\)", re.MULTILINE)
_MERGE = (
    "-c",
    "merge.renames=true",
    "-c",
    "merge.directoryRenames=conflict",
    *ANY_LINE_ENDS,
    *WHO,
)
_REASONS = {
    "12": "the template removed or moved it, and this repository changed it",
    "123": "both changed the same lines",
    "2": "this repository added it to a folder that the template moved; this is where it would go",
    "3": "the template added it to a folder that this repository moved; this is where it would go",
    "23": "both added it, with another content",
}
_ONLY_THEIRS = "13"
"""The stages of a file that this repository has no more, and the template changed."""


@dataclass(frozen=True)
class Conflict:
    """A file that needs a decision of the team, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Merged:
    """What a merge came to.

    Attributes:
        deleted: Files that stay deleted, although the template changed them.
        conflicts: What git could not merge; the working tree has it with markers.
    """

    deleted: list[str]
    conflicts: list[Conflict]


def merge(folder: Path, change: str) -> Merged:
    """Merge the template's change, a commit, into a clean working tree, without committing.

    Raises:
        CommandError: When git cannot merge at all, or a shallow clone cannot tell a renamed file from a deleted one.
    """
    before = _line_ends(folder)
    try:
        git(folder, *_MERGE, "cherry-pick", "--no-commit", "--strategy-option=ignore-cr-at-eol", change)
    except CommandError:
        if not _unmerged(folder):
            raise
    deleted, conflicts = [], []
    moves = {new: old for old, new in _renames(folder, f"{change}^", change)}
    for path in [path for path, stages in _unmerged(folder).items() if stages == _ONLY_THEIRS]:
        origin = moves.get(path, path)
        if name := renamed_to(folder, origin):
            conflicts.append(Conflict(path, f"the template moved {origin} here, which this repository calls {name}"))
        else:
            deleted.append(path)
    if deleted:
        _refuse_shallow(folder, deleted)
        git(folder, "rm", "--quiet", "--force", "--", *deleted)
    named = {each.path for each in conflicts}
    conflicts += [each for each in open_conflicts(folder) if each.path not in named]
    _keep_line_ends(folder, before)
    return Merged(deleted, conflicts)


def open_conflicts(folder: Path) -> list[Conflict]:
    """Return what git could not merge, in the words of who did what."""
    unmerged = _unmerged(folder)
    both_moved = "1" in unmerged.values()
    return [
        Conflict(path, "both moved it" if both_moved and len(found) == 1 else _REASONS.get(found, "both moved it"))
        for path, found in unmerged.items()
    ]


def committed_conflicts(root: Path) -> list[str]:
    """Return the files that were committed with the markers of an update's conflict in them."""
    paths = filter(None, git(root, "ls-files", "-z").split("\0"))
    return [path for path in paths if (root / path).is_file() and _MARKER.search((root / path).read_bytes())]


def only_line_ends_differ(root: Path) -> bool:
    """Return whether all that differs from the last commit is line ends, which no commit or stash takes away."""
    return not git(root, "diff", "HEAD", "--ignore-cr-at-eol") and not git(
        root, "ls-files", "--others", "--exclude-standard"
    )


def follow_renames(root: Path, old: Path, new: Path) -> None:
    """Give what a release changed of a file that the team renamed the name that it has now.

    Args:
        root: The team's repository.
        old: The files of the release that it has; they are renamed.
        new: The files of the release to take; they are renamed in the same way.
    """
    for before in [path for path in old.rglob("*") if path.is_file()]:
        path = before.relative_to(old).as_posix()
        after = new / path
        if (root / path).exists() or not after.is_file() or cmp(before, after, shallow=False):
            continue
        name = renamed_to(root, path)
        if name and not (old / name).exists() and not (new / name).exists():
            for folder in (old, new):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).rename(folder / name)


def renamed_to(root: Path, path: str) -> str | None:
    """Return what a file is called in the last commit that the history says was renamed; None where it was not."""
    seen = {path}
    while True:
        gone = git(root, "log", "-1", "--format=%H", "--no-renames", "--diff-filter=D", "--", path).strip()
        following = dict(_renames(root, f"{gone}^", gone)).get(path) if gone else None
        if following is None or following in seen:
            return None
        if git(root, "ls-tree", "--name-only", "HEAD", "--", following):
            return following
        seen.add(following)
        path = following


def _renames(root: Path, before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield the files that are called otherwise in one commit than in another: the old name and the new one."""
    facts = git(root, "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", before, after).split("\0")
    for index in range(0, len(facts) - 2, 3):
        yield facts[index + 1], facts[index + 2]


def _refuse_shallow(folder: Path, deleted: list[str]) -> None:
    if git(folder, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise CommandError(
            f"the release changed {', '.join(deleted)}, which this repository has deleted or renamed; this clone is "
            "shallow and has no history that says which; nothing was changed",
            "git fetch --unshallow, then the same again (in a workflow: fetch-depth: 0 of actions/checkout)",
            WRONG_INPUT,
        )


def _unmerged(folder: Path) -> dict[str, str]:
    """Return the stages that git has of each file it could not merge: 1 the old release, 2 ours, 3 the new release."""
    stages: dict[str, str] = {}
    for line in filter(None, git(folder, "ls-files", "--unmerged", "-z").split("\0")):
        facts, _, path = line.partition("\t")
        stages[path] = stages.get(path, "") + facts.split()[2]
    return stages


def _line_ends(folder: Path) -> dict[str, tuple[str, str]]:
    """Return the line ends of each file, in the index and in the working tree: lf, crlf, mixed, none or -text."""
    found = {}
    for line in filter(None, git(folder, "ls-files", "--eol", "-z").split("\0")):
        facts, _, path = line.partition("\t")
        index, tree = (fact.partition("/")[2] for fact in facts.split()[:2])
        found[path] = (index, tree)
    return found


def _keep_line_ends(folder: Path, before: dict[str, tuple[str, str]]) -> None:
    """Give the files that were committed with CRLF before a merge, and what was made of them, only CRLF again."""
    if not any(index == "crlf" for index, _ in before.values()):
        return
    unmerged = _unmerged(folder)
    for path, (_, tree) in _line_ends(folder).items():
        was, _ = before.get(path, ("", ""))
        if tree in ("lf", "mixed") and (was == "crlf" or (tree == "mixed" and was != "mixed")):
            text = (folder / path).read_bytes()
            (folder / path).write_bytes(text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
            if path not in unmerged:
                git(folder, *ANY_LINE_ENDS, "add", "--", path)
