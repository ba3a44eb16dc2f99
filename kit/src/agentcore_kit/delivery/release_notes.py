"""What a release brings: `notes` from its commits and its evaluation."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.commits import commit_named, git_says, short
from agentcore_kit.delivery.errors import reported_errors

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
        start = since or git_says("describe", "--tags", "--abbrev=0", missing="")
        known = commit_named(start)
        subjects = git_says("log", "--no-merges", "--format=%s", f"{known}..HEAD" if known else "HEAD", missing="")
        table = repository_root() / comparison
        evaluation = table.read_text(encoding="utf-8") if table.is_file() else ""
        print(text(about.name, about.version, start, subjects.splitlines(), evaluation, known=bool(known)))


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
        return f"Everything there is: {short(since)}, where this would begin, is not in the history."
    return f"Since {short(since)}." if since else "The first release."
