"""What may go wrong on the way to callers: a version that production does not bear, runs that are started again."""

from __future__ import annotations

from collections.abc import Callable

from agentcore_kit.local.rehearsal.scene import AGENT, TOOL, scene
from agentcore_kit.local.rehearsal.scenes.common import deploy, production, release
from agentcore_kit.local.rehearsal.stage import Stage

_LATER = ("online", "status", "register")
"""Commands of the production job that scenes about moves leave out."""


@scene("fails-in-production", "A version that production does not bear never gets to callers", AGENT, TOOL)
def fails_in_production(it: Stage) -> None:
    """Deploy a version that fails there; "re-run failed jobs" must not serve it, even if it answers now."""
    first = production()[0]
    broken = it.ready("A change that production does not bear")
    it.cloud.broken_images.add(broken)
    it.refusal_expected = True
    assert not it.job("production", without=_LATER), "a version that fails its test reaches callers"
    assert it.rows[-1].endswith(" smoke refused"), f"the newest version is asked before callers get it: {it.rows[-1]}"
    assert it.live(first) == "1", "callers keep the version that they had"
    it.cloud.broken_images.clear()
    it.refusal_expected = True
    assert not it.job("production", without=_LATER), "re-run failed jobs serves a version that has failed"
    it.refused("promote", env=first, because="has failed")
    assert it.live(first) == "1", "callers keep the version that they had"


class BrokenWhenLive(set[str]):
    """The images that fail: one, as long as callers have it."""

    def __init__(self, digest: str, is_live: Callable[[], bool]) -> None:
        super().__init__()
        self._digest, self._is_live = digest, is_live

    def __contains__(self, digest: object) -> bool:
        return digest == self._digest and self._is_live()

    def __deepcopy__(self, _: object) -> set[str]:
        return set()


@scene("fails-when-live", "A version that fails only when it is live is taken back at once", AGENT, TOOL)
def fails_when_live(it: Stage) -> None:
    """Promote a version that answers at first and fails as soon as callers have it."""
    first = production()[0]
    broken = it.ready("A change that fails under callers")
    it.errors_expected = "between the move and its failed smoke test callers have the new version, which fails", "2"

    it.cloud.broken_images = BrokenWhenLive(broken, lambda: it.live(first) == "2")
    it.refusal_expected = True
    assert not it.job("production", without=_LATER), "a version that fails as what is live stays live"
    assert it.rows[-1].endswith(" promote refused"), it.rows[-1]
    assert it.live(first) == "1", "the version before is back"
    it.must("smoke", env=first)


@scene("older-run", "An older run after a newer promotion, or after a rollback, changes nothing", AGENT, TOOL)
def older_run(it: Stage) -> None:
    """Start the production job of an older commit again after a newer one was promoted."""
    first = production()[0]
    it.ready("An older change")
    older = it.git("rev-parse", "HEAD")
    assert release(it, "A newer change", first) == "2"
    newer = it.git("rev-parse", "HEAD")
    it.git("checkout", "--quiet", older)
    it.refusal_expected = True
    assert not it.job("production", without=_LATER), "an older commit replaces a newer one"
    assert it.rows[-1].endswith(" newer refused"), it.rows[-1]
    assert it.live(first) == "2", "callers keep the newer version"
    it.git("checkout", "--quiet", newer)
    it.must("rollback", env=first)
    assert it.live(first) == "1"
    it.refusal_expected = True
    assert not it.job("production", without=_LATER), "a run that is started again brings back what a rollback has left"
    assert it.live(first) == "1", "callers keep what the rollback gave them"


@scene(
    "stack-rollback",
    "A deployment that CloudFormation rolls back: callers notice nothing",
    AGENT,
    TOOL,
)
def stack_rollback(it: Stage) -> None:
    """Let the update of the runtime's stack fail once."""
    first = production()[0]
    it.ready("A change whose deployment fails at first")
    it.cloud.plan_fault("AWS::BedrockAgentCore::Runtime", "ServiceQuotaExceededException", "too many versions")
    it.refused("deploy", env=first, because="too many versions")
    assert it.live(first) == "1", "callers keep the version that they had"
    it.must("status", env=first)
    it.must("deploy", env=first)
    it.must("smoke", "--endpoint", "DEFAULT", env=first)
    assert it.live(first) == "1", "a deployment moves nobody"
    deploy(it, "One more", first)
