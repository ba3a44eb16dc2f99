"""What a server under test must be able to say of itself."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Protocol

from tests.fuzz.processes import Running
from tests.fuzz.wire import Reply, Request


class Target(Protocol):
    """One server: how it is started, what it is sent, and what it may answer."""

    name: str

    def serving(self, folder: Path) -> AbstractContextManager[Running]:
        """Start it, with all that it needs around it, and end it."""

    def request(self, rng: Random, number: int) -> Request:
        """Return the request of a number."""

    def objection(self, request: Request, reply: Reply) -> str | None:
        """Return why an answer is none that is documented; None for one that is."""

    def check_works(self, port: int) -> None:
        """Ask what everybody asks. Raises AssertionError for a wrong answer."""
