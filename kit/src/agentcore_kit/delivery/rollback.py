"""Going back: a canary ends and live stays; else callers get an earlier version, and what they had is left."""

from __future__ import annotations

from agentcore_kit.delivery import endpoint_state, endpoints, moves, output
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_history import Automatic, Canary, History, clock, now
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.moves import Move, Smoke
from agentcore_kit.delivery.names import LIVE


def target(context: DeploymentContext, state: EndpointState) -> str:
    """Return the last good version before the live one, or before the one that an interrupted promotion was going to.

    An interrupted rollback goes on to where it was going.

    Raises:
        CommandError: When none is known.
    """
    if state.untested and state.untested in state.good:
        return state.untested
    if (found := state.past.before(state.untested or state.live)) is None:
        raise CommandError(
            f"no earlier good version is known in {context.name} (live: {state.live or 'nothing'})",
            f"choose one: kit rollback --env {context.name} --version …; kit status --env {context.name} lists them",
        )
    return found


def _ends_canary_only(state: EndpointState, canary: Canary, version: str) -> bool:
    """Return whether a canary's end is all that a rollback does: live is what callers had, and what they keep.

    Args:
        state: The state of live.
        canary: The canary.
        version: The version to go back to that was named; empty for none.
    """
    return not version and canary.version not in (state.live, state.target, state.untested)


def plan(context: DeploymentContext, state: EndpointState, version: str = "") -> list[str]:
    """Return what a rollback will change: the canary, live, and what comes back with the version.

    Raises:
        CommandError: When there is nothing to go back to, or no such version.
    """
    canary: Canary | None = context.kind.running_canary(context, state)
    lines = [f"the canary of version {canary.version} ends"] if canary else []
    if canary and _ends_canary_only(state, canary, version):
        return [*lines, f"all callers get version {state.live}, which is live and stays live"]
    wanted = version or target(context, state)
    endpoints.image_of(context, state.runtime.id, wanted)
    if state.untested and state.untested != wanted:
        begun = clock(state.past.since)
        lines.append(f"the move to version {state.untested}, begun at {begun or 'an unknown time'}, ends unfinished")
    if not state.live == state.target == wanted:
        lines.append(f"endpoint {LIVE}: version {state.live or 'none'} → {wanted}")
        lines += [f"version {wanted} failed its last smoke test, and is asked again"] * (wanted in state.failed)
        lines += endpoints.differences(context, state.runtime.id, state.live, wanted)
    return lines


def back(
    context: DeploymentContext,
    state: EndpointState,
    smoke: Smoke,
    why: str,
    version: str = "",
    *,
    automatic: bool = False,
) -> str:
    """Go back: end a canary, or give callers an earlier version. What they had is not gone back to any more.

    Args:
        context: The environment.
        state: As it was when the user was shown the plan.
        smoke: The smoke test.
        why: Why, for `kit status`.
        version: Where to; empty for the last good one.
        automatic: Whether no person has asked for it.

    Returns:
        What is live now, and how its smoke test ended.

    Raises:
        CommandError: When it failed; what callers have then is in the message.
    """
    canary: Canary | None = context.kind.running_canary(context, state)
    only_canary = canary is not None and _ends_canary_only(state, canary, version)
    wanted = str(state.live) if only_canary else version or target(context, state)
    left = canary.version if canary and only_canary else state.live or ""
    answer = _answer(left, wanted, why) if automatic else None
    if canary:
        past = state.past.changed(automatic=answer)
        state = end_canary(context, state, past, canary, "reverse")
    if only_canary:
        try:
            said = moves.keep(context, state, smoke)[1]
        except CommandError as failure:
            message = f"the canary is ended and version {left} left; {failure.message}"
            raise CommandError(message, failure.next_step, failure.code) from None
        return f"the canary is ended and version {left} left; version {wanted} is live as before, {said}"
    said = _roll_back(context, state, wanted, smoke, why, answer)
    return f"version {wanted} is live again; it was {left or 'none'}; {said}"


def end_canary(
    context: DeploymentContext, state: EndpointState, past: History, canary: Canary, decided: str
) -> EndpointState:
    """End a canary, and return the state without it: all callers get what is live.

    Args:
        context: The environment.
        state: Its state.
        past: What is remembered besides.
        canary: The canary.
        decided: `reverse` leaves its version, `stop` does not.
    """
    begun = past.leaving(canary.version) if decided == "reverse" and canary.version != state.live else past
    state = endpoint_state.write(context, state, begun.changed(canary=canary.model_copy(update={"decided": decided})))
    output.step(f"end of the canary of version {canary.version}")
    context.kind.end_canary(context)
    return endpoint_state.write(context, state, state.past.changed(canary=None))


def _answer(left: str, to: str, why: str) -> Automatic:
    return Automatic.model_validate({"from": left, "to": to, "at": now(), "why": why})


def _roll_back(
    context: DeploymentContext, state: EndpointState, version: str, smoke: Smoke, why: str, automatic: Automatic | None
) -> str:
    """Give callers an earlier version, and return how its smoke test ended."""
    past = state.past.changed(automatic=automatic)
    # Remembered before anything moves: typed again after an interruption it must not go forward to what it has left.
    for left in (state.live, state.untested):
        if left and left != version:
            past = past.leaving(left)
    if state.live == state.target == version:
        state = endpoint_state.write(context, state, past)
        return moves.keep(context, state, smoke)[1]
    begun = past.going_to(version, state.live or "", why)
    undone = state.past.changed(untested="", had="", automatic=automatic or state.past.automatic)
    move = Move(version, state.live or None, begun, undone, promoted=False)
    return moves.give(context, state, move, smoke)[1]
