"""The commands of a memory's releases: is it right, remember it as good, go back, has somebody changed it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import uuid4

import typer
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.repository import LOCAL, relative, repository_path
from agentcore_kit.delivery import commands, names, output, ssm, stacks
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError, as_command_error
from agentcore_kit.delivery.memory.changes import current, deployed, differences, effects
from agentcore_kit.delivery.memory.deployment import kept_key, losses, memory_stack, refuse_losses, refuse_replacement
from agentcore_kit.delivery.memory.forget import forget_actor
from agentcore_kit.delivery.memory.revision import commit, in_full, remember_good, remember_left, template_at
from agentcore_kit.delivery.memory.revision import good as good_ones
from agentcore_kit.delivery.memory.revision import left as left_ones
from agentcore_kit.delivery.memory.state import of_manifest, of_service, of_template

Version = Annotated[str, typer.Option(help="A commit or tag; the last good one, if empty.")]
AllowLoss = Annotated[bool, typer.Option("--allow-loss", help="Also when it loses what is remembered.")]
Select = Annotated[str, typer.Option(help="Only these groups or ids of the dataset, joined by commas.")]


def report_path() -> Path:
    """Return where differences are written for people."""
    return repository_path(LOCAL, "delivery", "drift.md")


def plan(env: Env = "") -> None:
    """Show what deploy would change, and what that does to what is remembered. Nothing is changed."""
    with deployment("plan", env) as context:
        lines = commands.prepared(context, context.kind.stacks(context, ""))
        for name in context.kind.stack_names(context):
            stacks.discard(context, name)
        output.plan(lines)
        now = current(context)
        found = effects(of_service(now), of_manifest(context.manifest.spec)) if now else []
        print("what is remembered:")
        for each in found:
            print(f"  {'! ' if each.loses else '- '}{each.text}")
        if other := kept_key(context, now):
            print(f"  - {other}")
        if not found:
            print("  - nothing yet" if now is None else "  - all of it is kept")
        loses = any(each.loses for each in found)
        then = "; deploy needs --allow-loss, as lines with ! lose something" if loses else ""
        output.done(f"nothing was changed; {context.kind.live(context)}{then}")


def deploy(env: Env = "", allow_loss: AllowLoss = False) -> None:
    """Bring the configuration of the commit to an environment. What would lose something is refused."""
    with deployment("deploy", env) as context:
        release = commit()
        if not allow_loss:
            context.kind.allow(context, release)
        commands.bring(context, release)


def smoke(env: Env = "") -> None:
    """Write an event as an actor of its own, read it back, forget it."""
    with deployment("smoke", env) as context:
        output.plan(["write an event, read it, delete it; nothing else is touched"])
        check(context)
        output.done(f"{env}: what is written is found, and gone when it is forgotten; {context.kind.live(context)}")


def check(context: DeploymentContext) -> None:
    """Write an event as an actor of its own, find it and forget it.

    Raises:
        CommandError: When the memory does not keep, find or forget.
    """
    client, memory, actor = context.client("bedrock-agentcore"), deployed(context), f"smoke-{uuid4().hex}"
    said = {"conversational": {"role": "USER", "content": {"text": "Is anybody there?"}}}
    made = client.create_event(
        memoryId=memory["id"], actorId=actor, sessionId="smoke", eventTimestamp=datetime.now(UTC), payload=[said]
    )["event"]["eventId"]
    found = client.list_events(memoryId=memory["id"], actorId=actor, sessionId="smoke")["events"]
    if [each["eventId"] for each in found] != [made]:
        raise CommandError(
            f"the smoke test of {context.name} failed: an event is not found",
            f"kit status --env {context.name}",
            GATE_NOT_PASSED,
        )
    forget_actor(client, memory, actor)


def gate(env: Env = "", select: Select = "") -> None:
    """Hold the conversations of the dataset with the deployed memory. Exit code 1 when it keeps the wrong things."""
    from agentcore_kit.evaluation.memory_commands import run_evaluation
    from agentcore_kit.evaluation.memory_dataset import dataset_path
    from agentcore_kit.evaluation.runs import BELOW, exit_codes, results_path
    from agentcore_kit.evaluation.thresholds import thresholds_path

    with deployment("gate", env):
        output.plan(["hold the conversations of evals/dataset.jsonl as actors of their own, then forget them"])
    with exit_codes():
        report = run_evaluation(env, select, "", dataset_path(), thresholds_path(), results_path())
    output.done(f"{env}: {report.headline}")
    raise SystemExit(0 if report.passed else BELOW)


def promote(env: Env = "") -> None:
    """Test what is deployed, and remember its commit as good; go back to the last good one when it fails."""
    with deployment("promote", env) as context:
        revision, good = commit(), good_ones(context)
        output.plan([] if good[-1:] == [revision] else [f"test, then remember configuration {revision[:12]} as good"])
        if found := _differences(context, deployed(context)):
            raise CommandError(
                f"{env} has another configuration than {revision[:12]}: {found[0]}", f"kit deploy --env {env}"
            )
        try:
            check(context)
        except (CommandError, ClientError, BotoCoreError) as error:
            failed = as_command_error(error)
            if not good or good[-1] == revision:
                raise failed from None
            remember_left(context, [*left_ones(context), revision])
            _return(context, good[-1], failed)
        if good[-1:] != [revision]:
            remember_good(context, [*good, revision])
        if revision in (left := left_ones(context)):
            remember_left(context, [each for each in left if each != revision])
        output.done(f"{env}: configuration {revision[:12]} is good; {context.kind.live(context)}")


def rollback(env: Env = "", version: Version = "", allow_loss: AllowLoss = False) -> None:
    """Bring the configuration of an earlier commit back. Records stay as they are; what was deleted stays deleted."""
    with deployment("rollback", env) as context:
        good = _good_after(context, version)
        if not good:
            raise CommandError(
                "there is no earlier good configuration", "name one: --version, a commit or tag", WRONG_INPUT
            )
        target = good[-1]
        text = template_at(target)
        if now := current(context):
            refuse_replacement(context, now, of_template(text))
        output.plan([f"bring back the configuration of {target[:12]}; what was learned meanwhile stays"])
        if not allow_loss:
            again = f"kit rollback --env {env}{f' --version {version}' if version else ''} --allow-loss"
            refuse_losses(context, of_template(text), f"when it is meant: {again}")
        output.confirm(context)
        # First: typed again after a failure, it must not go forward.
        if dropped := [each for each in good_ones(context) if each not in good]:
            remember_left(context, [*left_ones(context), *dropped])
        remember_good(context, good)
        _bring_back(context, target, text)
        check(context)
        output.done(f"{env}: configuration {target[:12]} is active again; {context.kind.live(context)}")


def drift(env: Env = "") -> None:
    """Compare the account with this repository. Exit code 1 when somebody has changed something by hand."""
    with deployment("drift", env) as context:
        now = deployed(context)
        found = _differences(context, now)
        published = f"/agentops/memories/{context.component}/{context.name}/id"
        if ssm.optional(context, [published]).get(published) != now["id"]:
            found.append(f"SSM parameter {published} is not the memory's id")
        if found:
            lines = [
                f"Memory {now['id']} in {env} is not as this repository says:",
                "",
                *(f"- {each}" for each in found),
            ]
            lines += ["", f"`kit plan --env {env}`, then `kit deploy`, or take the change over into manifest.yaml."]
            report_path().parent.mkdir(parents=True, exist_ok=True)
            report_path().write_text("\n".join(lines) + "\n", encoding="utf-8")
            said = "; ".join(found)
            raise CommandError(
                f"{env} differs from this repository: {said}", f"read {relative(report_path())}", GATE_NOT_PASSED
            )
        output.done(f"{env}: as this repository says; {context.kind.live(context)}")


def _differences(context: DeploymentContext, now: Mapping[str, Any]) -> list[str]:
    """Return what is otherwise in the account than the manifest says."""
    about = context.manifest.metadata.description
    found = (
        [] if now.get("description") == about else [f"description: {now.get('description')!r} deployed, {about!r} here"]
    )
    return found + differences(of_service(now), of_manifest(context.manifest.spec))


def _good_after(context: DeploymentContext, version: str) -> list[str]:
    """Return what is good after a rollback, its target last: what is left is not, nor what came after the target."""
    good, target = good_ones(context), in_full(version) if version else ""
    if target in good:
        return good[: good.index(target) + 1]
    active = yaml.safe_load(stacks.template(context, names.stack(context.component, context.name, "memory")))
    while good and yaml.safe_load(template_at(good[-1])) == active:
        good.pop()
    return [*good, target] if target else good


def _return(context: DeploymentContext, revision: str, failed: CommandError) -> NoReturn:
    """Go back after a test that failed, and raise it. Nobody is there to allow a loss, so one is refused."""
    short = revision[:12]
    try:
        text = template_at(revision)
        lost = losses(context, of_template(text))
        if not lost:
            _bring_back(context, revision, text)
    except (CommandError, ClientError, BotoCoreError) as error:
        also = as_command_error(error)
        raise CommandError(
            f"{failed.message}; going back to {short} failed too: {also.message}", also.next_step
        ) from None
    if lost:
        raise CommandError(
            f"{failed.message}; {short} was not brought back, as that loses what is remembered: {'; '.join(lost)}",
            "correct the cause; if the loss is meant: "
            f"kit rollback --env {context.name} --version {revision} --allow-loss",
            failed.code,
        )
    raise CommandError(f"{failed.message}; configuration {short} is back", failed.next_step, failed.code)


def _bring_back(context: DeploymentContext, revision: str, text: str) -> None:
    """Deploy the template of an earlier commit."""
    stacks.bring(context, memory_stack(context, text), f", configuration of {revision[:12]}")
