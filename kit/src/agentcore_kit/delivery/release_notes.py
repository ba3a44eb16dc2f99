"""What a release brings: `notes` from its commits and its evaluation; `newer` says whether it brings anything."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError, reported_errors

# Conventional Commits, where a team writes them; anything else is a change.
_KINDS = {"feat": "Added", "fix": "Fixed", "perf": "Faster", "docs": "Documentation"}
_CONVENTIONAL = re.compile(r"(?P<kind>[a-z]+)(\([^)]*\))?(?P<breaking>!?): (?P<text>.+)")


Since = Annotated[str, typer.Option(help="A tag or commit; the last tag, if empty.")]


def notes(
    since: Since = "",
    comparison: Annotated[
        str, typer.Option(help="The table that kit compare --write … wrote.")
    ] = "evals/results/comparison.md",
) -> None:
    """Print release notes as Markdown."""
    with reported_errors():
        about = load_manifest().metadata
        start = since or _git("describe", "--tags", "--abbrev=0", missing="")
        known = _commit(start)
        subjects = _git("log", "--no-merges", "--format=%s", f"{known}..HEAD" if known else "HEAD", missing="")
        table = repository_root() / comparison
        evaluation = table.read_text(encoding="utf-8") if table.is_file() else ""
        print(text(about.name, about.version, start, subjects.splitlines(), evaluation, known=bool(known)))


def newer(since: Since = "") -> None:
    """Exit with 1 when --since, which was delivered last, has this commit already: an old delivery, run again."""
    with reported_errors():
        if since and _git("rev-parse", "--is-shallow-repository", missing="") == "true":
            raise CommandError(
                "this clone is shallow: its history does not say which of two commits is newer",
                "git fetch --unshallow, then the same again (in a workflow: fetch-depth: 0 of actions/checkout)",
                WRONG_INPUT,
            )
        head, last = _commit("HEAD"), _commit(since)
        if last and last != head == _git("merge-base", head, last, missing=""):
            raise CommandError(
                f"commit {_short(head)} is older than {_short(last)}, which was delivered last; nothing was changed",
                "deliver main again instead; to go back on purpose: kit rollback --env …",
                GATE_NOT_PASSED,
            )
        print(f"commit {_short(head)} is not older than what was delivered last")


def text(name: str, version: str, since: str, subjects: list[str], evaluation: str = "", *, known: bool = True) -> str:
    """Return release notes: breaking changes first, then by kind, then what evaluation says."""
    groups: dict[str, list[str]] = {}
    for subject in subjects:
        match = _CONVENTIONAL.fullmatch(subject)
        kind = _KINDS.get(match["kind"], "Changed") if match else "Changed"
        said = match["text"] if match and match["kind"] in _KINDS else subject
        groups.setdefault("Breaking" if match and match["breaking"] else kind, []).append(said)
    order = ["Breaking", "Added", "Fixed", "Faster", "Changed", "Documentation"]
    lines = [f"# {name} {version}", "", _begins(since, known=known)]
    for group in sorted(groups, key=order.index):
        lines += ["", f"## {group}", "", *(f"- {said}" for said in groups[group])]
    if evaluation:
        lines += ["", "## Evaluation", "", evaluation.strip()]
    return "\n".join(lines)


def _begins(since: str, *, known: bool) -> str:
    if since and not known:
        return f"Everything there is: {_short(since)}, where this would begin, is not in the history."
    return f"Since {_short(since)}." if since else "The first release."


def _commit(name: str) -> str:
    """Return the commit that a tag or commit names, empty when the history has none."""
    return _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", missing="") if name else ""


def _short(name: str) -> str:
    return name[:12] if re.fullmatch("[0-9a-f]{40}", name) else name


def _git(*arguments: str, missing: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=Path(repository_root()), capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else missing
