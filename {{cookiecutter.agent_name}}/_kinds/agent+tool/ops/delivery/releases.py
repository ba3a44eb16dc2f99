"""The verbs of what runs on AgentCore Runtime: an image becomes a version, and an endpoint moves to it and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ops.delivery import endpoint, history, image, promotion, show
from ops.delivery.acting import Env, acting
from ops.delivery.bearer import token
from ops.delivery.calls import invocation_url
from ops.delivery.names import LIVE
from ops.delivery.place import Place, open_place
from ops.delivery.runtime import allow, live
from ops.delivery.served import KIND
from ops.delivery.stop import Stop, stops

Version = Annotated[str, typer.Option(envvar="VERSION", help="A version of the runtime; if empty, the verb chooses.")]
Day = Annotated[str, typer.Option("--date", envvar="DATE", help="The component's date, if it stands still.")]
Alarm = Annotated[bool, typer.Option(envvar="ALARM", help="An alarm asks: nothing moves soon after a rollback.")]
Endpoint = Annotated[str, typer.Option(envvar="ENDPOINT", help="live, canary, or DEFAULT: the newest version.")]

SETTLES = timedelta(minutes=30)
"""How long after a rollback alarms may still be about what it left."""


def build(env: Env = "") -> None:
    """Build the arm64 image of the commit and push it, once, to the shared account's ECR."""
    with stops():
        place = open_place(env, "shared")
        show.header("build", place)
        revision = image.commit()
        place.check_account()
        known = image.built(place, revision)
        done = known is not None and image.described(known)
        push = [] if known else [f"build and push {place.component} of commit {revision[:12]} for arm64"]
        show.plan([*push, *([] if done else ["write its SBOM and sign it, where syft and cosign are"])])
        found = known or image.build(place, revision)
        if not done:
            image.describe(place, found)
        show.done(f"image {found.uri}; nothing is live by this; next: make deploy ENV={env}")


def smoke(env: Env = "", name: Endpoint = LIVE) -> None:
    """Ask an endpoint what every version must be able to answer. ENDPOINT=DEFAULT asks the newest version."""
    with acting("smoke", env) as place:
        show.plan([f"ask endpoint {name}; nothing is changed"])
        KIND.smoke(place, endpoint.runtime(place).arn, name, token(place))
        show.done(f"{env}: {name} answers as it should; {live(place)}")


def gate(env: Env = "", day: Day = "") -> None:
    """Evaluate the newest version. Only an image that passed in preprod may go to production."""
    with acting("gate", env) as place:
        found = endpoint.runtime(place)
        uri = endpoint.image_of(place, found.id, found.newest)
        marks = " and mark its image as passed" if env == "preprod" else ""
        show.plan([f"evaluate version {found.newest} with evals/dataset.jsonl{marks}; endpoints stay as they are"])
        code = KIND.evaluate(place, invocation_url(place, found.arn), token(place), day)
        if code:
            what = {1: "is below threshold", 2: "was given bad input"}.get(code, "could not run")
            raise Stop(
                f"the evaluation of version {found.newest} {what} (exit code {code}); not promoted; {live(place)}",
                "read evals/results/, correct it, then build and deploy again",
                code,
            )
        if env == "preprod":
            image.mark_passed(place, image.find(place, image.digest_in(uri)))
        show.done(f"{env}: version {found.newest} passed, {live(place)}; next: make promote ENV={env}")


def promote(env: Env = "", version: Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put the last good one back when it fails."""
    with acting("promote", env) as place:
        found = endpoint.runtime(place)
        wanted = version or found.newest
        if not version and wanted in history.recall(place).left:
            raise Stop(
                f"a rollback took callers away from version {wanted}, and nothing newer is deployed; {live(place)}",
                f"build and deploy a correction; or, if you are sure: make promote ENV={env} VERSION={wanted}",
            )
        uri = endpoint.image_of(place, found.id, wanted)
        allow(place, uri)
        bearer = token(place)
        now = endpoint.state(place, found.id)
        before = now.live if now else None
        if promotion.is_proven(place, found, wanted):
            show.plan([])
        else:
            show.plan([f"endpoint {LIVE}: version {before or 'none'} → {wanted}, and back when its test fails"])
            show.confirm(place)
        promotion.promote(place, found, wanted, lambda name: KIND.smoke(place, found.arn, name, bearer))
        show.done(f"{env}: version {wanted} is live ({image.digest_in(uri)[:19]}); before it: {before or 'none'}")


def rollback(env: Env = "", version: Version = "", alarm: Alarm = False) -> None:
    """Move the live endpoint to the last good version, or to VERSION=…, without building anything."""
    with acting("rollback", env) as place:
        found = endpoint.runtime(place)
        now = endpoint.state(place, found.id)
        if now is None or now.live is None:
            raise Stop(f"nothing is live in {env}, so there is nothing to go back from", f"make promote ENV={env}")
        if alarm and now.target != found.newest and datetime.now(UTC) - now.moved < SETTLES:
            raise Stop(
                f"a rollback moved live to version {now.target} at {now.moved:%H:%M} UTC; an alarm so soon may "
                "be about what it left, so nothing was moved",
                f"look, and if it is this version: make rollback ENV={env}",
            )
        target = version or promotion.rollback_target(place, now.live)
        endpoint.image_of(place, found.id, target)
        smoke_test, untested = _test(place, found)
        there = now.live == now.target == target
        show.plan([] if there else [f"endpoint {LIVE}: version {now.live} → {target}"])
        if not there:
            show.confirm(place)
        promotion.roll_back(place, found, target, smoke_test)
        show.done(f"{env}: version {target} is live again; it was {now.live}{untested}")


def _test(place: Place, found: endpoint.Runtime) -> tuple[promotion.Smoke, str]:
    """Return the smoke test. Without a token there is none, and going back to what has passed before must still go."""
    try:
        bearer = token(place)
    except Stop as missing:
        show.step(f"no smoke test: {missing.message}")
        return lambda _: None, "; not tested, as there is no token"
    return lambda name: KIND.smoke(place, found.arn, name, bearer), ""
