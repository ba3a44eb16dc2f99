"""The commands that only an agent has, as its sessions are sampled and judged: `canary` and `online`."""

from __future__ import annotations

from typing import Annotated

import typer

from agentcore_kit.config.regions import WITHOUT_ONLINE_EVALUATION
from agentcore_kit.delivery import canary as split
from agentcore_kit.delivery import (
    canary_decision,
    endpoint_state,
    endpoints,
    moves,
    output,
    promotion,
    rights,
    rollback,
)
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_history import Canary, now
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError
from agentcore_kit.delivery.names import CANARY, LIVE
from agentcore_kit.delivery.runtime_releases import allow, live


def canary(
    env: Env = "",
    weight: Annotated[
        int | None,
        typer.Option(min=1, max=99, help="Percent of the sessions on the new version; canary.weightPercent, if empty."),
    ] = None,
    decide: Annotated[bool, typer.Option("--decide", help="Compare both, then promote or reverse.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End it undecided: all callers get what is live.")] = False,
) -> None:
    """Send a share of the sessions to the newest version; with --decide compare, and promote or reverse by rule."""
    with deployment("canary", env) as context:
        state = endpoint_state.read(context)
        known = split.of(context, state)
        if decide or stop:
            if known is None:
                raise CommandError(f"no canary is running in {env}", f"kit canary --env {env}", WRONG_INPUT)
            (_decide if decide else _stop)(context, state, known)
            return
        _start(context, state, known, weight or context.environment.canary.weight_percent)


def _start(context: DeploymentContext, state: EndpointState, known: Canary | None, weight: int) -> None:
    """Begin a canary of the newest version, or change the weight of the one that is running."""
    env, newest = context.name, state.runtime.newest
    gateway = context.manifest.spec.canary_gateway
    if gateway is None:
        raise CommandError(
            "no gateway splits the callers", "name it in spec.canaryGateway of manifest.yaml", WRONG_INPUT
        )
    _refuse_start(context, state, known)
    evaluations = context.kind.evaluations(context)
    allow(context, endpoints.image_of(context, state.runtime.id, newest))
    context.kind.before_promotion(context, newest)
    test = split.running(context)
    goes_on = known is not None and known.version == newest and not split.control_changed(state, known)
    output.plan(
        [
            *([f"version {newest} was left before, and is tried again"] * (newest in state.left)),
            *([f"version {newest} failed its smoke test before, and is asked again first"] * (newest in state.failed)),
            *(
                ["the canary before ends undecided: its sessions say nothing of these two versions"]
                * (test is not None and not goes_on)
            ),
            f"endpoint {CANARY}: version {newest}",
            f"{weight} % of the sessions of {gateway} go there; {_judged(context)}",
        ]
    )
    output.confirm(context)
    smoke = moves.smoke_of(context, state)
    rights.widen(context, newest)
    if test is not None and not goes_on:
        split.stop(context, test)
    endpoints.move(context, state.runtime, newest, CANARY)
    _asked(context, newest, smoke)
    for arn in evaluations.values():
        split.switch(context, arn, "ENABLED")  # what is not judged cannot be compared
    since = known.since if known and goes_on else now()
    moved = split.moved_at(state)
    begun = Canary(version=newest, control=str(state.live), percent=weight, since=since, moved=moved)
    endpoint_state.write(context, state, state.past.changed(canary=begun))
    split.start(context, gateway, evaluations, weight)
    output.done(f"{env}: {weight} % on version {newest}, {live(context)}; next: kit canary --env {env} --decide")


def _refuse_start(context: DeploymentContext, state: EndpointState, known: Canary | None) -> None:
    """Raise CommandError when there are no two versions to compare, or something else was begun."""
    env, newest = context.name, state.runtime.newest
    if state.live is None:
        raise CommandError(
            f"nothing is live in {env}, so there is nothing to compare version {newest} with",
            f"kit promote --env {env}",
        )
    if state.untested or state.live != state.target:
        raise CommandError(
            f"the move of live to version {state.untested or state.target} has not ended",
            f"kit promote --env {env} or kit rollback --env {env}, then the same again",
        )
    if known and known.decided:
        raise CommandError(
            f"the end of the canary of version {known.version} was begun and interrupted",
            f"kit canary --env {env} --{'decide' if known.decided != 'stop' else 'stop'} goes on with it",
        )
    if newest == state.live:
        raise CommandError(
            f"version {newest} is live already, and nothing newer is deployed to compare it with",
            f"kit deploy --env {env} brings a new version",
            WRONG_INPUT,
        )


def _asked(context: DeploymentContext, version: str, smoke: moves.Smoke) -> None:
    """Ask the canary's endpoint before anybody is sent there."""
    try:
        smoke(CANARY)
    except CommandError as failure:
        if failure.code == GATE_NOT_PASSED:
            endpoint_state.remember_test(context, version, passed=False)
        raise


def _judged(context: DeploymentContext) -> str:
    """Return what online evaluation does, and that it costs something."""
    settings = context.environment.online_evaluation
    share = f"{settings.sampling_percent:g} % of the sessions are judged by {', '.join(settings.evaluators)}"
    return f"{share}, which AWS charges by their tokens"


def online(env: Env = "", off: Annotated[bool, typer.Option("--off", help="Switch it off instead.")] = False) -> None:
    """Switch the sampled evaluation of live sessions on."""
    with deployment("online", env) as context:
        if context.region in WITHOUT_ONLINE_EVALUATION:
            output.done(f"{env}: AgentCore has no online evaluation in {context.region}; no session is judged")
            return
        wanted = "DISABLED" if off else "ENABLED"
        evaluation = context.kind.evaluations(context)[LIVE]
        now = split.status(context, evaluation)
        change = f"online evaluation {now} → {wanted}" + ("" if off else f": {_judged(context)}")
        output.plan([] if now == wanted else [change])
        if now != wanted:
            output.confirm(context)
            split.switch(context, evaluation, wanted)
        output.done(f"{env}: online evaluation {wanted}; {live(context)}")


def _decide(context: DeploymentContext, state: EndpointState, known: Canary) -> None:
    """Compare both versions, and promote or reverse; a decision that was interrupted is carried out."""
    version, decided = known.version, known.decided
    if not decided:
        decision = _compare(context, state, known)
        for line in decision.findings:
            print(f"  {line}")
        if decision.decision == "wait":
            output.plan([])
            output.done(f"{context.name}: not decided yet, {live(context)}; the canary goes on")
            return
        decided = decision.decision
    if decided == "promote":
        context.kind.before_promotion(context, version)
        output.plan(
            ["the canary ends", f"endpoint {LIVE}: version {state.live} → {version}, and back when its test fails"]
        )
    else:
        output.plan([f"the canary ends; version {version} is left, and all callers get version {state.live}"])
    output.confirm(context)
    if decided == "promote":
        smoke = moves.smoke_of(context, state)  # without a token the canary goes on
        begun = known.model_copy(update={"decided": "promote"})
        state = endpoint_state.write(context, state, state.past.changed(canary=begun))
        why = f"the canary was not worse than version {known.control}"
        said = promotion.promote(context, state, version, smoke, why)
        output.done(f"{context.name}: version {version} is live, as the canary was not worse; {said}")
        return
    rollback.end_canary(context, state, state.past, known, "reverse")
    raise CommandError(
        f"version {version} is worse than what is live; all callers are back on it; {live(context)}",
        "correct the agent, then build and deploy again",
        GATE_NOT_PASSED,
    )


def _compare(context: DeploymentContext, state: EndpointState, known: Canary) -> canary_decision.Decision:
    """Return what the sessions say. Raises CommandError when they say nothing of what there is now."""
    env = context.name
    begin_anew = f"kit canary --env {env} begins anew; kit canary --env {env} --stop ends it"
    if split.control_changed(state, known):
        raise CommandError(
            f"live was moved since the canary began: it compares with version {known.control or 'unknown'}, and "
            f"callers have version {state.live or 'none'}, so nothing is decided",
            begin_anew,
            GATE_NOT_PASSED,
        )
    test, measured = split.running(context), endpoints.state(context, state.runtime.id, CANARY)
    if test is None or measured is None:
        gone = f"endpoint {CANARY}" if measured is None else "the A/B test of the canary"
        raise CommandError(f"{gone} is gone, so nothing is decided", begin_anew)
    if measured.live != known.version:
        raise CommandError(
            f"endpoint {CANARY} serves version {measured.live}, not {known.version}, so nothing is decided",
            begin_anew,
            GATE_NOT_PASSED,
        )
    return canary_decision.decide(context, test, state.runtime.arn)


def _stop(context: DeploymentContext, state: EndpointState, known: Canary) -> None:
    """End a canary undecided."""
    if known.decided == "promote":
        raise CommandError(
            f"the promotion of version {known.version} was begun and interrupted",
            f"kit canary --env {context.name} --decide goes on with it, kit rollback --env {context.name} goes back",
        )
    output.plan([f"the canary of version {known.version} ends undecided, and all callers get version {state.live}"])
    output.confirm(context)
    rollback.end_canary(context, state, state.past, known, known.decided or "stop")
    output.done(f"{context.name}: the canary of version {known.version} is ended; {live(context)}")
