"""The commands of what runs on AgentCore Runtime: an image becomes a version, and an endpoint moves to it and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.delivery import (
    alarm_rollback,
    endpoint_state,
    endpoints,
    images,
    moves,
    output,
    promotion,
)
from agentcore_kit.delivery import rollback as going_back
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.endpoint_history import clock
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError, reported_errors
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.delivery.names import LIVE, NEWEST
from agentcore_kit.delivery.runtime_releases import allow, live

Version = Annotated[str, typer.Option(help="A version of the runtime; if empty, the command chooses.")]
Day = Annotated[str, typer.Option("--date", help="The component's date, if it stands still.")]
Alarm = Annotated[
    Path | None, typer.Option("--alarm", help="The event of an alarm that asks for it, as GitHub's file of the event.")
]
Endpoint = Annotated[str, typer.Option("--endpoint", help="live, canary, or DEFAULT: the newest version.")]


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
        state = endpoint_state.read(context)
        output.plan([f"ask endpoint {name}; none is moved, and a version that fails is remembered"])
        version = _serves(context, state, name)
        try:
            context.kind.smoke(context, state.runtime.arn, name, token(context))
        except CommandError as failure:
            if version and failure.code == GATE_NOT_PASSED:
                endpoint_state.remember_test(context, version, passed=False)
                message = f"{failure.message}; version {version} is remembered as one that failed; {live(context)}"
                raise CommandError(message, failure.next_step, failure.code) from None
            raise
        state = endpoint_state.remember_test(context, version, passed=True) if version else state
        failed = (
            f"; version {version} has failed before, so it is promoted by name only" if version in state.failed else ""
        )
        output.done(f"{env}: {name} answers as it should{failed}; {live(context)}")


def _serves(context: DeploymentContext, state: EndpointState, name: str) -> str:
    """Return the version that an endpoint serves; empty for one that is not there."""
    if name == NEWEST:
        return state.runtime.newest
    seen = endpoints.state(context, state.runtime.id, name)
    return seen.live or "" if seen else ""


def gate(env: Env = "", day: Day = "") -> None:
    """Evaluate the newest version. Only an image that passed in pre-production may go to production."""
    with deployment("gate", env) as context:
        found = endpoints.runtime(context)
        uri = endpoints.image_of(context, found.id, found.newest)
        marks = " and mark its image as passed" if context.stage == "preproduction" else ""
        output.plan([f"evaluate version {found.newest} with evals/dataset.jsonl{marks}; endpoints stay as they are"])
        if context.stage == "preproduction":
            context.kind.before_promotion(context, found.newest)
        code = context.kind.evaluate(context, invocation_url(context, found.arn), token(context), day)
        if code:
            what = {1: "did not pass", 2: "was given bad input"}.get(code, "could not run")
            raise CommandError(
                f"the evaluation of version {found.newest} {what} (exit code {code}); not promoted; {live(context)}",
                "read evals/results/, correct it, then build and deploy again",
                code,
            )
        if context.stage == "preproduction":
            images.mark_passed(context, images.find(context, images.digest_in(uri)))
        output.done(f"{env}: version {found.newest} passed, {live(context)}; next: kit promote --env {env}")


def promote(env: Env = "", version: Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put back what was live when it fails."""
    with deployment("promote", env) as context:
        state = endpoint_state.read(context)
        wanted = version or state.runtime.newest
        promotion.refuse_during_canary(context, state, wanted)
        if not version:
            promotion.refuse(context, state, wanted)
        uri = endpoints.image_of(context, state.runtime.id, wanted)
        allow(context, uri)
        smoke_test = moves.smoke_of(context, state)
        context.kind.before_promotion(context, wanted)
        output.plan(_plan(state, wanted))
        if not state.proven(wanted):
            output.confirm(context)
        said = promotion.promote(context, state, wanted, smoke_test, "promoted by name" if version else "promoted")
        before = state.tested or "none"
        output.done(f"{env}: version {wanted} is live ({images.digest_in(uri)[:19]}), {said}; before it: {before}")


def _plan(state: EndpointState, wanted: str) -> list[str]:
    """Return what a promotion will change."""
    if state.proven(wanted):
        return []
    lines = []
    if state.untested and state.untested != wanted:
        begun = f", begun at {clock(state.past.since)}," if state.past.since else ""
        lines.append(f"the move to version {state.untested}{begun} ends unfinished")
    return [*lines, f"endpoint {LIVE}: version {state.live or 'none'} → {wanted}, and back when its test fails"]


def rollback(env: Env = "", version: Version = "", alarm: Alarm = None) -> None:
    """Move the live endpoint to the last good version, or to --version …, without building anything.

    A canary ends by it, and live stays where it is.
    """
    with deployment("rollback", env) as context:
        event = alarm_rollback.read_alarm(alarm) if alarm else None
        state = endpoint_state.read(context)
        if state.live is None:
            raise CommandError(
                f"nothing is live in {env}, so there is nothing to go back from", f"kit promote --env {env}"
            )
        if event and (stays := alarm_rollback.reason_to_stay(context, event, state)):
            output.plan([])
            output.done(f"{env}: {stays}; {live(context)}")
            return
        lines = going_back.plan(context, state, version)
        smoke_test = moves.smoke_if_possible(context, state)
        output.plan(lines)
        if lines:
            output.confirm(context)
        why = f"rolled back by alarm {event.alarm}" if event else "rolled back"
        said = going_back.back(context, state, smoke_test, why, version, automatic=event is not None)
        output.done(f"{env}: {said}")
