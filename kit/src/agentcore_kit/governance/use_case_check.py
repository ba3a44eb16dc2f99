"""Whether a component's use case is in the register of the platform repository beside it; a step of `kit check`."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import parse
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import MANIFEST, repository_path, repository_root
from agentcore_kit.config.use_cases import USE_CASES, UseCase, UseCases, load_use_cases
from agentcore_kit.governance.neighbours import platform_of

SOON = timedelta(days=30)
"""How long before its end a use case is warned of."""


def use_case(wanted: str, cases: UseCases) -> UseCase | None:
    """Return a use case of the register by its id; None when it is not there."""
    return next((one for one in cases.use_cases if one.id == wanted), None)


def use_case_problem(wanted: str, cases: UseCases, today: date) -> str:
    """Say why a component of a use case may not go on; empty when it may.

    Args:
        wanted: The use case's id, as the component's manifest has it.
        cases: The register.
        today: The day that approvals are compared with; a use case is approved until the end of its last day.
    """
    found = use_case(wanted, cases)
    if found is None:
        near = get_close_matches(wanted, [one.id for one in cases.use_cases], n=3)
        which = f"; did you mean {' or '.join(near)}?" if near else ""
        return f"use case {wanted or '(none)'} is not in {USE_CASES}{which}"
    if found.approved_by is None or found.expires is None:
        return f"nobody has approved use case {wanted} of {USE_CASES}"
    if found.expires < today:
        return f"the approval of use case {wanted} ended on {found.expires}"
    return ""


def findings(platform: Path, today: date) -> tuple[list[str], list[str]]:
    """Return what is wrong with this repository's use case, and what its team should know.

    Args:
        platform: The platform repository.
        today: The day that approvals are compared with.
    """
    wanted = load_manifest().metadata.use_case_id
    line = parse(repository_path(MANIFEST)).lines.get(("metadata", "useCaseId"), 1)
    where = f"{MANIFEST}:{line}: metadata.useCaseId"
    try:
        cases = load_use_cases(platform / USE_CASES)
    except ConfigError as error:
        return [], [f"the use case is not checked, as the register cannot be read: {error.problems[0]}"]
    found = use_case(wanted, cases)
    if problem := use_case_problem(wanted, cases, today):
        said = [f"{where}: {problem} ({platform})"]
        return ([], said) if found and found.approved_by is None else (said, [])  # the team may begin before approval
    if found and found.expires and found.expires < today + SOON:
        return [], [
            f"{where}: the approval of use case {wanted} ends on {found.expires}; have it renewed in {platform}"
        ]
    return [], []


def is_checked(platform: Path | None = None) -> bool:
    """Return whether there is something to check: a component, and a platform repository at hand.

    Args:
        platform: Where it is, when the user has said so.
    """
    try:
        found = platform_of(repository_root(), platform)
    except ConfigError:  # the check says what is wrong
        return True
    return found is not None and found != repository_root()


def main(platform: Annotated[Path | None, typer.Option(help="A clone of the platform repository.")] = None) -> None:
    """Print what is wrong with the use case of this repository's manifest; exit code 1 for a finding."""
    try:
        found = platform_of(repository_root(), platform)
        if found is None:
            return
        wrong, warnings = findings(found, datetime.now(UTC).date())
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    for text in warnings:
        print(f"warning: {text}")
    for text in wrong:
        print(text)
    if wrong:
        print(
            f"next: correct the id; or have the use case approved in {USE_CASES} of the platform repository, by pull "
            "request, and pull that repository"
        )
        raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
