"""The commands of what runs on AgentCore Runtime: an image becomes a version, and an endpoint moves to it and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from agentcore_kit.delivery import endpoints, images, output, promotion, version_history
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.errors import CommandError, reported_errors
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.delivery.names import LIVE
from agentcore_kit.delivery.runtime_releases import allow, live

Version = Annotated[str, typer.Option(help="A version of the runtime; if empty, the command chooses.")]
Day = Annotated[str, typer.Option("--date", help="The component's date, if it stands still.")]
Alarm = Annotated[bool, typer.Option("--alarm", help="An alarm asks: nothing moves soon after a rollback.")]
Endpoint = Annotated[str, typer.Option("--endpoint", help="live, canary, or DEFAULT: the newest version.")]

SETTLES = timedelta(minutes=30)
"""How long after a rollback alarms may still be about what it left."""


def build(env: Env = "") -> None:
    """Build the arm64 image of the commit and push it, once, to the shared account's ECR."""
    with reported_errors():
        context = open_context(env, "shared")
        output.header("build", context)
        revision = images.commit()
        context.check_account()
        home = images.home(context)
        known = images.built(home, revision)
        if known is None and home is not context:
            raise CommandError(
                f"{images.registry(home)} has no image of commit {revision[:12]} yet, and {env} gets a copy of it",
                f"kit build --env {home.name}",
            )
        targets = [context] if home is not context else images.elsewhere(context)
        missing = [one for one in targets if images.built(one, revision) is None]
        own = [home, *targets] if home is context else targets
        done = known is not None and images.described([images.address(one, known.digest) for one in own])
        push = [] if known else [f"build and push {context.component} of commit {revision[:12]} for arm64"]
        push += [f"copy it to {images.registry(one)}, for {one.name}" for one in missing]
        output.plan([*push, *([] if done else ["write its SBOM and sign it, where syft and cosign are"])])
        found = known or images.build(home, revision)
        placed = [(home, found), *((one, images.copy(found, home, one, revision)) for one in targets)]
        if not done:
            images.describe([each for each in placed if each[0] in own])
        output.done(f"image {found.uri}; nothing is live by this; next: kit deploy --env {env}")


def smoke(env: Env = "", name: Endpoint = LIVE) -> None:
    """Ask an endpoint what every version must be able to answer. With --endpoint DEFAULT the newest version."""
    with deployment("smoke", env) as context:
        output.plan([f"ask endpoint {name}; nothing is changed"])
        context.kind.smoke(context, endpoints.runtime(context).arn, name, token(context))
        output.done(f"{env}: {name} answers as it should; {live(context)}")


def gate(env: Env = "", day: Day = "") -> None:
    """Evaluate the newest version. Only an image that passed in pre-production may go to production."""
    with deployment("gate", env) as context:
        found = endpoints.runtime(context)
        uri = endpoints.image_of(context, found.id, found.newest)
        marks = " and mark its image as passed" if context.stage == "preproduction" else ""
        output.plan([f"evaluate version {found.newest} with evals/dataset.jsonl{marks}; endpoints stay as they are"])
        code = context.kind.evaluate(context, invocation_url(context, found.arn), token(context), day)
        if code:
            what = {1: "is below threshold", 2: "was given bad input"}.get(code, "could not run")
            raise CommandError(
                f"the evaluation of version {found.newest} {what} (exit code {code}); not promoted; {live(context)}",
                "read evals/results/, correct it, then build and deploy again",
                code,
            )
        if context.stage == "preproduction":
            images.mark_passed(context, images.find(context, images.digest_in(uri)))
        output.done(f"{env}: version {found.newest} passed, {live(context)}; next: kit promote --env {env}")


def promote(env: Env = "", version: Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put the last good one back when it fails."""
    with deployment("promote", env) as context:
        found = endpoints.runtime(context)
        wanted = version or found.newest
        if not version and wanted in version_history.recall(context).left:
            raise CommandError(
                f"a rollback took callers away from version {wanted}, and nothing newer is deployed; {live(context)}",
                f"build and deploy a correction; or, if you are sure: kit promote --env {env} --version {wanted}",
            )
        uri = endpoints.image_of(context, found.id, wanted)
        allow(context, uri)
        bearer = token(context)
        now = endpoints.state(context, found.id)
        before = now.live if now else None
        if promotion.is_proven(context, found, wanted):
            output.plan([])
        else:
            output.plan([f"endpoint {LIVE}: version {before or 'none'} → {wanted}, and back when its test fails"])
            output.confirm(context)
        promotion.promote(context, found, wanted, lambda name: context.kind.smoke(context, found.arn, name, bearer))
        output.done(f"{env}: version {wanted} is live ({images.digest_in(uri)[:19]}); before it: {before or 'none'}")


def rollback(env: Env = "", version: Version = "", alarm: Alarm = False) -> None:
    """Move the live endpoint to the last good version, or to --version …, without building anything."""
    with deployment("rollback", env) as context:
        found = endpoints.runtime(context)
        now = endpoints.state(context, found.id)
        if now is None or now.live is None:
            raise CommandError(
                f"nothing is live in {env}, so there is nothing to go back from", f"kit promote --env {env}"
            )
        if alarm and now.target != found.newest and datetime.now(UTC) - now.moved < SETTLES:
            raise CommandError(
                f"a rollback moved live to version {now.target} at {now.moved:%H:%M} UTC; an alarm so soon may "
                "be about what it left, so nothing was moved",
                f"look, and if it is this version: kit rollback --env {env}",
            )
        target = version or promotion.rollback_target(context, now.live)
        endpoints.image_of(context, found.id, target)
        smoke_test, untested = _test(context, found)
        there = now.live == now.target == target
        output.plan([] if there else [f"endpoint {LIVE}: version {now.live} → {target}"])
        if not there:
            output.confirm(context)
        promotion.roll_back(context, found, target, smoke_test)
        output.done(f"{env}: version {target} is live again; it was {now.live}{untested}")


def _test(context: DeploymentContext, found: endpoints.Runtime) -> tuple[promotion.Smoke, str]:
    """Return the smoke test. Without a token there is none, and going back to what has passed before must still go."""
    try:
        bearer = token(context)
    except CommandError as missing:
        output.step(f"no smoke test: {missing.message}")
        return lambda _: None, "; not tested, as there is no token"
    return lambda name: context.kind.smoke(context, found.arn, name, bearer), ""
