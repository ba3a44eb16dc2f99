"""An organisation's accounts: the first hour from nothing, deliveries after it, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.delivery.delivery_roles import template_text
from agentcore_kit.delivery.platform.concerns import BY_HAND as MADE_BY_PEOPLE
from agentcore_kit.local.aws_emulator.stack_state import Stack
from agentcore_kit.local.rehearsal.scene import PLATFORM, scene
from agentcore_kit.local.rehearsal.scenes.common import component, edit, production
from agentcore_kit.local.rehearsal.stage import Stage

_ORDER = ("shared", "workload", "organisation")
"""The purposes of accounts in the order in which a person deploys them the first time."""


def purpose(it: Stage, env: str) -> str:
    """Return what an environment's account is for."""
    return str(it.environments[env].purpose)  # type: ignore[attr-defined]


def in_order(it: Stage) -> list[str]:
    """Return the environments in the order in which a person deploys them the first time."""
    return sorted(it.environments, key=lambda name: _ORDER.index(purpose(it, name)))


def before_production() -> str:
    """Return the environment that the pipeline delivers to before production."""
    return str(load_manifest().delivery.preproduction)


def in_production(it: Stage, wanted: str) -> str:
    """Return the first environment of production whose account is for something."""
    return next(name for name in production() if purpose(it, name) == wanted)


def deliver_to(it: Stage, env: str) -> bool:
    """Run the job of the workflow that deploys one environment; return whether none of its steps failed."""
    mine = [step for step in it.steps("preproduction", "production") if step.env == env]
    return all(it.run(step) for step in mine)


def stack(it: Stage, env: str, concern: str) -> Stack:
    """Return a stack of the platform."""
    return it.at(env).stacks.stacks[names.stack(component(), env, concern)]


@contextmanager
def deployed(it: Stage, name: str, env: str) -> Iterator[None]:
    """Let an account have a stack of a component for the length of a block, as its own delivery leaves it."""
    stacks, own = it.at(env).stacks.stacks, names.stack(name, env, "runtime")
    stacks[own] = replace(stack(it, env, "rights"), name=own, resources={})
    yield
    del stacks[own]


def published(it: Stage, env: str) -> dict[str, Any]:
    """Return the names that an account publishes, with their values, but for what the platform itself remembers."""
    own = f"/agentops/components/{component()}/"
    return {name: value for name, value in it.at(env).parameters.values.items() if not name.startswith(own)}


def first_hour(it: Stage) -> None:
    """Deploy every account by hand, as its administrator, from nothing."""
    it.commit("The platform")
    first, *_ = in_order(it)
    it.must("plan", env=first)
    assert not it.at(first).stacks.stacks, "a plan leaves nothing"
    for env in in_order(it):
        it.must("deploy", env=env)
    it.must("doctor", env=in_production(it, "workload"))


@scene("no-change", "Nothing has changed: the pipeline goes through every account and plans nothing", PLATFORM)
def no_change(it: Stage) -> None:
    """Deliver a commit that changes nothing in any account."""
    before, executed = {env: published(it, env) for env in it.environments}, len(it.cloud.made("ExecuteChangeSet"))
    it.commit("Words that change nothing in an account")
    assert it.deliver(), "a commit that changes nothing is not delivered"
    assert len(it.cloud.made("ExecuteChangeSet")) == executed, "a stack is changed by a commit that changes nothing"
    assert before == {env: published(it, env) for env in it.environments}, "a published name has another value"


@scene("put-back", "A change of production fails and is put back; the job that is run again goes on", PLATFORM)
def put_back(it: Stage) -> None:
    """Deliver a change whose stack fails in production, then run the failed job again."""
    env = in_production(it, "workload")
    edit(it.home / "environments" / f"{env}.yaml", {"alarmEmail": "platform-team@example.com"})
    it.commit("Tell somebody of alarms")
    it.cloud.plan_fault("AWS::SNS::Subscription", "ValidationException", "the endpoint was refused")
    it.refusal_expected = True
    assert not it.deliver(without=("notes", "github-check")), "a delivery goes on after a stack that failed"
    assert it.rows[-1] == f"production ({env}) deploy refused", it.rows[-1]
    assert stack(it, env, "alarms").status == "UPDATE_ROLLBACK_COMPLETE", "what failed is put back"
    it.must("status", env=env)
    assert deliver_to(it, env), "the same job does not go on after the cause is gone"
    assert stack(it, env, "alarms").status == "UPDATE_COMPLETE"


@scene("interrupted", "A first deployment stops twice in the middle; typed again it goes on where it was", PLATFORM)
def interrupted(it: Stage) -> None:
    """Let a resource fail in an empty account, then the credentials end, then nothing."""
    env, *_ = in_order(it)
    it.begin_anew()
    it.cloud.plan_fault("AWS::S3::Bucket", "ValidationException", "this name was refused")
    it.refused("deploy", env=env, because="this name was refused")
    made = [one for one in it.at(env).stacks.stacks.values() if one.status == "CREATE_COMPLETE"]
    there = {one.name: one.updated for one in made}
    assert there, "what came before the failure stays"
    it.must("status", env=env)
    it.cloud.plan_fault("ExecuteChangeSet", "ExpiredTokenException", "The security token is expired")
    it.refused("deploy", env=env, because="no longer")
    it.must("deploy", env=env)
    assert {name: it.at(env).stacks.stacks[name].updated for name in there} == there, "what was made is made again"
    assert "nothing to change" in it.must("deploy", env=env)


@scene("older-run", "An older run is started again after a newer one: it changes nothing", PLATFORM)
def older_run(it: Stage) -> None:
    """Deliver a commit, then the one before it."""
    env = before_production()
    older = it.git("rev-parse", "HEAD")
    it.commit("A newer commit")
    assert deliver_to(it, env)
    it.git("checkout", "--quiet", older)
    it.refusal_expected = True
    assert not deliver_to(it, env), "an older commit replaces a newer one"
    assert it.rows[-1].endswith(" newer refused"), it.rows[-1]


@scene("drift", "Somebody changes and deletes things in production by hand: the scheduled job names both", PLATFORM)
def drift(it: Stage) -> None:
    """Change one published name and delete another, then let the monitor workflow look."""
    env = in_production(it, "workload")
    look = [step for step in it.steps(workflow="monitor") if step.env == env]
    assert all(it.run(step) for step in look), "drift is found where nobody has changed anything"
    changed, deleted, *_ = sorted(published(it, env))
    it.errors_expected = (f"somebody has deleted {deleted}", "")
    it.at(env).parameters.values[changed] = "changed-by-hand"
    del it.at(env).parameters.values[deleted]
    it.refusal_expected = True
    assert not all(it.run(step) for step in look), "what was changed by hand is not found"
    assert "changed-by-hand" in it.said["drift"]
    assert "was deleted" in it.said["drift"]


@scene("by-hand", "The pipeline's own role is to change: only a person deploys that", PLATFORM)
def by_hand(it: Stage) -> None:
    """Change the template of the pipeline's rights: first its comments, which is nothing, then what it makes."""
    env = before_production()
    file = it.home / "infra" / MADE_BY_PEOPLE / "rights.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"# Reviewed.\n{text}", encoding="utf-8")
    it.commit("Change a comment in what the pipeline may do")
    assert deliver_to(it, env), "a comment stops the pipeline"
    template = read_template(text)
    more = {"OfRehearsal": {"Value": "an output more"}}
    file.write_text(template_text({**template, "Outputs": {**template.get("Outputs", {}), **more}}), encoding="utf-8")
    it.commit("Change the template of what the pipeline may do")
    it.refusal_expected = True
    assert not deliver_to(it, env), "the pipeline changes its own role"
    assert "cannot change its own role" in it.said["plan"]
    it.must("deploy", env=env)
    assert deliver_to(it, env), "the pipeline does not go on after a person has deployed its role"
