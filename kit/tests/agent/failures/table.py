"""The table of failures in the reference, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.repositories import TEMPLATE

PAGE = TEMPLATE / "docs" / "failures.md"
HEADER = "| What happens | The caller gets | The log | The trace | The next turn |"


@dataclass(frozen=True)
class Cell:
    """What a cell states.

    Attributes:
        text: As it is written.
        quoted: Each text in code.
    """

    text: str
    quoted: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Cell:
        return cls(text, tuple(re.findall(r"`([^`]+)`", text)))

    @property
    def status(self) -> int:
        """The HTTP status that the cell begins with; 0 where no answer comes."""
        if self.text.startswith("no answer"):
            return 0
        return int(self.text[:3])

    @property
    def expected(self) -> tuple[str, ...]:
        """What must be found: the texts in code that are no name of a setting or of a field."""
        return tuple(each for each in self.quoted if not each.startswith("limits.") and each != "notices")


@dataclass(frozen=True)
class Row:
    """One failure, and what everybody gets of it."""

    caller: Cell
    log: Cell
    trace: Cell
    following: Cell


def rows() -> dict[str, Row]:
    """Return the rows of the table by their first cell."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(HEADER) + 2
    found = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found[name] = Row(*map(Cell.of, cells))
    return found
