"""Brings an environment of a platform to what this repository says: shown first, then stack by stack, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.infrastructure import Template, read_template
from agentcore_kit.delivery import names, output, ssm, stacks
from agentcore_kit.delivery.commits import commit_named
from agentcore_kit.delivery.context import in_pipeline
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.platform import policies
from agentcore_kit.delivery.platform.concerns import BY_HAND, ORDER, PlatformContext, beside, in_region
from agentcore_kit.delivery.platform.exempt import locked_out
from agentcore_kit.delivery.platform.lost_names import lost_names
from agentcore_kit.delivery.platform.removals import Removal, refuse_in_use, removals
from agentcore_kit.delivery.platform.wanted import Wanted, resolved, wanted
from agentcore_kit.delivery.stacks import UNKNOWN

COMMIT = "commit"
"""What the platform remembers in an environment: the commit that was deployed last."""


class Plan:
    """What a deployment of an environment changes. Its change sets are there until it is carried out or discarded.

    Attributes:
        lines: What is changed, for people, in order.
        losses: What somebody loses by it, which `deploy` refuses without `--allow-loss`.
    """

    def __init__(self, context: PlatformContext) -> None:
        """Make the change sets, and look for what goes.

        Raises:
            CommandError: When something is missing, or CloudFormation refuses a change.
        """
        self._context = context
        _refuse_before_first(context)
        found = wanted(context)
        self._stacks = [one for one in found if not (in_pipeline() and one.concern.folder == BY_HAND)]
        self._removals: list[Removal] = removals(context)
        decided = policies.changes(context)  # before a change set is there: a wrong policy stops it
        if in_pipeline():
            _check_by_hand(found)
        self.lines: list[str] = []
        self.losses: list[str] = []
        try:
            for one in self._stacks:
                changes = list(_prepared(one))
                if any(f"{one.stack.name}: remove " in line or "REPLACED" in line for line in changes):
                    self.losses += lost_names(one.context, one.stack.name, found, one.concern.entry)
                self.lines += changes
            for gone in self._removals:
                if not (gone.component or gone.loses):
                    self.losses += lost_names(gone.context, gone.name, found)
            self.lines += [f"! {line}" for line in self.losses]
            self.lines += locked_out(context, self.lines)
            self.lines += decided
            self.lines += [one.line for one in self._removals]
        except (CommandError, ClientError, BotoCoreError, KeyboardInterrupt):
            self.discard()
            raise
        self.losses += [f"{one.name}: {one.loses}" for one in self._removals if one.loses]

    def refuse(self, *, allow_loss: bool) -> None:
        """Do nothing when the plan may be carried out.

        Raises:
            CommandError: When a component that is deployed would lose what it stands on, or something would be lost
                and that was not allowed.
        """
        refuse_in_use(self._context, self._removals)
        if self.losses and not allow_loss:
            raise CommandError(
                f"this would lose something: {'; '.join(self.losses)}; nothing was changed",
                f"when it is meant: kit deploy --env {self._context.name} --allow-loss",
                GATE_NOT_PASSED,
            )

    def discard(self) -> None:
        """Throw the change sets away."""
        for one in self._stacks:
            stacks.discard(one.context, one.stack.name)

    def carry_out(self) -> None:
        """Bring the stacks in order, each with what the ones before it give; then the policies; delete what goes.

        Raises:
            CommandError: When a stack fails; what came before it stays, and the same command goes on from there.
        """
        brought = {(one.context.region, one.stack.name) for one in self._stacks}
        for one in resolved(self._context):
            if (one.context.region, one.stack.name) in brought:
                stacks.bring(one.context, one.stack)
        policies.bring(self._context)
        for gone in self._removals:
            output.step(f"delete stack {gone.name}")
            stacks.delete(gone.context, gone.name)
        if commit := commit_named("HEAD"):
            ssm.remember(self._context, COMMIT, commit, "The commit of the platform that was deployed last")


def _refuse_before_first(context: PlatformContext) -> None:
    """Do nothing unless another environment of the same account has to be deployed first.

    Raises:
        CommandError: When that environment has not made yet what an account has once.
    """
    first, about = next(iter(beside(context).items()), (context.name, context.environment))
    last = names.stack(context.component, first, ORDER[BY_HAND][-1])
    if first != context.name and stacks.describe(in_region(context, about.region), last) is None:
        raise CommandError(
            f"{first} is in the same account and makes the pipeline's role, which {context.name} uses too; nothing was "
            "changed",
            f"kit deploy --env {first}, then type the same again",
        )


def _prepared(one: Wanted) -> Iterator[str]:
    if UNKNOWN in one.stack.parameters.values() or _unpublished(one):
        yield f"{one.stack.name}: new, after the stacks above"
    else:
        for line in stacks.prepare(one.context, one.stack):
            yield f"{one.stack.name}: {line}"


def _unpublished(one: Wanted) -> bool:
    """Return whether a stack reads an SSM parameter that a stack before it will publish."""
    asked = read_template(one.concern.text).get("Parameters", {})
    read = {
        one.stack.parameters.get(name, str(about.get("Default", "")))
        for name, about in asked.items()
        if str(about["Type"]).startswith("AWS::SSM::Parameter::Value")
    }
    return bool(read - ssm.optional(one.context, read).keys())


def _check_by_hand(found: list[Wanted]) -> None:
    """Do nothing when what a person deploys is as this repository says; the pipeline cannot change its own role.

    Raises:
        CommandError: When it is not.
    """
    for one in found:
        if one.concern.folder != BY_HAND:
            continue
        there = stacks.describe(one.context, one.stack.name)
        same = there and _makes_the_same(stacks.template(one.context, one.stack.name), one.stack.body)
        given = stacks.parameters(there) if there else {}
        if not same or any(given.get(name) != value for name, value in one.stack.parameters.items()):
            raise CommandError(
                f"stack {one.stack.name} is not as infra/{one.concern.file} says, and the pipeline cannot change its "
                "own role; nothing was changed",
                f"as an administrator of the account: kit deploy --env {one.context.name}, then run this again",
            )


def _makes_the_same(deployed: str, written: str) -> bool:
    """Return whether templates differ in comments and descriptions at most, which CloudFormation does not deploy."""
    return _made_by(read_template(deployed)) == _made_by(read_template(written))


def _made_by(template: Template) -> dict[str, Any]:
    parameters = {
        name: {key: value for key, value in about.items() if key != "Description"}
        for name, about in template.get("Parameters", {}).items()
    }
    return {**template, "Description": "", "Parameters": parameters}
