"""The verbs of delivery of every kind: each says where it acts and what it will change, and ends in what is live."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from agentcore_kit.delivery import output, registry, ssm, stacks
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.errors import CommandError, reported_errors
from agentcore_kit.delivery.names import DELIVERY_ROLE

Digest = Annotated[str, typer.Option(envvar="DIGEST", help="The image, sha256:…; that of the commit, if empty.")]


def plan(env: Env = "", digest: Digest = "") -> None:
    """Show what deploy would change, and change nothing."""
    with deployment("plan", env) as context:
        wanted = context.kind.stacks(context, context.kind.release(context, digest))
        lines = prepared(context, wanted)
        for one in wanted:
            stacks.discard(context, one.name)
        output.plan(lines)
        output.done(f"nothing was changed; {context.kind.live(context)}")


def deploy(env: Env = "", digest: Digest = "") -> None:
    """Bring the component and its infrastructure to an environment."""
    with deployment("deploy", env) as context:
        release = context.kind.release(context, digest)
        context.kind.allow(context, release)
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
            if stacks.prepare(context, resolved):
                output.step(f"stack {name}")
                stacks.execute(context, name)
            else:
                stacks.discard(context, name)
        output.done(f"{env}: {context.kind.deployed(context, release)}")


def register(env: Env = "") -> None:
    """Publish the component to the organisation's registry and submit it for approval. Only production does."""
    with reported_errors():
        context = open_context(env)
        output.header("register", context)
        wanted = context.kind.descriptor(context.manifest)
        if env != "prod":
            output.plan([])
            output.done(f"only production publishes; {env} would have sent {len(wanted.data)} bytes of {wanted.kind}")
            return
        context.check_account()
        record = registry.find(context)
        lines = registry.changes(context, record, wanted)
        output.plan(lines)
        if lines:
            output.confirm(context)
            record = registry.publish(context, record, wanted)
        said = f"{record['recordVersion']}: {record['status']}" if record else "not there"
        output.done(f"record {context.component} {said}; {context.kind.live(context)}")


def status(env: Env = "") -> None:
    """Show what is deployed, what is live and where one could go back to, all read from the services."""
    with deployment("status", env) as context:
        for name in context.kind.stack_names(context):
            found = stacks.describe(context, name)
            print(f"  stack {name:<52} {found['StackStatus'] if found else 'not there'}")
        *lines, last = context.kind.status(context)
        if record := registry.published(context):
            lines.append(f"registry {record['recordVersion']} {record['status']} {record.get('statusReason', '')}")
        for line in lines:
            print(f"  {line}")
        output.done(f"{env}: {last}")


def destroy(env: Env = "") -> None:
    """Remove everything of this component from an environment, last things first. Logs stay."""
    with deployment("destroy", env) as context:
        todo = context.kind.extras(context)
        for name in reversed(context.kind.stack_names(context)):
            if stacks.describe(context, name):
                todo.append((f"delete stack {name}", partial(stacks.delete, context, name)))
        if record := registry.published(context):
            gone = partial(registry.retire, context, record, f"{context.component} was removed from production")
            todo.append((f"retire record {context.component}, which cannot be undone", gone))
        output.plan([text for text, _ in todo])
        if todo:
            output.confirm(context)
        for text, do in todo:
            output.step(text)
            do()
        ssm.forget(context)
        output.done(f"{env}: nothing is deployed and nothing is live; log groups stay until their retention ends")


def identity(env: Env = "", shared: Annotated[bool, typer.Option(envvar="SHARED")] = False) -> None:
    """Print the role and region that the pipeline uses, as lines for $GITHUB_OUTPUT. SHARED=1: the shared account's."""
    with reported_errors():
        context = open_context(env, "shared" if shared else "environment")
        partition = "aws-cn" if context.region.startswith("cn-") else "aws-us-gov" if "gov" in context.region else "aws"
        print(f"role=arn:{partition}:iam::{context.account}:role/{DELIVERY_ROLE}\nregion={context.region}")


def prepared(context: DeploymentContext, wanted: list[stacks.Stack]) -> list[str]:
    """Make all change sets, and return what they would change. A stack that needs another first is told as new."""
    lines = []
    for one in wanted:
        if stacks.UNKNOWN in one.parameters.values():
            lines.append(f"{one.name}: new, after the stacks above")
        else:
            lines += [f"{one.name}: {line}" for line in stacks.prepare(context, one)]
    return lines
