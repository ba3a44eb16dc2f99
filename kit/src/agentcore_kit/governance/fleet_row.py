"""What is known of one repository of a fleet, read from its files; and from GitHub, where that is asked for."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import parse
from agentcore_kit.config.repository import LOCAL, MANIFEST
from agentcore_kit.config.use_cases import UseCases
from agentcore_kit.delivery.template_release import STATE, read_pins, text_of, versions
from agentcore_kit.governance.last_evaluation import last_evaluation
from agentcore_kit.governance.neighbours import Neighbour, read
from agentcore_kit.governance.use_case_check import use_case, use_case_problem

UNKNOWN = "unknown"
DUE = timedelta(days=90)
"""How long before the end of something it is shown as due."""

_WHEEL = re.compile(r"agentcore_kit-(?P<version>[^-]+)-")
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class FleetRow:
    """One repository.

    Attributes:
        path: Its folder, as it was found.
        name: The component's name; the folder's where there is none.
        kind: Agent, Tool, Memory or Platform; empty when it is not known.
        owner: Who answers for it; empty when nobody is named.
        template: The release of the template that it has, or `unknown`.
        behind: How many releases of the template are newer; None when it is not known.
        kit: The version of the kit that it pins, or `unknown`.
        model: The model of its first production environment; empty for a kind that has none.
        gate: The last evaluation or delivery and its outcome, or `unknown`.
        drift: What the last comparison with the account found, or `unknown`.
        due: What ends within 90 days, or has ended: its tools, its use case.
        problem: Why a part of this could not be read; empty when all could.
    """

    path: str
    name: str
    kind: str = ""
    owner: str = ""
    template: str = UNKNOWN
    behind: int | None = None
    kit: str = UNKNOWN
    model: str = ""
    gate: str = UNKNOWN
    drift: str = UNKNOWN
    due: list[str] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True)
class TemplateState:
    """Which template a repository was made from, as its `.cruft.json` says; both are empty when that says nothing."""

    address: str = ""
    release: str = ""


def fleet_row(path: Path, releases: Sequence[str], cases: UseCases | None, today: date, ask_github: bool) -> FleetRow:
    """Return the row of a repository, whatever state it is in.

    Args:
        path: Its folder.
        releases: The releases of its template, the oldest first; empty when they are not known.
        cases: The register of use cases; None where it is not at hand.
        today: The day that ends are compared with.
        ask_github: Whether GitHub is asked for its last delivery.
    """
    try:
        return _row(path, releases, cases, today, ask_github)
    except Exception as error:  # one odd repository must not hide the others
        return FleetRow(str(path), path.name, problem=f"cannot be read: {type(error).__name__}: {_line(str(error))}")


def _row(path: Path, releases: Sequence[str], cases: UseCases | None, today: date, ask_github: bool) -> FleetRow:
    found = read(path)
    if not found.data:
        return FleetRow(str(path), path.name, problem=_line(found.problem))
    state = template_state(path)
    return FleetRow(
        path=str(path),
        name=found.name,
        kind=found.kind,
        owner=found.text("owner"),
        template=state.release or UNKNOWN,
        behind=_behind(state.release, releases),
        kit=_kit(path),
        model=_model(found) if found.kind == "Agent" else "",
        gate=(_delivery(path) if ask_github else "") or _evaluation(path),
        drift=_drift(path),
        due=_due(found, cases, today),
        problem=_line(found.problem),
    )


def template_state(path: Path) -> TemplateState:
    """Return which template a repository was made from, and which release of it it has."""
    try:
        said = json.loads(text_of(path / STATE) or "{}")
    except (OSError, ValueError):
        return TemplateState()
    if not isinstance(said, dict):
        return TemplateState()
    release = said.get("checkout") or str(said.get("commit") or "")[:10]
    return TemplateState(str(said.get("template") or ""), str(release))


def _behind(release: str, releases: Sequence[str]) -> int | None:
    return len(releases) - 1 - releases.index(release) if release in releases else None


def _kit(path: Path) -> str:
    """Return the version of the kit that a repository installs: of the wheel in vendor/, else the one it pins."""
    wheels = (_WHEEL.match(wheel.name) for wheel in (path / "vendor").glob("agentcore_kit-*.whl"))
    found = sorted(match["version"] for match in wheels if match)
    pinned = versions(read_pins(text_of(path / "requirements.txt")), "agentcore-kit")
    if found and pinned not in (*found, "none"):
        return f"{', '.join(found)} (requirements.txt pins {pinned})"
    return ", ".join(found) or (UNKNOWN if pinned == "none" else pinned)


def _model(found: Neighbour) -> str:
    """Return the model of the first production environment."""
    production = found.section("spec", "delivery").get("production")
    name = production[0] if isinstance(production, list) and production else "prod"
    try:
        model = parse(found.path / "environments" / f"{name}.yaml").section("model")
    except ConfigError:
        return UNKNOWN
    return str(model.get("id") or model.get("provider") or UNKNOWN)


def _evaluation(path: Path) -> str:
    found = last_evaluation(path)
    return f"{'passed' if found.passed else 'failed'} {found.date} ({found.environment})" if found else UNKNOWN


def _delivery(path: Path) -> str:
    """Return how the last delivery of the main branch ended, as GitHub says; empty when it cannot be asked."""
    asked = ["gh", "run", "list", "--workflow", "deliver.yml", "--branch", "main", "--limit", "1"]
    try:
        done = subprocess.run(  # noqa: S603
            [*asked, "--json", "conclusion,status,createdAt"],
            cwd=path, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS,
        )  # fmt: skip
        runs: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 else []
        return f"{runs[0]['conclusion'] or runs[0]['status']} {runs[0]['createdAt'][:10]} (delivery)" if runs else ""
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        return ""


def _drift(path: Path) -> str:
    """Return the first line of what `kit drift` has recorded last, with the day of it."""
    record = path / LOCAL / "delivery" / "drift.md"
    said = next((line.lstrip("#- ") for line in text_of(record).splitlines() if line.strip("#- ")), "")
    if not said:
        return UNKNOWN
    return f"{_line(said)} ({datetime.fromtimestamp(record.stat().st_mtime, UTC).date()})"


def _due(found: Neighbour, cases: UseCases | None, today: date) -> list[str]:
    end = found.section("spec", "deprecation")
    due = []
    removal = _date(end.get("removal"))
    if removal and removal <= today + DUE:
        due.append(f"tools {'ended' if removal < today else 'end'} {removal}; use {end.get('useInstead')}")
    if cases and found.kind not in ("", "Platform"):
        wanted = found.text("useCaseId")
        if problem := use_case_problem(wanted, cases, today):
            due.append(problem)
        else:
            known = use_case(wanted, cases)
            ends = known.expires if known else None
            due += [f"use case {wanted} ends {ends}"] if ends and ends <= today + DUE else []
    return due


def _date(value: Any) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _line(text: str) -> str:
    """Return a text as one line of at most 200 characters."""
    return " ".join(text.split())[:200]


def is_repository(path: Path) -> bool:
    """Return whether a folder is a row of the fleet: it has a manifest, or is a clone of something else."""
    try:
        return (path / MANIFEST).exists() or (path / ".git").exists()
    except OSError:
        return True
