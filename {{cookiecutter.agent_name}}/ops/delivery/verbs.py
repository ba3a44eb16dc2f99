"""The verbs of delivery. Each says where it acts and what it will change, and ends in a line that says what is live."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

from ops import component
from ops.delivery import canary as split
from ops.delivery import endpoint, image, parameters, registry, show, stacks
from ops.delivery.bearer import VARIABLE, token
from ops.delivery.calls import invocation_url
from ops.delivery.names import CANARY, DELIVERY_ROLE, LIVE, stack
from ops.delivery.place import Place, open_place
from ops.delivery.stop import BAD_INPUT, Stop, stops
from ops.document import ROOT

Env = Annotated[str, typer.Option("--env", envvar="ENV", help="The environment: dev, preprod or prod.")]
Digest = Annotated[str, typer.Option(envvar="DIGEST", help="The image, sha256:…; that of the commit, if empty.")]
Version = Annotated[str, typer.Option(envvar="VERSION", help="A version of the runtime; if empty, the verb chooses.")]
Endpoint = Annotated[str, typer.Option(envvar="ENDPOINT", help="live, canary, or DEFAULT: the newest version.")]


def build(env: Env = "") -> None:
    """Build the arm64 image of the commit and push it, once, to the shared account's ECR."""
    with stops():
        place = open_place(env, "shared")
        show.header("build", place)
        revision = image.commit()
        place.check_account()
        known = image.built(place, revision)
        show.plan([] if known else [f"build and push {place.component} of commit {revision[:12]} for arm64"])
        found = known or image.build(place, revision)
        show.done(f"image {found.uri}; nothing is live by this; next: make deploy ENV={env}")


def plan(env: Env = "", digest: Digest = "") -> None:
    """Show what deploy would change, and change nothing."""
    with stops():
        place = open_place(env)
        show.header("plan", place)
        place.check_account()
        wanted = component.stacks(place, image.find(place, digest).uri)
        lines = _prepared(place, wanted)
        for one in wanted:
            stacks.discard(place, one.name)
        show.plan(lines)
        show.done(f"nothing was changed; {_live(place)}")


def deploy(env: Env = "", digest: Digest = "") -> None:
    """Bring the image and the infrastructure to an environment as a new version. Callers stay on what is live."""
    with stops():
        place = open_place(env)
        show.header("deploy", place)
        place.check_account()
        found = image.find(place, digest)
        _must_have_passed(place, found)
        wanted = component.stacks(place, found.uri)
        lines = _prepared(place, wanted)
        show.plan(lines)
        if lines:
            show.confirm(place)
        for one in wanted:
            # Prepared again: a stack may need what the one before it has just made.
            resolved = component.stack(place, found.uri, one.name)
            if stacks.prepare(place, resolved):
                show.step(f"stack {one.name}")
                stacks.execute(place, one.name)
            else:
                stacks.discard(place, one.name)
        now = endpoint.runtime(place)
        show.done(f"{env}: version {now.newest} deployed ({found.short}), {_live(place)}; next: make promote ENV={env}")


def smoke(env: Env = "", name: Endpoint = LIVE) -> None:
    """Ask an endpoint what every version must be able to answer. ENDPOINT=DEFAULT asks the newest version."""
    with stops():
        place = open_place(env)
        show.header("smoke", place)
        place.check_account()
        show.plan([f"ask endpoint {name} {len(component.SMOKE)} questions; nothing is changed"])
        component.smoke(place, endpoint.runtime(place).arn, name, token(place))
        show.done(f"{env}: {name} answers as it should; {_live(place)}")


def gate(
    env: Env = "",
    day: Annotated[str, typer.Option("--date", envvar="DATE", help="The agent's date, if it stands still.")] = "",
) -> None:
    """Evaluate the newest version. Only an image that passed in preprod may go to production."""
    with stops():
        place = open_place(env)
        show.header("gate", place)
        place.check_account()
        found = endpoint.runtime(place)
        uri = endpoint.image_of(place, found.id, found.newest)
        marks = " and mark its image as passed" if env == "preprod" else ""
        show.plan([f"evaluate version {found.newest} with evals/dataset.jsonl{marks}; endpoints stay as they are"])
        code = _evaluate(place, invocation_url(place, found.arn), day)
        if code:
            what = {1: "is below threshold", 2: "was given bad input"}.get(code, "could not run")
            raise Stop(
                f"the evaluation of version {found.newest} {what} (exit code {code}); not promoted; {_live(place)}",
                "read evals/results/, correct the agent, then build and deploy again",
                code,
            )
        if env == "preprod":
            image.mark_passed(place, image.find(place, uri.rpartition("@")[2]))
        show.done(f"{env}: version {found.newest} passed, {_live(place)}; next: make promote ENV={env}")


def promote(env: Env = "", version: Version = "") -> None:
    """Move the live endpoint to the newest version, test it there, and put the one before back when it fails."""
    with stops():
        place = open_place(env)
        show.header("promote", place)
        place.check_account()
        found = endpoint.runtime(place)
        wanted = version or found.newest
        uri = endpoint.image_of(place, found.id, wanted)
        _must_have_passed(place, image.find(place, uri.rpartition("@")[2]))
        bearer = token(place)
        now = endpoint.state(place, found.id)
        before = now.live if now else None
        show.plan([] if before == wanted else [f"endpoint {LIVE}: version {before or 'none'} → {wanted}"])
        if before != wanted:
            show.confirm(place)
        endpoint.promote(place, found, wanted, lambda name: component.smoke(place, found.arn, name, bearer))
        show.done(f"{env}: version {wanted} is live ({uri.rpartition('@')[2][:19]}); before it: {before or 'none'}")


def rollback(env: Env = "", version: Version = "") -> None:
    """Move the live endpoint to the last good version, or to VERSION=…, without building anything."""
    with stops():
        place = open_place(env)
        show.header("rollback", place)
        place.check_account()
        found = endpoint.runtime(place)
        now = endpoint.state(place, found.id)
        before = now.live if now else None
        if before is None:
            raise Stop(f"nothing is live in {env}, so there is nothing to go back from", f"make promote ENV={env}")
        target = version or endpoint.rollback_target(place, before)
        endpoint.image_of(place, found.id, target)
        show.plan([] if before == target else [f"endpoint {LIVE}: version {before} → {target}"])
        show.confirm(place)
        endpoint.roll_back(place, found, target)
        component.smoke(place, found.arn, LIVE, token(place))
        show.done(f"{env}: version {target} is live again; it was {before}")


def register(env: Env = "") -> None:
    """Publish the component to the organisation's registry and submit it for approval. Only production does."""
    with stops():
        place = open_place(env)
        show.header("register", place)
        wanted = component.descriptor(place.manifest)
        if env != "prod":
            show.plan([])
            show.done(f"only production publishes; {env} would have sent {len(wanted.data)} bytes of {wanted.kind}")
            return
        place.check_account()
        record = registry.find(place)
        lines = registry.changes(place, record, wanted)
        show.plan(lines)
        if lines:
            show.confirm(place)
            record = registry.publish(place, record, wanted)
        said = f"{record['recordVersion']}: {record['status']}" if record else "not there"
        show.done(f"record {place.component} {said}; {_live(place)}")


def canary(
    env: Env = "",
    weight: Annotated[int, typer.Option(envvar="WEIGHT", help="Percent of the sessions on the new version.")] = 10,
    decide: Annotated[bool, typer.Option(envvar="DECIDE", help="Compare both, then promote or reverse.")] = False,
) -> None:
    """Send a share of the sessions to the newest version; with DECIDE=1 compare, and promote or reverse by rule."""
    with stops():
        place = open_place(env)
        show.header("canary", place)
        place.check_account()
        found = endpoint.runtime(place)
        test = split.running(place)
        if decide:
            _decide(place, found, test)
            return
        gateway = place.manifest.spec.canary_gateway
        if gateway is None:
            raise Stop("no gateway splits this agent's callers", "name it in spec.canaryGateway of manifest.yaml", 2)
        _must_have_passed(place, image.find(place, endpoint.image_of(place, found.id, found.newest).rpartition("@")[2]))
        show.plan([f"endpoint {CANARY}: version {found.newest}", f"{weight} % of the sessions of {gateway} go there"])
        show.confirm(place)
        endpoint.move(place, found, found.newest, CANARY)
        component.smoke(place, found.arn, CANARY, token(place))
        split.start(place, gateway, component.evaluations(place), weight)
        show.done(f"{env}: {weight} % on version {found.newest}, {_live(place)}; next: make canary ENV={env} DECIDE=1")


def online(
    env: Env = "", off: Annotated[bool, typer.Option(envvar="OFF", help="Switch it off instead.")] = False
) -> None:
    """Switch the sampled evaluation of live sessions on."""
    with stops():
        place = open_place(env)
        show.header("online", place)
        place.check_account()
        wanted = "DISABLED" if off else "ENABLED"
        control = place.client("bedrock-agentcore-control")
        config = component.online_evaluation(place)
        now = control.get_online_evaluation_config(onlineEvaluationConfigId=config)["executionStatus"]
        show.plan([] if now == wanted else [f"online evaluation {now} → {wanted}"])
        if now != wanted:
            show.confirm(place)
            control.update_online_evaluation_config(onlineEvaluationConfigId=config, executionStatus=wanted)
        show.done(f"{env}: online evaluation {wanted}; {_live(place)}")


def status(env: Env = "") -> None:
    """Show what is deployed, what is live and where one could go back to, all read from the services."""
    with stops():
        place = open_place(env)
        show.header("status", place)
        place.check_account()
        for name in component.stack_names(place):
            found = stacks.describe(place, name)
            print(f"  stack {name:<52} {found['StackStatus'] if found else 'not there'}")
        if not stacks.outputs(place, stack(place.component, place.name, "runtime")):
            show.done(f"{env}: nothing is deployed; next: make deploy ENV={env}")
            return
        now = endpoint.runtime(place)
        newest = endpoint.image_of(place, now.id, now.newest).rpartition("@")[2]
        print(f"  newest version {now.newest} ({newest[:19]})")
        print(f"  good versions  {', '.join(parameters.read_good_versions(place)) or 'none yet'}")
        if env == "prod" and (record := registry.find(place)):
            print(f"  registry       {record['recordVersion']} {record['status']} {record.get('statusReason', '')}")
        live = endpoint.state(place, now.id)
        behind = "" if live and live.live == now.newest else f"; next: make promote ENV={env}"
        show.done(f"{env}: {_live(place)}{behind}")


def destroy(env: Env = "") -> None:
    """Remove everything of this component from an environment, last things first. Logs stay."""
    with stops():
        place = open_place(env)
        show.header("destroy", place)
        place.check_account()
        names = [name for name in reversed(component.stack_names(place)) if stacks.describe(place, name)]
        show.plan([f"delete stack {name}" for name in names])
        if names:
            show.confirm(place)
        for name in names:
            show.step(f"delete {name}")
            stacks.delete(place, name)
        parameters.forget(place)
        show.done(f"{env}: nothing is deployed and nothing is live; log groups stay until their retention ends")


def identity(env: Env = "", shared: Annotated[bool, typer.Option(envvar="SHARED")] = False) -> None:
    """Print the role and region that the pipeline uses, as lines for $GITHUB_OUTPUT. SHARED=1: the shared account's."""
    with stops():
        place = open_place(env, "shared" if shared else "environment")
        partition = "aws-cn" if place.region.startswith("cn-") else "aws-us-gov" if "gov" in place.region else "aws"
        print(f"role=arn:{partition}:iam::{place.account}:role/{DELIVERY_ROLE}\nregion={place.region}")


def _prepared(place: Place, wanted: list[stacks.Stack]) -> list[str]:
    """Make all change sets, and return what they would change. A stack that needs another first is told as new."""
    lines = []
    for one in wanted:
        if component.UNKNOWN in one.parameters.values():
            lines.append(f"{one.name}: new, after the stacks above")
        else:
            lines += [f"{one.name}: {line}" for line in stacks.prepare(place, one)]
    return lines


def _must_have_passed(place: Place, found: image.Image) -> None:
    if place.name == "prod" and not found.passed:
        raise Stop(
            f"image {found.short} has not passed pre-production with this dataset; production is untouched",
            "make deploy ENV=preprod, then make gate ENV=preprod",
        )


def _evaluate(place: Place, url: str, day: str) -> int:
    """Run `eval` as it is typed, against the deployed agent; return its exit code (0 passed, 1 below threshold …)."""
    command = [sys.executable, "-m", "ops", "eval", "--target", url, *(["--date", day] if day else [])]
    variables = os.environ | {"AGENT_ENV": place.name, VARIABLE: token(place)}
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode  # noqa: S603


def _decide(place: Place, found: endpoint.Runtime, test: dict[str, object] | None) -> None:
    if test is None:
        raise Stop(f"no canary is running in {place.name}", f"make canary ENV={place.name}", BAD_INPUT)
    verdict = split.judge(place, test, found.arn)
    for line in verdict.findings:
        print(f"  {line}")
    show.plan([f"{verdict.decision} version {found.newest}"])
    if verdict.decision == "wait":
        show.done(f"{place.name}: too few sessions to decide; {_live(place)}; the canary goes on")
        return
    show.confirm(place)
    split.stop(place, test)
    if verdict.decision == "reverse":
        raise Stop(
            f"version {found.newest} is worse than what is live; all callers are back on it; {_live(place)}",
            "correct the agent, then build and deploy again",
        )
    bearer = token(place)
    endpoint.promote(place, found, found.newest, lambda name: component.smoke(place, found.arn, name, bearer))
    show.done(f"{place.name}: version {found.newest} is live, as the canary was not worse")


def _live(place: Place) -> str:
    names = stacks.outputs(place, stack(place.component, place.name, "runtime"))
    found = endpoint.state(place, names["RuntimeId"]) if "RuntimeId" in names else None
    if found is None or found.live is None:
        return "nothing is live"
    return f"live: version {found.live}" + (f" (moving to {found.target})" if found.moving else "")
