"""What the rehearsal does not show, as `kit rehearse` says it at its end."""

from __future__ import annotations

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.rehearsal.scene import MEMORY, PLATFORM

_ALL = (
    "AWS itself: the services are emulated, as their API models and documentation say; quotas and times are not",
    "GitHub itself: jobs, approvals and artifacts; the commands that its jobs run are, signed in as they are",
    "the network, and signing in at the identity provider",
)
_SERVED = (
    "a model: the offline model stands for it, and in scenes about what is moved smoke tests are answered as expected",
    "the time that AWS needs to start a container, and sessions that are open while an endpoint moves",
)
_WITHOUT_TESTS = "the tests of pre-production and the evaluation, which these scenes leave out: kit rehearse has them"
_MEMORY = ("the service's own extraction: rules stand for it",)
_PLATFORM = (
    "components: their repositories rehearse their own delivery; of them only the names that they read are looked at",
    "what a policy decides on a call: kit policies has the table; here it is only seen which are enforced when",
    "make check and make test, which the workflow runs before anything is delivered",
)


def not_rehearsed(*, real: bool) -> list[str]:
    """Return one line for each thing that the rehearsal of this repository's kind does not show.

    Args:
        real: Whether the component itself was started, and the whole workflow run.
    """
    if repository_kind() == PLATFORM:
        return [*_ALL, *_PLATFORM]
    return [*_ALL, *([] if real else [_WITHOUT_TESTS]), *(_MEMORY if repository_kind() == MEMORY else _SERVED)]
