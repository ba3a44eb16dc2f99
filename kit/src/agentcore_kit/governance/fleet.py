"""The command `fleet`: how far each repository is, over a folder of clones: template, kit, model, gate, drift, ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.use_cases import UseCases, load_use_cases
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.delivery.template_release import releases
from agentcore_kit.governance import pages
from agentcore_kit.governance.fleet_row import (
    UNKNOWN,
    FleetRow,
    TemplateState,
    fleet_row,
    is_repository,
    template_state,
)
from agentcore_kit.governance.neighbours import folders

_AT_ONCE = 8
_PATIENCE_SECONDS = 30.0
_PROTOCOLS = "file:https:ssh"
"""How git may reach a template: a clone names the address, and another protocol could start a program here."""


def fleet(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Repositories, or folders with clones of them; the folder above, if none.", metavar="[FOLDER]…"
        ),
    ] = None,
    template: Annotated[
        str, typer.Option(help="Where the template's releases are, for all; where each repository says, if empty.")
    ] = "",
    github: Annotated[
        bool, typer.Option("--github", help="Ask GitHub for the last delivery of each, with gh.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for another program to read.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write a page to this file as well.", metavar="FILE")] = None,
) -> None:
    """Show for each repository its template release, kit, model, last gate, drift, and what ends soon."""
    with reported_errors():
        if github and shutil.which("gh") is None:
            raise CommandError("there is no gh here", "install GitHub's gh, or leave --github out", WRONG_INPUT)
        found = _repositories(places or [Path("..")])
        kit, today = version("agentcore-kit"), datetime.now(UTC).date()
        rows = fleet_rows(found, template, _cases(), today, github)
        if page:
            pages.write(page, "fleet.html.jinja", {"rows": rows, "kit": kit, "day": today})
        if as_json:
            print(json.dumps({"kit": kit, "repositories": [*map(asdict, rows)]}, indent=2))
            return
        _show(rows)
        if page:
            print(f"= {page}")


def fleet_rows(
    paths: Sequence[Path], template: str, cases: UseCases | None, today: date, ask_github: bool = False
) -> list[FleetRow]:
    """Return a row for each repository, by name.

    Args:
        paths: The folders of the repositories.
        template: The address of the template's git repository; empty for what each repository's `.cruft.json` says.
        cases: The register of use cases; None where it is not at hand.
        today: The day that ends are compared with.
        ask_github: Whether GitHub is asked for the last delivery of each.
    """
    states = {path: template_state(path) for path in paths}
    sources = {path: template or _address(path, state) for path, state in states.items()}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        wanted = sorted({*sources.values()} - {""})
        known: Mapping[str, list[str]] = dict(zip(wanted, pool.map(_releases, wanted), strict=True))
        rows = pool.map(lambda path: fleet_row(path, known.get(sources[path], []), cases, today, ask_github), paths)
        return sorted(rows, key=lambda row: (row.name, row.path))


def _repositories(places: Iterable[Path]) -> list[Path]:
    """Return the folders that are rows: what was named, and what is in a folder of clones."""
    found: dict[Path, None] = {}
    for place in places:
        if is_repository(place) or not place.is_dir():
            found[place.resolve()] = None
        else:
            inside = [path for path in folders(place) if is_repository(path)]
            if not inside:
                raise ConfigError([f"{place}: no repository is in this folder; name one with clones of them"])
            found |= dict.fromkeys(path.resolve() for path in inside)
    return list(found)


def _address(path: Path, state: TemplateState) -> str:
    """Return where the template of a repository is; a path is meant from the repository."""
    there = path / state.address
    return str(there.resolve()) if state.address and there.is_dir() else state.address


def _releases(address: str) -> list[str]:
    """Return the releases of a template, the oldest first; none when it cannot be reached."""
    variables = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "ls-remote", "--tags", "--", address],  # noqa: S607
            env=os.environ | variables, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    return releases(done.stdout) if done.returncode == 0 else []


def _cases() -> UseCases | None:
    """Return this repository's register of use cases; None where it has none, or a wrong one."""
    try:
        return load_use_cases()
    except ConfigError:
        return None


def _show(rows: Sequence[FleetRow]) -> None:
    """Print a table, and below it what is due or wrong, one line each."""
    lines = [("NAME", "KIND", "TEMPLATE", "KIT", "MODEL", "LAST GATE", "DRIFT")]
    lines += [(row.name, row.kind, release(row), row.kit, row.model, row.gate, row.drift) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for row in rows:
        for text in [*row.due, *([row.problem] if row.problem else [])]:
            print(f"{row.name}: {text}")
    if unknown := [row.name for row in rows if row.kind and row.template == UNKNOWN]:
        print(f"template unknown, as there is no .cruft.json: {', '.join(unknown)}; made with cookiecutter instead of")
        print("cruft; `cruft link TEMPLATE` in the repository writes it, then kit template-update can bring releases")
    print(f"= {len(rows)} {'repository' if len(rows) == 1 else 'repositories'}; this kit is {version('agentcore-kit')}")


def release(row: FleetRow) -> str:
    """Return the template's release of a row, and how far it is behind."""
    match row.behind:
        case None:
            return row.template
        case 0:
            return f"{row.template} (newest)"
    return f"{row.template} ({row.behind} behind)"
