"""The commands of a platform's delivery: what would change, change it, what is there."""

from __future__ import annotations

import json
from typing import Annotated, TypedDict

import typer

from agentcore_kit.delivery import output, ssm, stacks
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.commits import short
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.platform.concerns import asked_for
from agentcore_kit.delivery.platform.deployment import COMMIT, Plan
from agentcore_kit.delivery.platform.removals import deployed

AllowLoss = Annotated[bool, typer.Option("--allow-loss", help="Also when somebody loses something by it.")]


def plan(env: Env = "") -> None:
    """Show what deploy would change in an account, and what somebody would lose by it. Nothing is changed."""
    with deployment("plan", env) as context:
        found = Plan(context)
        found.discard()
        output.plan(found.lines)
        then = "; deploy needs --allow-loss, as lines with ! lose something" if found.losses else ""
        output.done(f"nothing was changed; {context.kind.live(context)}{then}")


def deploy(env: Env = "", allow_loss: AllowLoss = False) -> None:
    """Bring all stacks of an account in order, then the policies; delete what is no longer asked for."""
    with deployment("deploy", env) as context:
        found = Plan(context)
        output.plan(found.lines)
        try:
            found.refuse(allow_loss=allow_loss)
            if found.lines:
                output.confirm(context)
        except BaseException:
            found.discard()
            raise
        found.carry_out()
        output.done(f"{env}: {context.kind.deployed(context, context.kind.release(context, ''))}")


class StatusData(TypedDict):
    """What `kit status --json` prints."""

    platform: str
    version: str
    environment: str
    purpose: str
    account: str
    region: str
    commit: str
    """The commit that was deployed last; empty for none."""
    stacks: dict[str, str | None]
    """The status of each stack by its name; None for one that is not there."""


def status(
    env: Env = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for another program to read.")] = False,
) -> None:
    """Show which stacks are there and which commit was deployed last, all read from the services."""
    with deployment("status", env, data=as_json) as context:
        states = _states(context)
        if as_json:
            found: StatusData = {
                "platform": context.component,
                "version": context.manifest.metadata.version,
                "environment": context.name,
                "purpose": context.environment.purpose,
                "account": context.account,
                "region": context.region,
                "commit": ssm.remembered(context, COMMIT),
                "stacks": states,
            }
            print(json.dumps(found, ensure_ascii=False, indent=2))
            return
        for name, state in states.items():
            print(f"  stack {name:<60} {state or 'not there'}")
        there = any(states.values())
        output.done(f"{env}: {context.kind.live(context)}; next: kit {'drift' if there else 'plan'} --env {env}")


def _states(context: DeploymentContext) -> dict[str, str | None]:
    """Return the state of each stack that is asked for or there, in the order of deployment."""
    places = asked_for(context)
    known = {(place.region, name) for place, name in places}
    places += [(place, name) for place, name in deployed(context) if (place.region, name) not in known]
    found = {}
    for place, name in places:
        state = stacks.describe(place, name)
        where = "" if place.region == context.region else f" in {place.region}"
        found[f"{name}{where}"] = str(state["StackStatus"]) if state else None
    return found


def live(context: DeploymentContext) -> str:
    """Return how many stacks of an environment are there, and of which commit, in a few words."""
    there = sum(1 for _ in deployed(context))
    commit = ssm.remembered(context, COMMIT)
    return (
        f"{there} stacks are there{f', of commit {short(commit)}' if commit else ''}" if there else "nothing is there"
    )
