"""Giving callers a version: what is live is tested, and what was live before is put back when that fails."""

from __future__ import annotations

from agentcore_kit.delivery import endpoint_state, moves, published, rights
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError
from agentcore_kit.delivery.moves import Move, Smoke


def refuse(context: DeploymentContext, state: EndpointState, version: str) -> None:
    """Raise CommandError when the newest version must not be promoted, unless a person names it."""
    by_name = f"if you are sure: kit promote --env {context.name} --version {version}"
    live = f"live: version {state.live}" if state.live else "nothing is live"
    if version in state.left:
        raise CommandError(
            f"a rollback took callers away from version {version}, and nothing newer is deployed; {live}",
            f"build and deploy a correction; or, {by_name}",
            GATE_NOT_PASSED,
        )
    if version in state.failed and not state.proven(version):
        raise CommandError(
            f"version {version} has failed its smoke test, and nothing newer is deployed; {live}",
            f"build and deploy a correction; or, {by_name}",
            GATE_NOT_PASSED,
        )


def refuse_during_canary(context: DeploymentContext, state: EndpointState, version: str) -> None:
    """Raise CommandError while a canary runs: a promotion would change what it is compared with.

    It is not ended silently: somebody has begun to measure, and what was measured would be lost.
    """
    canary = context.kind.running_canary(context, state)
    if canary is None or (canary.decided == "promote" and canary.version == version):
        return
    env = context.name
    raise CommandError(
        f"a canary of version {canary.version} is running in {env}, so live stays on version {state.live}",
        f"kit canary --env {env} --decide ends it by rule, kit canary --env {env} --stop ends it undecided",
        WRONG_INPUT,
    )


def promote(context: DeploymentContext, state: EndpointState, version: str, smoke: Smoke, why: str) -> str:
    """Give callers a version, test it, and put the last tested one back when that fails.

    A version that they have and that has passed before is only tested again.

    Args:
        context: The environment.
        state: As it was when the user was shown the plan.
        version: The version.
        smoke: The smoke test.
        why: Why it is promoted, for `kit status`.

    Returns:
        How the smoke test ended.

    Raises:
        CommandError: When it failed; callers then have what they had before, or the message says what they have.
    """
    refuse_during_canary(context, state, version)
    if state.canary:  # decided, and this is its promotion
        context.kind.end_canary(context)
    past = state.past.changed(automatic=None)
    if state.proven(version):
        state = endpoint_state.write(context, state, past)
        state, said = moves.keep(context, state, smoke)
    else:
        interrupted = state.untested == version
        had = past.had if interrupted else state.tested
        unknown = state.live == version and not interrupted  # nothing is known of what it replaced
        undone = state.past.changed(untested="", had="", canary=None)
        move = Move(version, None if unknown else had, past.going_to(version, had, why), undone, promoted=True)
        state, said = moves.give(context, state, move, smoke)
    rights.narrow(context)
    published.publish(context)
    return said
