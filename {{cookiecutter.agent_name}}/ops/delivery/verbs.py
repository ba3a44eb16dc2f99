"""The verbs of delivery of every kind: each says where it acts and what it will change, and ends in what is live."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from ops.delivery import parameters, registry, show, stacks
from ops.delivery.acting import Env, acting
from ops.delivery.interface import KIND
from ops.delivery.names import DELIVERY_ROLE
from ops.delivery.place import Place, open_place
from ops.delivery.stop import Stop, stops

Digest = Annotated[str, typer.Option(envvar="DIGEST", help="The image, sha256:…; that of the commit, if empty.")]


def plan(env: Env = "", digest: Digest = "") -> None:
    """Show what deploy would change, and change nothing."""
    with acting("plan", env) as place:
        wanted = KIND.stacks(place, KIND.release(place, digest))
        lines = prepared(place, wanted)
        for one in wanted:
            stacks.discard(place, one.name)
        show.plan(lines)
        show.done(f"nothing was changed; {KIND.live(place)}")


def deploy(env: Env = "", digest: Digest = "") -> None:
    """Bring the component and its infrastructure to an environment."""
    with acting("deploy", env) as place:
        release = KIND.release(place, digest)
        KIND.allow(place, release)
        wanted = KIND.stacks(place, release)
        lines = prepared(place, wanted)
        show.plan(lines)
        if lines:
            try:
                show.confirm(place)
            except (Stop, KeyboardInterrupt):
                for one in wanted:
                    stacks.discard(place, one.name)
                raise
        for name in [one.name for one in wanted]:
            # Prepared again: a stack may need what the one before it has just made.
            resolved = next(one for one in KIND.stacks(place, release) if one.name == name)
            if stacks.prepare(place, resolved):
                show.step(f"stack {name}")
                stacks.execute(place, name)
            else:
                stacks.discard(place, name)
        show.done(f"{env}: {KIND.deployed(place, release)}")


def register(env: Env = "") -> None:
    """Publish the component to the organisation's registry and submit it for approval. Only production does."""
    with stops():
        place = open_place(env)
        show.header("register", place)
        wanted = KIND.descriptor(place.manifest)
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
        show.done(f"record {place.component} {said}; {KIND.live(place)}")


def status(env: Env = "") -> None:
    """Show what is deployed, what is live and where one could go back to, all read from the services."""
    with acting("status", env) as place:
        for name in KIND.stack_names(place):
            found = stacks.describe(place, name)
            print(f"  stack {name:<52} {found['StackStatus'] if found else 'not there'}")
        *lines, last = KIND.status(place)
        if record := registry.published(place):
            lines.append(f"registry {record['recordVersion']} {record['status']} {record.get('statusReason', '')}")
        for line in lines:
            print(f"  {line}")
        show.done(f"{env}: {last}")


def destroy(env: Env = "") -> None:
    """Remove everything of this component from an environment, last things first. Logs stay."""
    with acting("destroy", env) as place:
        todo = KIND.extras(place)
        for name in reversed(KIND.stack_names(place)):
            if stacks.describe(place, name):
                todo.append((f"delete stack {name}", partial(stacks.delete, place, name)))
        if record := registry.published(place):
            gone = partial(registry.retire, place, record, f"{place.component} was removed from production")
            todo.append((f"retire record {place.component}, which cannot be undone", gone))
        show.plan([text for text, _ in todo])
        if todo:
            show.confirm(place)
        for text, do in todo:
            show.step(text)
            do()
        parameters.forget(place)
        show.done(f"{env}: nothing is deployed and nothing is live; log groups stay until their retention ends")


def identity(env: Env = "", shared: Annotated[bool, typer.Option(envvar="SHARED")] = False) -> None:
    """Print the role and region that the pipeline uses, as lines for $GITHUB_OUTPUT. SHARED=1: the shared account's."""
    with stops():
        place = open_place(env, "shared" if shared else "environment")
        partition = "aws-cn" if place.region.startswith("cn-") else "aws-us-gov" if "gov" in place.region else "aws"
        print(f"role=arn:{partition}:iam::{place.account}:role/{DELIVERY_ROLE}\nregion={place.region}")


def prepared(place: Place, wanted: list[stacks.Stack]) -> list[str]:
    """Make all change sets, and return what they would change. A stack that needs another first is told as new."""
    lines = []
    for one in wanted:
        if stacks.UNKNOWN in one.parameters.values():
            lines.append(f"{one.name}: new, after the stacks above")
        else:
            lines += [f"{one.name}: {line}" for line in stacks.prepare(place, one)]
    return lines
