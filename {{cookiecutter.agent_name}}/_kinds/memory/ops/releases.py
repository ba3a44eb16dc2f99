"""The verbs of a memory's releases: is it right, remember it as good, go back, and has somebody changed it by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn
from uuid import uuid4

import typer
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from ops import component
from ops.changes import current, deployed, differences, effects
from ops.configuration.state import of_manifest, of_service, of_template
from ops.delivery import names, parameters, show, stacks, verbs
from ops.delivery.acting import Env, acting
from ops.delivery.place import Place
from ops.delivery.stop import BAD_INPUT, Stop, as_stop
from ops.delivery.verbs import Digest
from ops.document import ROOT
from ops.forget import forget_actor
from ops.revision import commit, in_full, remember_good, template_at
from ops.revision import good as good_ones

Version = Annotated[str, typer.Option(envvar="VERSION", help="A commit or tag; the last good one, if empty.")]
REPORT = ROOT / ".local" / "delivery" / "drift.md"


def plan(env: Env = "", digest: Digest = "") -> None:
    """Show what deploy would change, and what that does to what is remembered. Nothing is changed."""
    with acting("plan", env) as place:
        lines = verbs.prepared(place, component.stacks(place, digest))
        for name in component.stack_names(place):
            stacks.discard(place, name)
        show.plan(lines)
        now = current(place)
        found = effects(of_service(now), of_manifest(place.manifest.spec)) if now else []
        print("what is remembered:")
        for each in found:
            print(f"  {'! ' if each.loses else '- '}{each.text}")
        if not found:
            print("  - nothing yet" if now is None else "  - all of it is kept")
        loses = any(each.loses for each in found)
        then = "; deploy needs ALLOW_LOSS=1, as lines with ! lose something" if loses else ""
        show.done(f"nothing was changed; {component.live(place)}{then}")


def smoke(env: Env = "") -> None:
    """Write an event as an actor of its own, read it back, forget it."""
    with acting("smoke", env) as place:
        show.plan(["write an event, read it, delete it; nothing else is touched"])
        check(place)
        show.done(f"{env}: what is written is found, and gone when it is forgotten; {component.live(place)}")


def check(place: Place) -> None:
    """Raise Stop when the memory does not keep, find and forget."""
    client, memory, actor = place.client("bedrock-agentcore"), deployed(place), f"smoke-{uuid4().hex}"
    said = {"conversational": {"role": "USER", "content": {"text": "Is anybody there?"}}}
    made = client.create_event(
        memoryId=memory["id"], actorId=actor, sessionId="smoke", eventTimestamp=datetime.now(UTC), payload=[said]
    )["event"]["eventId"]
    found = client.list_events(memoryId=memory["id"], actorId=actor, sessionId="smoke")["events"]
    if [each["eventId"] for each in found] != [made]:
        raise Stop(f"the smoke test of {place.name} failed: an event is not found", f"make status ENV={place.name}")
    forget_actor(client, memory, actor)


def gate(env: Env = "") -> None:
    """Hold the conversations of the dataset with the deployed memory. Exit code 1 when it keeps the wrong things."""
    from ops.evaluation.cases import DATASET
    from ops.evaluation.gate import THRESHOLDS
    from ops.evaluation.runs import BELOW, RESULTS, exit_codes
    from ops.evaluation.verbs import run_evaluation

    with acting("gate", env):
        show.plan(["hold the conversations of evals/dataset.jsonl as actors of their own, then forget them"])
    with exit_codes():
        report = run_evaluation(env, os.environ.get("SELECT", ""), "", DATASET, THRESHOLDS, RESULTS)
    show.done(f"{env}: {report.headline}")
    raise SystemExit(0 if report.passed else BELOW)


def promote(env: Env = "") -> None:
    """Test what is deployed, and remember its commit as good; go back to the last good one when it fails."""
    with acting("promote", env) as place:
        revision, good = commit(), good_ones(place)
        show.plan([] if good[-1:] == [revision] else [f"test, then remember configuration {revision[:12]} as good"])
        if found := _differences(place, deployed(place)):
            raise Stop(f"{env} has another configuration than {revision[:12]}: {found[0]}", f"make deploy ENV={env}")
        try:
            check(place)
        except (Stop, ClientError, BotoCoreError) as error:
            failed = as_stop(error)
            if not good or good[-1] == revision:
                raise failed from None
            _return(place, good[-1], failed)
        if good[-1:] != [revision]:
            remember_good(place, [*good, revision])
        show.done(f"{env}: configuration {revision[:12]} is good; {component.live(place)}")


def rollback(env: Env = "", version: Version = "") -> None:
    """Bring the configuration of an earlier commit back. Records stay as they are; what was deleted stays deleted."""
    with acting("rollback", env) as place:
        good = _good_after(place, version)
        if not good:
            raise Stop("there is no earlier good configuration", "name one: VERSION=commit or tag", BAD_INPUT)
        target = good[-1]
        show.plan([f"bring back the configuration of {target[:12]}; what was learned meanwhile stays"])
        meant = f"when it is meant: make rollback ENV={env}{f' VERSION={version}' if version else ''} ALLOW_LOSS=1"
        component.allow_state(place, of_template(template_at(target)), meant)
        show.confirm(place)
        remember_good(place, good)  # first: typed again after a failure, it must not go forward
        _back(place, target)
        check(place)
        show.done(f"{env}: configuration {target[:12]} is active again; {component.live(place)}")


def drift(env: Env = "") -> None:
    """Compare the account with this repository. Exit code 1 when somebody has changed something by hand."""
    with acting("drift", env) as place:
        now = deployed(place)
        found = _differences(place, now)
        published = f"/agentops/memories/{place.component}/{place.name}/id"
        if parameters.optional(place, [published]).get(published) != now["id"]:
            found.append(f"SSM parameter {published} is not the memory's id")
        if found:
            lines = [
                f"Memory {now['id']} in {env} is not as this repository says:",
                "",
                *(f"- {each}" for each in found),
            ]
            lines += ["", f"`make plan ENV={env}`, then `make deploy`, or take the change over into manifest.yaml."]
            REPORT.parent.mkdir(parents=True, exist_ok=True)
            REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
            said = "; ".join(found)
            raise Stop(f"{env} differs from this repository: {said}", f"read {REPORT.relative_to(ROOT)}")
        show.done(f"{env}: as this repository says; {component.live(place)}")


@dataclass(frozen=True)
class _Earlier(stacks.Stack):
    """The stack of the memory with the template of an earlier commit."""

    text: str = field(default="")

    @property
    def body(self) -> str:
        return self.text


def _differences(place: Place, now: Mapping[str, Any]) -> list[str]:
    """Return what is otherwise in the account than the manifest says."""
    about = place.manifest.metadata.description
    found = (
        [] if now.get("description") == about else [f"description: {now.get('description')!r} deployed, {about!r} here"]
    )
    return found + differences(of_service(now), of_manifest(place.manifest.spec))


def _good_after(place: Place, version: str) -> list[str]:
    """Return what is good after a rollback, its target last: what is left is not, nor what came after the target."""
    good, target = good_ones(place), in_full(version) if version else ""
    if target in good:
        return good[: good.index(target) + 1]
    active = yaml.safe_load(stacks.template(place, names.stack(place.component, place.name, "memory")))
    while good and yaml.safe_load(template_at(good[-1])) == active:
        good.pop()
    return [*good, target] if target else good


def _return(place: Place, revision: str, failed: Stop) -> NoReturn:
    """Go back after a test that failed, and raise Stop. Nobody is there to allow a loss, so one is refused."""
    short = revision[:12]
    try:
        lost = component.losses(place, of_template(template_at(revision)))
        if not lost:
            _back(place, revision)
    except (Stop, ClientError, BotoCoreError) as error:
        also = as_stop(error)
        raise Stop(f"{failed.message}; going back to {short} failed too: {also.message}", also.next_step) from None
    if lost:
        raise Stop(
            f"{failed.message}; {short} was not brought back, as that loses what is remembered: {'; '.join(lost)}",
            f"correct the cause; if the loss is meant: make rollback ENV={place.name} VERSION={revision} ALLOW_LOSS=1",
        )
    raise Stop(f"{failed.message}; configuration {short} is back", failed.next_step)


def _back(place: Place, revision: str) -> None:
    """Deploy the template of an earlier commit, with the parameters of today that it has."""
    text = template_at(revision)
    values = {name: value for name, value in component.memory_parameters(place).items() if f"\n  {name}:\n" in text}
    name = names.stack(place.component, place.name, "memory")
    stack = _Earlier(name, "memory.yaml", values, names.tags(place.manifest, place.environment), text)
    if stacks.prepare(place, stack):
        show.step(f"stack {name}, configuration of {revision[:12]}")
        stacks.execute(place, name)
    else:
        stacks.discard(place, name)
