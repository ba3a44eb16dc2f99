"""The commands that only an agent has, as its sessions are sampled and judged: `canary` and `online`."""

from __future__ import annotations

from typing import Annotated

import typer

from agentcore_kit.config.regions import WITHOUT_ONLINE_EVALUATION
from agentcore_kit.delivery import canary as split
from agentcore_kit.delivery import endpoints, output, promotion
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
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
) -> None:
    """Send a share of the sessions to the newest version; with --decide compare, and promote or reverse by rule."""
    with deployment("canary", env) as context:
        weight = weight or context.environment.canary.weight_percent
        found = endpoints.runtime(context)
        test = split.running(context)
        if decide:
            _decide(context, found, test)
            return
        gateway = context.manifest.spec.canary_gateway
        if gateway is None:
            raise CommandError(
                "no gateway splits the callers", "name it in spec.canaryGateway of manifest.yaml", WRONG_INPUT
            )
        evaluations = context.kind.evaluations(context)
        allow(context, endpoints.image_of(context, found.id, found.newest))
        now = endpoints.state(context, found.id, CANARY)
        other = test if now is None or now.live != found.newest else None
        output.plan(
            [
                *(["the canary of another version ends undecided: its sessions say nothing of this one"] * bool(other)),
                f"endpoint {CANARY}: version {found.newest}",
                f"{weight} % of the sessions of {gateway} go there; {_judged(context)}",
            ]
        )
        output.confirm(context)
        bearer = token(context)
        if other:
            split.stop(context, other)
        endpoints.move(context, found, found.newest, CANARY)
        context.kind.smoke(context, found.arn, CANARY, bearer)
        for arn in evaluations.values():
            split.switch(context, arn, "ENABLED")  # what is not judged cannot be compared
        split.start(context, gateway, evaluations, weight)
        output.done(
            f"{env}: {weight} % on version {found.newest}, {live(context)}; next: kit canary --env {env} --decide"
        )


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


def _decide(context: DeploymentContext, found: endpoints.Runtime, test: dict[str, object] | None) -> None:
    if test is None:
        raise CommandError(f"no canary is running in {context.name}", f"kit canary --env {context.name}", WRONG_INPUT)
    measured = endpoints.state(context, found.id, CANARY)
    if measured is None or measured.live is None:
        raise CommandError(f"endpoint {CANARY} is gone", f"kit canary --env {context.name}")
    version = measured.live  # of which the verdict is; a newer one may have been deployed meanwhile
    verdict = split.judge(context, test, found.arn)
    for line in verdict.findings:
        print(f"  {line}")
    output.plan([f"{verdict.decision} version {version}"])
    if verdict.decision == "wait":
        output.done(f"{context.name}: too few sessions to decide; {live(context)}; the canary goes on")
        return
    output.confirm(context)
    bearer = token(context) if verdict.decision == "promote" else ""  # without one the canary goes on
    split.stop(context, test)
    split.switch(context, context.kind.evaluations(context)[CANARY], "DISABLED")
    if verdict.decision == "reverse":
        raise CommandError(
            f"version {version} is worse than what is live; all callers are back on it; {live(context)}",
            "correct the agent, then build and deploy again",
            GATE_NOT_PASSED,
        )
    promotion.promote(context, found, version, lambda name: context.kind.smoke(context, found.arn, name, bearer))
    output.done(f"{context.name}: version {version} is live, as the canary was not worse")
