"""What delivery must know besides of a kind that runs on AgentCore Runtime."""

from __future__ import annotations

from typing import Protocol

from agentcore_kit.kinds import agent
from agentcore_kit.kinds.base import Component
from agentcore_kit.delivery.context import DeploymentContext


class Served(Component, Protocol):
    """`ops/component.py` of an agent or a tool."""

    def smoke(self, context: DeploymentContext, runtime_arn: str, endpoint: str, token: str) -> None:
        """Ask an endpoint what every version must be able to answer. Raises Stop with the first that is wrong."""

    def evaluate(self, context: DeploymentContext, url: str, token: str, date: str) -> int:
        """Evaluate what answers at a URL. Returns an exit code: 0 passed, 1 below threshold, 2 bad input."""


KIND: Served = component
