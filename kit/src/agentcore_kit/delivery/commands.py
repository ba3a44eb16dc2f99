"""The commands of delivery of every kind: each says where it acts and what it will change, and ends in what is live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, TypedDict

import typer

from agentcore_kit.delivery import names, output, registry, running_cost, ssm, stacks
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.errors import CommandError, reported_errors
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.secret_check import check_secrets
from agentcore_kit.kinds.base import ReleaseData

Digest = Annotated[str, typer.Option(help="The image, sha256:…; that of the commit, if empty.")]

RequestsPerDay = Annotated[
    int | None,
    typer.Option(min=1, help="Also say what so many requests a day cost, by the tokens of the last evaluation."),
]


def plan(env: Env = "", digest: Digest = "", requests_per_day: RequestsPerDay = None) -> None:
    """Show what deploy would change, and change nothing; with a traffic, first what that costs, without AWS."""

    def cost(context: DeploymentContext) -> None:
        output.cost(running_cost.told(context.environment, requests_per_day))

    with deployment("plan", env, before=cost) as context:
        check_secrets(context)
        wanted = context.kind.stacks(context, context.kind.release(context, digest))
        lines = prepared(context, wanted)
        for one in wanted:
            stacks.discard(context, one.name)
        output.plan(lines)
        output.done(f"nothing was changed; {context.kind.live(context)}")


def deploy(env: Env = "", digest: Digest = "") -> None:
    """Bring the component and its infrastructure to an environment."""
    with deployment("deploy", env) as context:
        check_secrets(context)
        release = context.kind.release(context, digest)
        context.kind.allow(context, release)
        bring(context, release)


def bring(context: DeploymentContext, release: str) -> None:
    """Show what a release changes, ask before production changes, and carry it out, stack by stack."""
    wanted = context.kind.stacks(context, release)
    lines = prepared(context, wanted)
    output.plan(lines)
    if lines:
        try:
            output.confirm(context)
        except (CommandError, KeyboardInterrupt):
            for one in wanted:
                stacks.discard(context, one.name)
            raise
    for name in [one.name for one in wanted]:
        # Prepared again: a stack may need what the one before it has just made.
        resolved = next(one for one in context.kind.stacks(context, release) if one.name == name)
        stacks.bring(context, resolved)
    output.done(f"{context.name}: {context.kind.deployed(context, release)}")


def register(env: Env = "") -> None:
    """Publish the component to the registry and submit it for approval. Only the first production environment does."""
    with reported_errors():
        context = open_context(env)
        output.header("register", context)
        wanted = context.kind.descriptor(context.manifest)
        if context.publishes:
            context.check_account()
        if why := registry.not_published(context):
            output.plan([])
            output.done(f"{why}; {env} would have sent {len(wanted.data)} bytes of {wanted.kind}")
            return
        record = registry.find(context)
        lines = registry.changes(context, record, wanted)
        output.plan(lines)
        if lines:
            output.confirm(context)
            record = registry.publish(context, record, wanted)
        said = f"{record['recordVersion']}: {record['status']}" if record else "not there"
        output.done(f"record {context.component} {said}; {context.kind.live(context)}")


def status(
    env: Env = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for another program to read.")] = False,
) -> None:
    """Show what is deployed, what is live and where one could go back to, all read from the services."""
    with deployment("status", env, data=as_json) as context:
        states = {name: _state(context, name) for name in context.kind.stack_names(context)}
        record = registry.published(context)
        if as_json:
            print(json.dumps(_as_data(context, states, record), ensure_ascii=False, indent=2))
            return
        for name, state in states.items():
            print(f"  stack {name:<52} {state or 'not there'}")
        *lines, last = context.kind.status(context)
        if record:
            lines.append(f"registry {record['recordVersion']} {record['status']} {record.get('statusReason', '')}")
        for line in lines:
            print(f"  {line}")
        output.done(f"{env}: {last}")


class StatusData(TypedDict):
    """What `kit status --json` prints."""

    component: str
    version: str
    environment: str
    account: str
    region: str
    stacks: dict[str, str | None]
    """The status of each stack by its name; None for one that is not there."""
    release: ReleaseData
    registry: dict[str, str] | None
    """Version and status of the record; None where another environment publishes it, and where there is none."""


def _state(context: DeploymentContext, name: str) -> str | None:
    found = stacks.describe(context, name)
    return found["StackStatus"] if found else None


def _as_data(context: DeploymentContext, states: dict[str, str | None], record: Mapping[str, Any] | None) -> StatusData:
    return {
        "component": context.component,
        "version": context.manifest.metadata.version,
        "environment": context.name,
        "account": context.account,
        "region": context.region,
        "stacks": states,
        "release": context.kind.release_data(context),
        "registry": {"version": record["recordVersion"], "status": record["status"]} if record else None,
    }


def destroy(env: Env = "") -> None:
    """Remove everything of this component from an environment, last things first. Logs and memories stay."""
    with deployment("destroy", env) as context:
        todo = context.kind.extras(context)
        for name in reversed(context.kind.stack_names(context)):
            if stacks.describe(context, name):
                todo.append((f"delete stack {name}", partial(stacks.delete, context, name)))
        if record := registry.published(context):
            gone = f"remove record {context.component}, which cannot be undone"
            todo.append((gone, partial(registry.delete, context, record)))
        left = context.kind.left_behind(context)
        output.plan([text for text, _ in todo])
        if todo:
            output.confirm(context)
        for text, do in todo:
            output.step(text)
            do()
        ssm.forget(context)
        output.done(f"{env}: nothing is deployed and nothing is live; {left}")


def identity(
    env: Env = "",
    shared: Annotated[bool, typer.Option("--shared", help="Of the account of the shared services.")] = False,
    register: Annotated[bool, typer.Option("--register", help="Of the job that writes the registry's record.")] = False,
) -> None:
    """Print the role and region that the pipeline uses, as lines for $GITHUB_OUTPUT."""
    with reported_errors():
        context = open_context(env, "shared" if shared else "environment")
        own = names.register_role if register else names.delivery_role
        name = context.environment.delivery_role or own(context.component)
        role = f"arn:{partition(context.region)}:iam::{context.account}:role/{name}"
        print(f"role={role}\nregion={context.region}")


def prepared(context: DeploymentContext, wanted: list[stacks.Stack]) -> list[str]:
    """Make all change sets, and return what they would change. A stack that needs another first is told as new."""
    lines = []
    for one in wanted:
        if stacks.UNKNOWN in one.parameters.values():
            lines.append(f"{one.name}: new, after the stacks above")
        else:
            lines += [f"{one.name}: {line}" for line in stacks.prepare(context, one)]
    return lines
