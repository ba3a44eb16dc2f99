"""What delivery must know besides of a kind that runs on AgentCore Runtime."""

from __future__ import annotations

from typing import Protocol

from ops import component
from ops.delivery.interface import Component
from ops.delivery.place import Place
from ops.manifest import Manifest


class Served(Component, Protocol):
    """`ops/component.py` of an agent or a tool."""

    def smoke(self, place: Place, runtime_arn: str, endpoint: str, token: str) -> None:
        """Ask an endpoint what every version must be able to answer. Raises Stop with the first that is wrong."""

    def evaluate(self, place: Place, url: str, token: str, date: str) -> int:
        """Evaluate what answers at a URL. Returns an exit code: 0 passed, 1 below threshold, 2 bad input."""

    def evaluations(self, place: Place) -> dict[str, str]:
        """Return the ids of the online evaluations of `live` and `canary`. Raises Stop when nothing is deployed."""

    def canary_gateway(self, manifest: Manifest) -> str | None:
        """Return the gateway through which callers come and that can split them, None when there is none."""

    def rolls_back(self, manifest: Manifest) -> bool:
        """Return whether `monitor` puts the version before back when live sessions score too low."""


KIND: Served = component
