"""The verbs that only an agent has, as its sessions are sampled and judged: a canary, and online evaluation."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import component
from ops.delivery import canary as split
from ops.delivery import endpoint, promotion, show
from ops.delivery.acting import Env, acting
from ops.delivery.bearer import token
from ops.delivery.names import CANARY, LIVE
from ops.delivery.place import Place
from ops.delivery.runtime import allow, live
from ops.delivery.stop import BAD_INPUT, Stop


def canary(
    env: Env = "",
    weight: Annotated[
        int, typer.Option(min=1, max=99, envvar="WEIGHT", help="Percent of the sessions on the new version.")
    ] = 10,
    decide: Annotated[bool, typer.Option(envvar="DECIDE", help="Compare both, then promote or reverse.")] = False,
) -> None:
    """Send a share of the sessions to the newest version; with DECIDE=1 compare, and promote or reverse by rule."""
    with acting("canary", env) as place:
        found = endpoint.runtime(place)
        test = split.running(place)
        if decide:
            _decide(place, found, test)
            return
        gateway = component.canary_gateway(place.manifest)
        if gateway is None:
            raise Stop("no gateway splits the callers", "name it in spec.canaryGateway of manifest.yaml", 2)
        allow(place, endpoint.image_of(place, found.id, found.newest))
        now = endpoint.state(place, found.id, CANARY)
        other = test if now is None or now.live != found.newest else None
        show.plan(
            [
                *(["the canary of another version ends undecided: its sessions say nothing of this one"] * bool(other)),
                f"endpoint {CANARY}: version {found.newest}",
                f"{weight} % of the sessions of {gateway} go there and are judged",
            ]
        )
        show.confirm(place)
        bearer = token(place)
        if other:
            split.stop(place, other)
        endpoint.move(place, found, found.newest, CANARY)
        component.smoke(place, found.arn, CANARY, bearer)
        evaluations = component.evaluations(place)
        for arn in evaluations.values():
            split.switch(place, arn, "ENABLED")  # what is not judged cannot be compared
        split.start(place, gateway, evaluations, weight)
        show.done(f"{env}: {weight} % on version {found.newest}, {live(place)}; next: make canary ENV={env} DECIDE=1")


def online(
    env: Env = "", off: Annotated[bool, typer.Option(envvar="OFF", help="Switch it off instead.")] = False
) -> None:
    """Switch the sampled evaluation of live sessions on."""
    with acting("online", env) as place:
        wanted = "DISABLED" if off else "ENABLED"
        evaluation = component.evaluations(place)[LIVE]
        now = split.status(place, evaluation)
        show.plan([] if now == wanted else [f"online evaluation {now} → {wanted}"])
        if now != wanted:
            show.confirm(place)
            split.switch(place, evaluation, wanted)
        show.done(f"{env}: online evaluation {wanted}; {live(place)}")


def _decide(place: Place, found: endpoint.Runtime, test: dict[str, object] | None) -> None:
    if test is None:
        raise Stop(f"no canary is running in {place.name}", f"make canary ENV={place.name}", BAD_INPUT)
    measured = endpoint.state(place, found.id, CANARY)
    if measured is None or measured.live is None:
        raise Stop(f"endpoint {CANARY} is gone", f"make canary ENV={place.name}")
    version = measured.live  # of which the verdict is; a newer one may have been deployed meanwhile
    verdict = split.judge(place, test, found.arn)
    for line in verdict.findings:
        print(f"  {line}")
    show.plan([f"{verdict.decision} version {version}"])
    if verdict.decision == "wait":
        show.done(f"{place.name}: too few sessions to decide; {live(place)}; the canary goes on")
        return
    show.confirm(place)
    bearer = token(place) if verdict.decision == "promote" else ""  # without one the canary goes on
    split.stop(place, test)
    split.switch(place, component.evaluations(place)[CANARY], "DISABLED")
    if verdict.decision == "reverse":
        raise Stop(
            f"version {version} is worse than what is live; all callers are back on it; {live(place)}",
            "correct the agent, then build and deploy again",
        )
    promotion.promote(place, found, version, lambda name: component.smoke(place, found.arn, name, bearer))
    show.done(f"{place.name}: version {version} is live, as the canary was not worse")
