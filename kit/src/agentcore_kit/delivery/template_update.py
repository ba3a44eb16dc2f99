"""`template-update`: take a release of the template into this repository, or say what conflicts.

cruft generates the old and the new release from the same answers, and git merges what is between them as it merges a
branch: so a file that the template moved keeps the team's change, and one that it removed is a conflict when the team
has changed it. (`cruft update` applies a patch instead, and ends with 0 where a part of it did not fit.)
The requirement files are not merged as text: pins are taken package by package, and then compiled again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from agentcore_kit.checks.commands import BIN, TOOLS, compile_all
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, WRONG_INPUT, CommandError, reported_errors

STATE = ".cruft.json"
LOCKS = ("requirements.txt", "requirements-dev.txt")
REPORT = Path(".local/delivery/update.md")

_WHO = ("-c", "user.name=template-update", "-c", "user.email=template-update@users.noreply.github.com")
_RELEASE = re.compile(r"refs/tags/(v?(\d+)\.(\d+)\.(\d+))$", re.MULTILINE)
_KIT = re.compile(r"""(?<=["'])agentcore-kit(?P<extras>\[[^\]]*\])?(?P<versions>[^"']*)(?=["'])""")

Pins = dict[str, list[str]]
"""The lines `name==version` of a requirement file, by the name of the package."""


@dataclass(frozen=True)
class Conflict:
    """A file that needs a decision of the team, and why."""

    path: str
    reason: str


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
                old, new = pool.map(lambda each: _generate(root, state, *each), wanted)
            change = _commit_change(root, state, old, new, folder)
            if resolve:
                _update_here(root, tag, change, old, new)
                return
            with _copy_of(root, folder / "copy") as copy:
                deleted = _merge(copy, change, tag)
                _compile(copy, old, new)
                _git(copy, "add", "--all")
                _git(copy, *_WHO, "commit", "--quiet", "--message", f"Update from the template, release {tag}")
                commit = _git(copy, "rev-parse", "HEAD").strip()
                _write_report(
                    root, copy, f"release {tag} (before: {state.get('checkout') or state['commit'][:10]})", deleted
                )
            _git(root, "merge", "--ff-only", "--quiet", commit)
        print(f"updated to release {tag}; next: make setup check test", file=sys.stderr)
        print(f"tag={tag}")


def newest_release(listing: str) -> str | None:
    """Return the newest release of a listing of `git ls-remote --tags`: versions only, in the order of versions."""
    newest = max(_RELEASE.finditer(listing), key=lambda match: tuple(map(int, match.groups()[1:])), default=None)
    return newest[1] if newest else None


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
    kept = {name: lines for name, lines in ours.items() if _versions(ours, name) != _versions(old, name)}
    return dict(sorted((new | kept).items()))


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


def _refuse_changes(root: Path) -> None:
    """Stop unless the working tree is as it was committed: an update must not mix with the team's open changes."""
    top = Path(_git(root, "rev-parse", "--show-toplevel").strip()).resolve()
    if top != root.resolve():
        raise CommandError(
            f"the git repository is {top}, its part {root} cannot be updated alone", _BY_HAND, WRONG_INPUT
        )
    if found := _conflicts(root):
        raise CommandError(
            f"conflicts of an earlier update or merge are still open in: {', '.join(each.path for each in found)}",
            "resolve them, kit lock, then commit; or give it up: git reset --hard",
            GATE_NOT_PASSED,
        )
    if changed := _git(root, "status", "--porcelain").splitlines():
        names = ", ".join(line[3:] for line in changed[:5]) + (" …" if len(changed) > 5 else "")
        raise CommandError(f"there are changes that are not committed: {names}", "commit or stash them", WRONG_INPUT)


_BY_HAND = "update it with cruft by hand, see .venv/tools/bin/cruft update --help"


def _choose_release(root: Path, state: dict[str, Any], to: str | None) -> str | None:
    """Return the release to take; None when there is nothing newer, and say so."""
    try:
        listing = _git(root, "ls-remote", "--tags", state["template"])
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


def _generate(root: Path, state: dict[str, Any], checkout: str, folder: Path) -> Release:
    """Generate the repository from a version of the template, with the same answers and without what is left alone."""
    answers = {key: value for key, value in state["context"]["cookiecutter"].items() if not key.startswith("_")}
    folder.mkdir()
    command = ["create", state["template"], "--no-input", "--default-config", "--checkout", checkout]
    command += ["--output-dir", str(folder)]
    command += ["--directory", state["directory"]] if state.get("directory") else []
    try:
        _run(root, str(_cruft()), *command, "--extra-context", json.dumps(answers))
    except CommandError as error:
        raise CommandError(
            f"version {checkout} of the template cannot be generated with the answers in {STATE}: {error.message}",
            "correct the answer that is named there, or ask those who look after the template",
        ) from None
    (made,) = folder.iterdir()
    created = json.loads((made / STATE).read_text(encoding="utf-8"))
    pins = {name: read_pins(_text(made / name)) for name in LOCKS}
    _leave_out(made, [*LOCKS, STATE, *_skipped(root, state)])
    return Release(made, created, pins)


def _skipped(root: Path, state: dict[str, Any]) -> Iterator[str]:
    """Yield what the team has told cruft to leave alone."""
    yield from state.get("skip", [])
    project = tomllib.loads(_text(root / "pyproject.toml"))
    yield from project.get("tool", {}).get("cruft", {}).get("skip", [])


def _leave_out(folder: Path, patterns: list[str]) -> None:
    for pattern in patterns:
        for path in [*folder.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


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
        _leave_out(new.folder, ["vendor"])
    parent: list[str] = []
    for release in (old, new):
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        git_dir = _git(root, "rev-parse", "--absolute-git-dir").strip()
        files = (f"--git-dir={git_dir}", f"--work-tree={release.folder}")
        _git(release.folder, *files, "add", "--all", "--force", ".", variables=index)
        tree = _git(release.folder, *files, "write-tree", variables=index).strip()
        commit = _git(root, *_WHO, "commit-tree", tree, *parent, "-m", "The template").strip()
        parent = ["-p", commit]
    return parent[1]


def _require_kit(path: Path, like: Path) -> None:
    """Let a pyproject.toml require the version of the kit that another one does; nothing else in it changes."""
    wanted = _KIT.search(_text(like))
    if wanted and path.is_file():
        text = _KIT.sub(lambda found: f"agentcore-kit{found['extras'] or ''}{wanted['versions']}", _text(path))
        path.write_text(text, encoding="utf-8")


@contextmanager
def _copy_of(root: Path, folder: Path) -> Iterator[Path]:
    """Yield a second working tree of the last commit, so that whatever goes wrong leaves the first as it was."""
    _git(root, "worktree", "add", "--quiet", "--detach", str(folder), "HEAD")
    try:
        yield folder
    finally:
        _git(root, "worktree", "remove", "--force", str(folder))


def _pick(folder: Path, change: str) -> tuple[list[str], list[Conflict]]:
    """Merge the template's change into a working tree. Return files that stay deleted, and what conflicts."""
    options = ("-c", "merge.renames=true", "-c", "merge.directoryRenames=conflict", *_WHO)
    try:
        _git(folder, *options, "cherry-pick", "--no-commit", change)
    except CommandError:
        if not _conflicts(folder):
            raise
    deleted = [each.path for each in _conflicts(folder) if each.reason == _STAYS_DELETED]
    if deleted:
        _git(folder, "rm", "--quiet", "--force", "--", *deleted)
    return deleted, _conflicts(folder)


def _merge(copy: Path, change: str, tag: str) -> list[str]:
    """Merge the template's change, and return the files that stay deleted; stop when something conflicts."""
    deleted, conflicts = _pick(copy, change)
    if conflicts:
        lines = "".join(f"\n       {each.path}: {each.reason}" for each in conflicts)
        raise CommandError(
            f"release {tag} conflicts with changes of this repository, which are kept; nothing was changed:{lines}",
            f"on a branch of your own: kit template-update --to {tag} --resolve, which leaves the conflicts in the "
            f"files;\n       or let the update leave a file alone: [tool.cruft] skip in pyproject.toml",
            GATE_NOT_PASSED,
        )
    return deleted


def _update_here(root: Path, tag: str, change: str, old: Release, new: Release) -> None:
    """Merge into the team's own working tree, and leave to the team what conflicts."""
    _, conflicts = _pick(root, change)
    if not conflicts:
        _compile(root, old, new)
        print(f"release {tag} is merged without a conflict; next: make setup check test; git commit --all")
        return
    if "pyproject.toml" not in {each.path for each in conflicts}:
        _require_kit(root / "pyproject.toml", new.folder / "pyproject.toml")
    _write_pins(root, old, new)
    lines = "".join(f"\n       {each.path}: {each.reason}" for each in conflicts)
    raise CommandError(
        f"release {tag} is merged but for:{lines}",
        "resolve them (git add, or git rm for what shall go), then: kit lock; make setup check test; git commit --all\n"
        "       or give it up: git reset --hard",
        GATE_NOT_PASSED,
    )


_STAYS_DELETED = "this repository has deleted it, and the template changed it"
_REASONS = {
    "12": "the template removed or moved it, and this repository changed it",
    "13": _STAYS_DELETED,
    "123": "both changed the same lines",
    "2": "this repository added it to a folder that the template moved; this is where it would go",
    "23": "both added it, with another content",
}


def _conflicts(folder: Path) -> list[Conflict]:
    """Return what git could not merge, in the words of who did what."""
    stages: dict[str, str] = {}
    for line in filter(None, _git(folder, "ls-files", "--unmerged", "-z").split("\0")):
        facts, _, path = line.partition("\t")
        stages[path] = stages.get(path, "") + facts.split()[2]
    return [Conflict(path, _REASONS.get(found, "both moved it")) for path, found in stages.items()]


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
        pins = merge_pins(read_pins(_text(folder / name)), old.pins[name], new.pins[name])
        lines = [line for lines in pins.values() for line in lines]
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_report(root: Path, updated: Path, release: str, deleted: list[str]) -> None:
    """Write what was done, for the pull request."""
    before, after = (read_pins("".join(_text(folder / name) for name in LOCKS)) for folder in (root, updated))
    changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    lines = [f"The template's {release}. No conflicts; CI says whether all is right.", ""]
    lines += [f"- `{name}`: {_versions(before, name)} → {_versions(after, name)}" for name in changed]
    lines += [f"- `{path}` stays deleted, although the release changed it" for path in deleted]
    path = root / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _versions(pins: Pins, name: str) -> str:
    found = dict.fromkeys(line.partition("==")[2].split(";")[0].strip() for line in pins.get(name, []))
    return ", ".join(found) or "none"


def _cruft() -> Path:
    """Return cruft, in the place of its own that `setup-tools` gives it, or beside Python."""
    found = next((path for path in (TOOLS / "cruft", BIN / "cruft") if path.exists()), None)
    if found is None:
        raise CommandError("cruft is not installed", "make setup")
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _git(folder: Path, *arguments: str, variables: dict[str, str] | None = None) -> str:
    return _run(folder, "git", *arguments, variables=variables)


def _run(folder: Path, *command: str, variables: dict[str, str] | None = None) -> str:
    """Run a program in a folder and return what it printed."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", **(variables or {})}  # ask nobody for a password
    done = subprocess.run([*command], cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-500:]
        raise CommandError(said or f"{Path(command[0]).name} ended with {done.returncode}", "correct it, then again")
    return done.stdout
