"""What delivery must know of a kind: the functions that its `ops/component.py` has. mypy compares the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agentcore_kit.kinds import agent
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.stacks import Stack
from agentcore_kit.config.manifest import Manifest


class Component(Protocol):
    """`ops/component.py`. Every function may raise Stop, which ends the verb with a message and the next step."""

    def release(self, context: DeploymentContext, digest: str) -> str:
        """Return what a deployment brings: an image by digest, or the commit for a kind that has none."""

    def allow(self, context: DeploymentContext, release: str) -> None:
        """Raise Stop when this release may not come to this environment."""

    def stack_names(self, context: DeploymentContext) -> list[str]:
        """Return the names of all stacks that the component may have, in the order in which they are made."""

    def stacks(self, context: DeploymentContext, release: str) -> list[Stack]:
        """Return the stacks that a deployment brings, in order; UNKNOWN for what an earlier one will give."""

    def deployed(self, context: DeploymentContext, release: str) -> str:
        """Return what a deployment has brought, and the next step, for its last line."""

    def live(self, context: DeploymentContext) -> str:
        """Return what is live, read from the service; also when nothing is."""

    def status(self, context: DeploymentContext) -> list[str]:
        """Return what `status` shows besides the stacks; the last line says what is live, and the next step."""

    def extras(self, context: DeploymentContext) -> list[tuple[str, Callable[[], object]]]:
        """Return what is there besides the stacks and has to go before them: what to say of it, and how it goes."""

    def descriptor(self, manifest: Manifest) -> Descriptor:
        """Return what the registry is told."""


KIND: Component = component
