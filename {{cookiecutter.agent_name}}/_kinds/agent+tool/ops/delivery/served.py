"""What delivery must know besides of a kind that runs on AgentCore Runtime."""

from __future__ import annotations

from typing import Protocol

from ops import component
from ops.delivery.interface import Component
from ops.delivery.place import Place


class Served(Component, Protocol):
    """`ops/component.py` of an agent or a tool."""

    def smoke(self, place: Place, runtime_arn: str, endpoint: str, token: str) -> None:
        """Ask an endpoint what every version must be able to answer. Raises Stop with the first that is wrong."""

    def evaluate(self, place: Place, url: str, token: str, date: str) -> int:
        """Evaluate what answers at a URL. Returns an exit code: 0 passed, 1 below threshold, 2 bad input."""


KIND: Served = component
