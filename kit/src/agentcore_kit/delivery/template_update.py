"""`template-update`: bring the newest release of the template into this repository, or say what conflicts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors

CRUFT = Path(sys.prefix) / "tools" / "bin" / "cruft"
STATE, REPORT = repository_root() / ".cruft.json", repository_root() / ".local" / "delivery" / "update.md"
_RELEASE = re.compile(r"refs/tags/(v?(\d+)\.(\d+)\.(\d+))$")


def template_update() -> None:
    """Update from the template's newest release and commit. Prints `tag=…`, empty when there is nothing to do."""
    with reported_errors():
        if not STATE.exists():
            link = ".venv/tools/bin/cruft link TEMPLATE"
            raise CommandError("there is no .cruft.json", f"link this repository to its template: {link}", WRONG_INPUT)
        state = json.loads(STATE.read_text(encoding="utf-8"))
        tag = newest_release(_run("git", "ls-remote", "--tags", state["template"]))
        if tag is None or tag == state.get("checkout"):
            print("tag=")
            return
        _run(str(CRUFT), "update", "--skip-apply-ask", "--checkout", tag)
        if found := conflicts():
            raise CommandError(
                f"release {tag} conflicts with changes of this repository in: {', '.join(found)}",
                "on your machine: kit template-update, which leaves them marked; then resolve and commit",
            )
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(
            f"The template's release {tag}. No conflicts; CI says whether all is right.\n", encoding="utf-8"
        )
        _run("git", "add", "--all")
        who = ["-c", "user.name=template-update", "-c", "user.email=template-update@users.noreply.github.com"]
        _run("git", *who, "commit", "--quiet", "--message", f"Update from the template, release {tag}")
        print(f"tag={tag}")


def newest_release(listing: str) -> str | None:
    """Return the newest release among `git ls-remote --tags`: versions only, in the order of versions."""
    found = [match for line in listing.splitlines() if (match := _RELEASE.search(line))]
    newest = max(found, key=lambda match: tuple(map(int, match.groups()[1:])), default=None)
    return newest[1] if newest else None


def conflicts() -> list[str]:
    """Return what could not be merged. cruft ends with 0 then too, so files tell: unmerged paths and *.rej."""
    unmerged = _run("git", "diff", "--name-only", "--diff-filter=U").splitlines()
    rejected = _run("git", "ls-files", "--others", "--exclude-standard", "*.rej").splitlines()
    return sorted({*unmerged, *(name.removesuffix(".rej") for name in rejected)})


def _run(*command: str) -> str:
    done = subprocess.run([*command], cwd=repository_root(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CommandError(
            f"`{' '.join(command[:4])} …` failed: {done.stderr.strip()[-500:]}", "correct it, then again"
        )
    return done.stdout
