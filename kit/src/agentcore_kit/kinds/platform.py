"""What delivery must know of a platform: its stacks, which commit was deployed, and that no registry lists it."""

from __future__ import annotations

from typing import NoReturn

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.delivery import ssm
from agentcore_kit.delivery.commits import commit_named, short
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.delivery.platform import commands
from agentcore_kit.delivery.platform.concerns import PlatformContext, concerns, stack_name
from agentcore_kit.delivery.platform.deployment import COMMIT
from agentcore_kit.delivery.platform.wanted import wanted
from agentcore_kit.delivery.stacks import Stack
from agentcore_kit.kinds.base import Delivered, Kind


class PlatformKind(Kind[PlatformContext]):
    """A platform: what agents, tools and memories plug into, as infrastructure and policies."""

    def release(self, context: PlatformContext, digest: str) -> str:
        """Return the commit: a platform has no image."""
        return digest or commit_named("HEAD")

    def allow(self, context: PlatformContext, release: str) -> None:
        """Do nothing: what would lose something is refused when the plan is made."""

    def stack_names(self, context: PlatformContext) -> list[str]:
        """Return the names of the stacks, in the order in which they are made."""
        return [stack_name(context, one.name) for one in concerns(context)]

    def stacks(self, context: PlatformContext, release: str) -> list[Stack]:
        """Return the stacks that a deployment brings, in order; one may be in another region: `wanted` says where."""
        return [one.stack for one in wanted(context)]

    def deployed(self, context: PlatformContext, release: str) -> str:
        """Return what a deployment has brought, and the next step."""
        of = f" of {short(release)}" if release else ""
        return f"the platform{of} is deployed; {self.live(context)}; next: kit status --env {context.name}"

    def live(self, context: PlatformContext) -> str:
        """Return how many stacks are there, and of which commit."""
        return commands.live(context)

    def status(self, context: PlatformContext) -> list[str]:
        """Return what is there; `kit status` of a platform shows the stacks besides."""
        return [self.live(context)]

    def delivered(self, context: PlatformContext) -> list[Delivered]:
        """Return the commit that was deployed last."""
        commit = ssm.remembered(context, COMMIT)
        return [Delivered(commit, "live")] if commit else []

    def descriptor(self, manifest: Manifest) -> NoReturn:
        """Raise CommandError: the registry lists what uses a platform, not the platform."""
        raise CommandError("a platform has no record in the registry", "kit catalog lists what it has", WRONG_INPUT)
