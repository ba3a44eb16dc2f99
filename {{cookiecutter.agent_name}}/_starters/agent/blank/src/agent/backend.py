"""Where the answers come from: packaged sample data, behind the interface a team replaces with its own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

_DATA = Path(__file__).parent / "data"


class NotFound(LookupError):
    """The backend has no such office; asking again will not help."""


class Unavailable(ConnectionError):
    """The backend cannot answer now; asking again may help."""


@dataclass(frozen=True)
class Office:
    """One office: when it opens and closes on working days, as HH:MM."""

    opens: str
    closes: str


class Backend(Protocol):
    """What the tools need of a data source. Calls may block: the tools run them off the event loop, with a time-out."""

    def office(self, city: str) -> Office:
        """Return the office of a city. Raises NotFound or Unavailable."""


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
    with (_DATA / "offices.csv").open(encoding="utf-8", newline="") as file:
        return {row["city"]: Office(row["opens"], row["closes"]) for row in csv.DictReader(file)}
