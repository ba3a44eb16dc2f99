"""`template-update`: take a release of the template into this repository, or say what conflicts.

cruft generates the old and the new release from the same answers, and git merges what is between them as it merges a
branch: so a file that the template moved keeps the team's change, and one that it removed is a conflict when the team
has changed it. (`cruft update` applies a patch instead, and ends with 0 where a part of it did not fit.)
The requirement files are not merged as text: pins are taken package by package, and then compiled again.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Annotated, Any
from zipfile import ZipFile

import typer

from agentcore_kit.checks.commands import compile_all
from agentcore_kit.config.ejected import FOLDER
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.delivery.template_merge import (
    ANY_LINE_ENDS,
    SUBJECT,
    WHO,
    Conflict,
    committed_conflicts,
    follow_renames,
    merge,
    only_line_ends_differ,
    open_conflicts,
)
from agentcore_kit.delivery.template_release import (
    LOCKS,
    STATE,
    Release,
    generate,
    git,
    leave_out,
    merge_pins,
    newest_release,
    read_pins,
    text_of,
    versions,
)

REPORT = Path(".local/delivery/update.md")

_KIT = re.compile(r"""(?<=["'])agentcore-kit(?P<extras>\[[^\[\]]*\])?(?P<versions>[^"']*)(?=["'])""")


def template_update(
    to: Annotated[str | None, typer.Option(metavar="TAG", help="This release, instead of the newest.")] = None,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Leave the conflicts in the files, to be resolved and committed by you.")
    ] = False,
) -> None:
    """Take a release of the template and commit it. With a conflict nothing is changed, and the exit code is 1.

    Prints `tag=…`, empty when there is nothing newer; `.local/delivery/update.md` says what was done.
    """
    with reported_errors():
        root = repository_root()
        _check_repository(root)
        state = _read_state(root)
        _refuse_changes(root)
        tag = _choose_release(root, state, to)
        if tag is None:
            print("tag=")
            return
        with tempfile.TemporaryDirectory(prefix="template-update-") as name:
            folder = Path(name).resolve()
            with ThreadPoolExecutor() as pool:
                wanted = ((state["commit"], folder / "old"), (tag, folder / "new"))
                old, new = pool.map(lambda each: generate(root, state, *each), wanted)
            change = _commit_change(root, state, old, new, folder)
            if resolve:
                _update_here(root, tag, change, old, new)
                return
            with _copy_of(root, folder / "copy") as copy:
                deleted = _merge(copy, change, tag)
                _compile(copy, old, new)
                git(copy, *ANY_LINE_ENDS, "add", "--all")
                git(copy, *WHO, "commit", "--quiet", "--message", f"Update from the template, release {tag}")
                commit = git(copy, "rev-parse", "HEAD").strip()
                _write_report(
                    root, copy, f"release {tag} (before: {state.get('checkout') or state['commit'][:10]})", deleted
                )
            git(root, "merge", "--ff-only", "--quiet", commit)
        for path in deleted:
            print(f"{path} stays deleted, although the release changed it", file=sys.stderr)
        print(f"updated to release {tag}; next: make setup check test", file=sys.stderr)
        print(f"tag={tag}")


def _read_state(root: Path) -> dict[str, Any]:
    path = root / STATE
    if not path.exists():
        link = ".venv/tools/bin/cruft link TEMPLATE --checkout TAG"
        raise CommandError(f"there is no {STATE}", f"link this repository to its template: {link}", WRONG_INPUT)
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if {"template", "commit", "context"} <= state.keys():
            return state
        problem = "it lacks template, commit or context"
    except (ValueError, AttributeError) as error:
        problem = str(error)
    raise CommandError(f"{STATE} cannot be read: {problem}", "restore it from version control", WRONG_INPUT)


def _check_repository(root: Path) -> None:
    """Stop where there is no whole git repository, or one with a merge that is not done."""
    try:
        top = Path(git(root, "rev-parse", "--show-toplevel").strip()).resolve()
    except CommandError:
        raise CommandError("this is no git repository", "git init, and commit what is here", WRONG_INPUT) from None
    if top != root.resolve():
        raise CommandError(
            f"the git repository begins in {top}, above this component; only a whole one can be updated",
            "give the component a git repository of its own",
            WRONG_INPUT,
        )
    if found := open_conflicts(root):
        raise CommandError(
            f"conflicts of an earlier update or merge are still open in: {', '.join(each.path for each in found)}",
            "resolve them, kit lock, then commit; or give it up: git reset --hard",
            GATE_NOT_PASSED,
        )


def _refuse_changes(root: Path) -> None:
    """Stop unless the working tree is as it was committed: an update must not mix with the team's open changes."""
    if changed := git(root, "status", "--porcelain", "-z", "--no-renames").split("\0")[:-1]:
        names = ", ".join(line[3:] for line in changed[:5]) + (" …" if len(changed) > 5 else "")
        if only_line_ends_differ(root):
            raise CommandError(
                f"line ends are not those that git is told to keep, so these files are never unchanged: {names}",
                "git add --renormalize . && git commit --message 'Line ends', then the same again",
                WRONG_INPUT,
            )
        raise CommandError(
            f"there are changes that are not committed: {names}",
            "commit them, or put them aside: git stash --include-untracked",
            WRONG_INPUT,
        )
    if marked := committed_conflicts(root):
        raise CommandError(
            f"conflicts of an earlier update were committed with their markers: {', '.join(marked)}",
            "resolve them (search for <<<<<<< and >>>>>>>), kit lock, then commit",
            GATE_NOT_PASSED,
        )


def _choose_release(root: Path, state: dict[str, Any], to: str | None) -> str | None:
    """Return the release to take; None when there is nothing newer, and say so."""
    try:
        listing = git(root, "ls-remote", "--tags", state["template"])
    except CommandError as error:
        next_step = f"check the network, and whether you may read {state['template']}"
        raise CommandError(f"the template's releases cannot be listed: {error.message}", next_step) from None
    if to and f"refs/tags/{to}" not in listing.split():
        newest = newest_release(listing)
        raise CommandError(
            f"the template has no release {to}",
            f"the newest is {newest}" if newest else "it has no release yet",
            WRONG_INPUT,
        )
    tag = to or newest_release(listing)
    if tag is None or tag == state.get("checkout"):
        reason = f"this repository has release {tag}" if tag else "the template has no release yet"
        print(f"nothing to do: {reason}{'' if to or tag is None else ', the newest'}", file=sys.stderr)
        return None
    return tag


def _commit_change(root: Path, state: dict[str, Any], old: Release, new: Release, folder: Path) -> str:
    """Return a commit that holds the change from the old release to the new one; no branch has it.

    What the team surely has changed is made equal in both, so that it is no change of the template: .cruft.json, and
    the requirement of the kit, beside which the team writes its own packages.
    """
    changed = {key: new.state[key] for key in ("commit", "checkout", "context")}
    (old.folder / STATE).write_bytes((root / STATE).read_bytes())
    text = json.dumps({**state, **changed}, ensure_ascii=False, indent=2)
    (new.folder / STATE).write_text(text + "\n", encoding="utf-8")
    _require_kit(old.folder / "pyproject.toml", new.folder / "pyproject.toml")
    if (old.folder / "vendor").is_dir() and not (root / "vendor").is_dir():  # the team's kit comes from an index
        leave_out(new.folder, ["vendor"])
    follow_renames(root, old.folder, new.folder)
    parent: list[str] = []
    for release in (old, new):
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        git_dir = git(root, "rev-parse", "--absolute-git-dir").strip()
        files = (f"--git-dir={git_dir}", f"--work-tree={release.folder}")
        git(release.folder, *files, *ANY_LINE_ENDS, "add", "--all", "--force", ".", variables=index)
        tree = git(release.folder, *files, "write-tree", variables=index).strip()
        commit = git(root, *WHO, "commit-tree", tree, *parent, "-m", SUBJECT).strip()
        parent = ["-p", commit]
    return parent[1]


def _require_kit(path: Path, like: Path) -> None:
    """Let a pyproject.toml require the version of the kit that another one does; nothing else in it changes."""
    wanted = _KIT.search(text_of(like))
    if wanted and path.is_file():
        text = _KIT.sub(lambda found: f"agentcore-kit{found['extras'] or ''}{wanted['versions']}", text_of(path))
        path.write_text(text, encoding="utf-8")


@contextmanager
def _copy_of(root: Path, folder: Path) -> Iterator[Path]:
    """Yield a second working tree of the last commit, so that whatever goes wrong leaves the first as it was."""
    git(root, "worktree", "add", "--quiet", "--detach", str(folder), "HEAD")
    try:
        yield folder
    finally:
        git(root, "worktree", "remove", "--force", str(folder))


def _merge(copy: Path, change: str, tag: str) -> list[str]:
    """Merge the template's change, and return the files that stay deleted; stop when something conflicts."""
    merged = merge(copy, change)
    if merged.conflicts:
        lines = _listed(merged.conflicts)
        raise CommandError(
            f"release {tag} conflicts with changes of this repository, which are kept; nothing was changed:{lines}",
            f"on a branch of your own: kit template-update --to {tag} --resolve, which leaves the conflicts in the "
            f"files;\n       or let the update leave a file alone: [tool.cruft] skip in pyproject.toml",
            GATE_NOT_PASSED,
        )
    return merged.deleted


def _update_here(root: Path, tag: str, change: str, old: Release, new: Release) -> None:
    """Merge into the team's own working tree, and leave to the team what conflicts."""
    with _undone_on_failure(root):
        merged = merge(root, change)
        if merged.conflicts:
            if "pyproject.toml" not in {each.path for each in merged.conflicts}:
                _require_kit(root / "pyproject.toml", new.folder / "pyproject.toml")
            _write_pins(root, old, new)
        else:
            _compile(root, old, new)
    for path in merged.deleted:
        print(f"{path} stays deleted, although the release changed it", file=sys.stderr)
    if merged.conflicts:
        raise CommandError(
            f"release {tag} is merged but for:{_listed(merged.conflicts)}",
            "resolve them (git add, or git rm for what shall go), then: kit lock; make setup check test; "
            "git commit --all\n       or give it up: git reset --hard",
            GATE_NOT_PASSED,
        )
    print(f"release {tag} is merged without a conflict; next: make setup check test; git commit --all")


@contextmanager
def _undone_on_failure(root: Path) -> Iterator[None]:
    """Put a working tree, which was as it was committed, back to that when something fails or is interrupted."""
    try:
        yield
    except BaseException:
        git(root, "reset", "--quiet", "--hard")
        raise


def _listed(conflicts: list[Conflict]) -> str:
    return "".join(f"\n       {each.path}: {each.reason}" for each in conflicts)


def _compile(folder: Path, old: Release, new: Release) -> None:
    """Compile the requirement files of a merged tree."""
    _require_kit(folder / "pyproject.toml", new.folder / "pyproject.toml")
    _write_pins(folder, old, new)
    try:
        with chdir(folder):
            compile_all()
    except SystemExit:
        raise CommandError(
            "the requirement files could not be compiled, for the reason above; nothing was changed",
            "check the network and your index (it needs the new kit when there is no vendor/), then the same again",
            COULD_NOT,
        ) from None


def _write_pins(folder: Path, old: Release, new: Release) -> None:
    """Write the merged pins, which the compiler keeps as far as they fit together."""
    for name in LOCKS:
        pins = merge_pins(read_pins(text_of(folder / name)), old.pins[name], new.pins[name])
        lines = [line for lines in pins.values() for line in lines]
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_report(root: Path, updated: Path, release: str, deleted: list[str]) -> None:
    """Write what was done, for the pull request."""
    before, after = (read_pins("".join(text_of(folder / name) for name in LOCKS)) for folder in (root, updated))
    changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    lines = [f"The template's {release}. No conflicts; CI says whether all is right.", ""]
    lines += [f"- `{name}`: {versions(before, name)} → {versions(after, name)}" for name in changed]
    lines += [f"- `{path}` stays deleted, although the release changed it" for path in deleted]
    lines += [f"- `{path}`: the kit's own of it has changed; compare them" for path in _outdated_ejected(root, updated)]
    path = root / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _outdated_ejected(before: Path, after: Path) -> Iterator[str]:
    """Yield the modules in src/ejected whose own in the kit's wheel is another one after an update."""
    wheels = [next(folder.glob("vendor/agentcore_kit-*.whl"), None) for folder in (before, after)]
    if not all(wheels):
        return
    old, new = ({info.filename: info.CRC for info in ZipFile(wheel).infolist()} for wheel in wheels if wheel)
    for path in sorted((after / FOLDER).rglob("*.py")):
        name = path.relative_to(after / FOLDER).as_posix()
        if old.get(name) != new.get(name):
            yield path.relative_to(after).as_posix()
