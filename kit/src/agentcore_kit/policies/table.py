"""The table of decisions, policies/decisions.yaml: who calls what with which parameters, and what must be decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentcore_kit.config.decisions import DECISIONS, Decisions, Row
from agentcore_kit.config.loader import check, parse
from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.policies.engine import Decision, PolicySet, load


@dataclass(frozen=True)
class Outcome:
    """A row, and what was decided.

    Attributes:
        row: The row.
        where: Its file and line.
        decision: What the policies decide.
    """

    row: Row
    where: str
    decision: Decision

    @property
    def problem(self) -> str:
        """What is not as the row says; empty when all is."""
        found, row = self.decision, self.row
        if found.allowed == row.allowed and list(found.policy_ids) == sorted(row.by) and not found.errors:
            return ""
        wanted, got = (_said(row.allowed, tuple(sorted(row.by))), _said(found.allowed, found.policy_ids))
        why = f"; {'; '.join(found.errors)}" if found.errors else ""
        return f"{self.where}: {row.why}: {row.tool} must be {wanted}, but is {got}{why}"


def policies_folder() -> Path:
    """Return the folder policies/ of this repository."""
    return repository_path("policies")


def outcomes(folder: Path | None = None, policies: PolicySet | None = None) -> list[Outcome]:
    """Decide on every row of the table.

    Args:
        folder: The folder policies/; this repository's where it is left out.
        policies: The policies of the folder, where they have been read already.

    Raises:
        ConfigError: When a file is wrong.
    """
    folder = folder or policies_folder()
    decided = policies or load(folder)
    return [Outcome(row, where, decided.decide(row.claims, row.tool, row.arguments)) for row, where in _rows(folder)]


def _rows(folder: Path) -> Iterator[tuple[Row, str]]:
    document = parse(folder / DECISIONS)
    for number, row in enumerate(check(document, Decisions).decisions):
        yield row, f"{relative(folder / DECISIONS)}:{document.lines.get(('decisions', number), 1)}"


def _said(allowed: bool, by: tuple[str, ...]) -> str:
    """Return a decision in words."""
    who = f"by {', '.join(by)}" if by else "as no policy decides"
    return f"{'allowed' if allowed else 'refused'} {who}"
