"""Where the answers come from: packaged sample data, behind the interface a team replaces with its own systems.

The sample data shows the state of any user to whoever names the id. A real directory must check that the caller may see
it: connect it through a gateway, which passes on the caller's own token.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import yaml

_DATA = Path(__file__).parent / "data"
_FIRST_TICKET, _FIRST_REQUEST = 7001, 301
_MOST_ARTICLES = 2


class NotFound(LookupError):
    """The backend has no such user, software or article; asking again will not help."""


class Unavailable(ConnectionError):
    """The backend cannot answer now; asking again may help."""


@dataclass(frozen=True)
class VpnState:
    """The VPN of one user: connected, disconnected or blocked, why, and the day of the last connection (YYYY-MM-DD)."""

    status: str
    reason: str
    last_connected: str


@dataclass(frozen=True)
class Article:
    """One article of the knowledge base: what a user does, step by step."""

    number: str
    title: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class AccessRequest:
    """A request for software, who approves it, and how many working days that takes."""

    number: str
    approver: str
    working_days: int


class Backend(Protocol):
    """What the tools need of the IT systems. Calls may block: they run off the event loop, with a time-out.

    What changes something may be called again: the same request has the same outcome and the same number.
    """

    def vpn(self, user_id: str) -> VpnState:
        """Return the state of a user's VPN. Raises NotFound or Unavailable."""

    def articles(self, query: str) -> Sequence[Article]:
        """Return the articles that fit best, at most two, the best first. Raises NotFound or Unavailable."""

    def has_account(self, user_id: str, system: str) -> bool:
        """Whether a user has an account in a system. Raises NotFound or Unavailable."""

    def send_reset_link(self, user_id: str, system: str) -> None:
        """Send a link to set a new password. Raises NotFound or Unavailable."""

    def request_access(self, user_id: str, software: str, justification: str) -> AccessRequest:
        """Request access, or return the request that there is. Raises NotFound or Unavailable."""

    def open_ticket(self, user_id: str, subject: str) -> str:
        """Open a ticket, and return its number or that of one about the same. Raises NotFound or Unavailable."""


class SampleData:
    """Invented users, software and articles. Tickets, requests and links are kept in memory only."""

    def __init__(self) -> None:
        """Begins without tickets, requests and links."""
        self.tickets: dict[tuple[str, str], str] = {}
        self.requests: dict[tuple[str, str], str] = {}
        self.links: set[tuple[str, str]] = set()
        self._lock = Lock()

    def vpn(self, user_id: str) -> VpnState:
        """Return the state of a user's VPN. Raises NotFound."""
        row = _user(user_id)
        return VpnState(row["vpn"], row["reason"], row["lastConnected"])

    def articles(self, query: str) -> Sequence[Article]:
        """Return the articles that fit best, at most two, the best first. Raises NotFound."""
        wanted = _words(query)
        scored = [(len(wanted & words), article) for words, article in _articles()]
        found = [article for score, article in sorted(scored, key=lambda one: -one[0]) if score]
        if not found:
            raise NotFound(f"there is no article about {query!r}; offer to open a ticket")
        return found[:_MOST_ARTICLES]

    def has_account(self, user_id: str, system: str) -> bool:
        """Whether a user has an account in a system. Raises NotFound."""
        return system in _user(user_id)["systems"].split()

    def send_reset_link(self, user_id: str, system: str) -> None:
        """Send a link to set a new password. Raises NotFound."""
        if not self.has_account(user_id, system):
            raise NotFound(f"{user_id} has no account in {system}")
        self.links.add((user_id, system))

    def request_access(self, user_id: str, software: str, justification: str) -> AccessRequest:
        """Request access, or return the request that there is. Raises NotFound."""
        product, _ = _product(software), _user(user_id)
        with self._lock:
            number = f"REQ-{_FIRST_REQUEST + len(self.requests)}"
            number = self.requests.setdefault((user_id, product["software"]), number)
        return AccessRequest(number, product["approver"], int(product["workingDays"]))

    def open_ticket(self, user_id: str, subject: str) -> str:
        """Open a ticket, and return its number or that of one about the same. Raises NotFound."""
        _user(user_id)
        about = (user_id, " ".join(re.findall(r"\w+", subject.casefold())))
        with self._lock:
            return self.tickets.setdefault(about, f"IT-{_FIRST_TICKET + len(self.tickets)}")


def _user(user_id: str) -> dict[str, str]:
    found = _rows("users.csv", "userId").get(user_id.casefold())
    if found is None:
        raise NotFound(f"there is no user {user_id}; check the user id")
    return found


def _product(software: str) -> dict[str, str]:
    products = _rows("software.csv", "software")
    found = products.get(software.casefold())
    if found is None:
        names = ", ".join(product["software"] for product in products.values())
        raise NotFound(f"{software} is not in the catalogue, which has {names}")
    return found


@cache
def _rows(name: str, key: str) -> dict[str, dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return {row[key].casefold(): row for row in csv.DictReader(file)}


@cache
def _articles() -> list[tuple[frozenset[str], Article]]:
    found: list[dict[str, Any]] = yaml.safe_load((_DATA / "articles.yaml").read_text(encoding="utf-8"))
    return [
        (_words(f"{about['title']} {about['words']}"), Article(about["id"], about["title"], tuple(about["steps"])))
        for about in found
    ]


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[\w-]+", text.casefold()) if word not in _LITTLE)


_LITTLE = frozenset({"a", "an", "and", "the", "is", "in", "on", "of", "or", "to", "my", "i", "it", "not", "does", "up"})
