"""What a server under test must be able to say of itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from tests.fuzz.processes import Process
from tests.fuzz.wire import Reply, Request


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    process: Process


class Target(Protocol):
    """One server: how it is started, what it is sent, and what it may answer."""

    name: str

    @contextmanager
    def serving(self, folder: Path) -> Iterator[Running]:
        """Start it, with all that it needs around it, and end it."""
        raise NotImplementedError

    def request(self, rng: Random, number: int) -> Request:
        """Return the request of a number."""
        raise NotImplementedError

    def objection(self, request: Request, reply: Reply) -> str | None:
        """Return why an answer is none that is documented; None for one that is."""
        raise NotImplementedError

    def check_works(self, port: int) -> None:
        """Ask what everybody asks. Raises AssertionError for a wrong answer."""
        raise NotImplementedError
