"""What a component remembers of its versions in an environment, so that promotion and rollback can be interrupted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace

from agentcore_kit.delivery import ssm
from agentcore_kit.delivery.context import DeploymentContext

_PARAMETER = "versions"
_KEPT = 20  # enough to go back to


@dataclass(frozen=True)
class History:
    """The versions that callers had. Each list has the last one last."""

    good: list[str] = field(default_factory=list)
    """They passed their smoke test while they were live."""
    left: list[str] = field(default_factory=list)
    """A rollback took callers away from them."""
    untested: str = ""
    """`live` was sent to it, and its smoke test has not ended: whoever sent it was interrupted."""
    had: str = ""
    """What callers had before that; nothing when nothing was live."""

    def passed(self, version: str) -> History:
        """Return the history after a version has passed its smoke test."""
        return History([*_without(self.good, version), version][-_KEPT:], _without(self.left, version))

    def leaving(self, version: str) -> History:
        """Return the history once callers are to be taken away from a version."""
        return replace(self, good=_without(self.good, version), left=[*_without(self.left, version), version][-_KEPT:])

    def before(self, version: str | None) -> str | None:
        """Return the last good version other than this one."""
        return next((known for known in reversed(self.good) if known != version), None)


def recall(context: DeploymentContext) -> History:
    """Return what is remembered."""
    text = ssm.remembered(context, _PARAMETER)
    return History(**json.loads(text)) if text else History()


def remember(context: DeploymentContext, history: History) -> None:
    """Remember it."""
    ssm.remember(context, _PARAMETER, json.dumps(asdict(history)), "The versions that were live: good, left, untested")


def _without(versions: list[str], version: str) -> list[str]:
    return [known for known in versions if known != version]
