"""Where the answers come from: packaged sample data, behind the interface a team replaces with its own systems.

The sample data shows the balance of any employee to whoever names the number. A real personnel system must check that
the caller may see it: connect it through a gateway, which passes on the caller's own token.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import yaml

_DATA = Path(__file__).parent / "data"
_FIRST_TICKET = 5001


class NotFound(LookupError):
    """The backend has no such employee, policy or calendar; asking again will not help."""


class Unavailable(ConnectionError):
    """The backend cannot answer now; asking again may help."""


@dataclass(frozen=True)
class VacationBalance:
    """The vacation of one employee in days, as of a date (YYYY-MM-DD)."""

    entitlement: float
    carried_over: float
    taken: float
    as_of: str

    @property
    def remaining(self) -> float:
        """The days that are left: what is granted and carried over, less what is taken."""
        return self.entitlement + self.carried_over - self.taken


@dataclass(frozen=True)
class Policy:
    """One policy of the handbook: its rule, what an employee does step by step, and the team to contact."""

    name: str
    text: str
    steps: tuple[str, ...]
    contact: str


@dataclass(frozen=True)
class Holiday:
    """A day on which the offices of a region are closed."""

    day: date
    name: str


@dataclass(frozen=True)
class Ticket:
    """A request to the HR team."""

    number: str
    employee_id: str
    category: str
    description: str


class Backend(Protocol):
    """What the tools need of the HR systems. Calls may block: they run off the event loop, with a time-out."""

    def balance(self, employee_id: str) -> VacationBalance:
        """Return an employee's vacation balance. Raises NotFound or Unavailable."""

    def policy(self, name: str) -> Policy:
        """Return a policy by its name, in any case. Raises NotFound or Unavailable."""

    def holidays(self, year: int, region: str) -> Sequence[Holiday]:
        """Return the public holidays of a year, in order. Raises NotFound or Unavailable."""

    def open_ticket(self, employee_id: str, category: str, description: str) -> Ticket:
        """Open a ticket, or return the one that is open about the same. Raises NotFound or Unavailable."""


class SampleData:
    """Invented employees and policies, and the public holidays of 2025 to 2027. Tickets are kept in memory only."""

    def __init__(self) -> None:
        """Begins without tickets."""
        self.tickets: dict[tuple[str, str, str], Ticket] = {}
        self._lock = Lock()

    def balance(self, employee_id: str) -> VacationBalance:
        """Return an employee's vacation balance. Raises NotFound."""
        found = _employees().get(employee_id)
        if found is None:
            raise NotFound(f"there is no employee {employee_id}; check the number")
        return found

    def policy(self, name: str) -> Policy:
        """Return a policy by its name, in any case. Raises NotFound."""
        policies = _policies()
        wanted = " ".join(name.lower().removesuffix("policy").split())
        if wanted not in policies:
            raise NotFound(f"there is no policy {wanted!r}; the handbook has {', '.join(policies)}")
        return policies[wanted]

    def holidays(self, year: int, region: str) -> Sequence[Holiday]:
        """Return the public holidays of a year, in order. Raises NotFound."""
        calendars = _calendars()
        if (region, year) not in calendars:
            years = sorted({known for _, known in calendars})
            raise NotFound(f"there is no holiday calendar for {year}; there are those of {years[0]} to {years[-1]}")
        return calendars[region, year]

    def open_ticket(self, employee_id: str, category: str, description: str) -> Ticket:
        """Open a ticket, or return the one that is open about the same. Raises NotFound."""
        self.balance(employee_id)
        with self._lock:
            about = (employee_id, category, _words(description))
            number = f"HR-{_FIRST_TICKET + len(self.tickets)}"
            return self.tickets.setdefault(about, Ticket(number, employee_id, category, description))


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _employees() -> dict[str, VacationBalance]:
    return {
        row["employeeId"]: VacationBalance(
            float(row["entitlement"]), float(row["carriedOver"]), float(row["taken"]), row["asOf"]
        )
        for row in _rows("employees.csv")
    }


@cache
def _policies() -> dict[str, Policy]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((_DATA / "policies.yaml").read_text(encoding="utf-8"))
    return {name: Policy(name, about["text"], tuple(about["steps"]), about["contact"]) for name, about in found.items()}


@cache
def _calendars() -> dict[tuple[str, int], list[Holiday]]:
    calendars: dict[tuple[str, int], list[Holiday]] = {}
    for row in sorted(_rows("holidays.csv"), key=lambda row: row["date"]):
        day = date.fromisoformat(row["date"])
        calendars.setdefault((row["region"], day.year), []).append(Holiday(day, row["name"]))
    return calendars
