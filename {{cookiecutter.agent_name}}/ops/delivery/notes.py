"""`notes`: release notes from the commits since the last tag, and what evaluation says of the change."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from ops.delivery.stop import BAD_INPUT, Stop, stops
from ops.document import ROOT
from ops.manifest import load_manifest

# Conventional Commits, where a team writes them; anything else is a change.
_KINDS = {"feat": "Added", "fix": "Fixed", "perf": "Faster", "docs": "Documentation"}
_COMMIT = re.compile(r"(?P<kind>[a-z]+)(\([^)]*\))?(?P<breaking>!?): (?P<text>.+)")


def notes(
    since: Annotated[str, typer.Option(envvar="SINCE", help="A tag or commit; the last tag, if empty.")] = "",
    comparison: Annotated[
        str, typer.Option(envvar="COMPARISON", help="The table that make compare WRITE=… wrote.")
    ] = "evals/results/comparison.md",
) -> None:
    """Print release notes as Markdown."""
    with stops():
        about = load_manifest().metadata
        start = since or _git("describe", "--tags", "--abbrev=0", missing="")
        if since and not _git("rev-parse", "--verify", "--quiet", f"{since}^{{commit}}", missing=""):
            raise Stop(f"SINCE={since} is neither a tag nor a commit", "git tag lists the tags", BAD_INPUT)
        subjects = _git("log", "--no-merges", "--format=%s", f"{start}..HEAD" if start else "HEAD", missing="")
        table = ROOT / comparison
        evaluation = table.read_text(encoding="utf-8") if table.is_file() else ""
        print(text(about.name, about.version, start, subjects.splitlines(), evaluation))


def text(name: str, version: str, since: str, subjects: list[str], evaluation: str = "") -> str:
    """Return release notes: breaking changes first, then by kind, then what evaluation says."""
    groups: dict[str, list[str]] = {}
    for subject in subjects:
        match = _COMMIT.fullmatch(subject)
        kind = _KINDS.get(match["kind"], "Changed") if match else "Changed"
        said = match["text"] if match and match["kind"] in _KINDS else subject
        groups.setdefault("Breaking" if match and match["breaking"] else kind, []).append(said)
    order = ["Breaking", "Added", "Fixed", "Faster", "Changed", "Documentation"]
    lines = [f"# {name} {version}", "", f"Since {_short(since)}." if since else "The first release."]
    for group in sorted(groups, key=order.index):
        lines += ["", f"## {group}", "", *(f"- {said}" for said in groups[group])]
    if evaluation:
        lines += ["", "## Evaluation", "", evaluation.strip()]
    return "\n".join(lines)


def _short(name: str) -> str:
    return name[:12] if re.fullmatch("[0-9a-f]{40}", name) else name


def _git(*arguments: str, missing: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=Path(ROOT), capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else missing
