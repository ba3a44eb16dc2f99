"""Where data comes from: packaged sample data, behind the interface a team replaces with its own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

_SAMPLE = Path(__file__).parent / "data" / "offices.csv"


class NotFound(LookupError):
    """There is no such office; asking again will not help."""


@dataclass(frozen=True)
class Office:
    """One office: when it opens and closes on working days, as HH:MM."""

    opens: str
    closes: str


class Backend(Protocol):
    """What the tools need. Calls may block: they run off the event loop, with a time-out.

    What may work when it is tried again raises ConnectionError.
    """

    def office(self, city: str) -> Office:
        """Return the office of a city. Raises NotFound."""


class SampleData:
    """The packaged sample data: three invented offices."""

    def office(self, city: str) -> Office:
        """Return the office of a city. Raises NotFound."""
        offices = _offices()
        if city not in offices:
            raise NotFound(f"there is no office in {city}; there are offices in {', '.join(offices)}")
        return offices[city]


@cache
def _offices() -> dict[str, Office]:
    with _SAMPLE.open(encoding="utf-8", newline="") as file:
        return {row["city"]: Office(row["opens"], row["closes"]) for row in csv.DictReader(file)}
