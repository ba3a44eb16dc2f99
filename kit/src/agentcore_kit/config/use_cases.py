"""The register of use cases: `use-cases.yaml` of a platform, which every manifest's use-case id must stand in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from agentcore_kit.config.loader import Document, FieldPath, Finding, Model, check, parse
from agentcore_kit.config.manifest import OwnerText, TagText
from agentcore_kit.config.repository import repository_path

USE_CASES = "use-cases.yaml"
"""The file of the register."""


class UseCase(Model):
    """One use of AI that governance knows: who answers for it, how risky it is, and until when it is approved."""

    id: TagText = Field(description="what manifests name as useCaseId", examples=["UC-0042"])
    name: str = Field(min_length=1, max_length=200, description="what it is, on one line", examples=["Revenue reports"])
    owner: OwnerText = Field(description="an e-mail address or a GitHub team", examples=["finance"])
    risk: Literal["minimal", "limited", "high"] = Field(
        description="the class of risk as governance has decided: minimal, limited or high", examples=["limited"]
    )
    approved_by: str | None = Field(
        default=None, description="who approved it; null: nobody yet", examples=["AI board"]
    )
    approved_on: date | None = Field(default=None, description="when, as YYYY-MM-DD", examples=["2026-03-01"])
    expires: date | None = Field(
        default=None, description="the last day that the approval holds, as YYYY-MM-DD", examples=["2027-03-01"]
    )
    monthly_budget_usd: int = Field(
        ge=1,
        description="US dollars a month that all its components may cost, in all their environments, before people are "
        "told",
        examples=[2000],
    )


class UseCases(Model):
    """`use-cases.yaml`."""

    use_cases: list[UseCase] = Field(description="the register, one entry a use case")


def load_use_cases(path: Path | None = None) -> UseCases:
    """Return the register.

    Args:
        path: The file; the repository's own where it is left out.

    Raises:
        ConfigError: With file, line and field of every problem, and what would be right.
    """
    document = parse(path or repository_path(USE_CASES))
    return check(document, UseCases, _findings(document))


def _findings(document: Document) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, entry in entries(document, "useCases"):
        path: FieldPath = ("useCases", number)
        known, by = str(entry.get("id") or ""), entry.get("approvedBy")
        if known and known in seen:
            yield (*path, "id"), f"{known} is the id of entry {seen[known] + 1} too; an id stands here once"
        seen.setdefault(known, number)
        on, until = entry.get("approvedOn"), entry.get("expires")
        if bool(by) != bool(on):
            there, missing = ("approvedBy", "approvedOn") if by else ("approvedOn", "approvedBy")
            yield (*path, missing), f"missing; {there} is there, and an approval has both"
        if by and not until:
            yield (*path, "expires"), "missing; an approval ends on a day, for example expires: 2027-03-01"
        if type(on) is date and type(until) is date and until < on:  # a datetime is one too, and none to compare with
            yield (*path, "expires"), f"{until} is before approvedOn, {on}; correct one of them"


def entries(document: Document, name: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the entries of a list in a file that are groups of fields, each with its number from 0."""
    found = document.data.get(name)
    for number, entry in enumerate(found if isinstance(found, list) else ()):
        if isinstance(entry, dict):
            yield number, entry
