"""CloudFormation through change sets: plan, show, then execute or throw away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.infrastructure import missing_parameters, read_template
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery import names, output
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, as_command_error, error_code
from agentcore_kit.delivery.polling import TookTooLong, wait_until
from agentcore_kit.delivery.replacements import change_line, refuse_taken_names
from agentcore_kit.delivery.stack_events import failure

CHANGE_SET = "agentops"

UNKNOWN = "(not known yet)"
"""The value of a parameter that another stack will give once it is there."""
_NEVER_MADE = "ROLLBACK_COMPLETE"
"""How a stack ends whose first creation failed: everything that was made is undone, and it can only be deleted."""
_BROKEN = ("ROLLBACK_FAILED", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED")


@dataclass(frozen=True)
class Stack:
    """A stack: its name, its template and the template's parameters.

    Attributes:
        name: Of the stack.
        template: The template's file name.
        parameters: Values of the template's parameters, by name.
        tags: Of the stack, and so of its resources.
        text: The template's text, where it is no file of infra/.
    """

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    text: str | None = None

    @property
    def body(self) -> str:
        """The template's text."""
        if self.text is not None:
            return self.text
        return repository_path("infra", self.template).read_text(encoding="utf-8")


def stack_of(context: DeploymentContext, concern: str, given: Mapping[str, str]) -> Stack:
    """Return the stack of one of the component's templates, with a value for each parameter that the template has.

    Args:
        context: The environment, whose `parameters` are the values of what the team has added.
        concern: The template's name: `role` for `infra/role.yaml`.
        given: What the kit has values for. A template need not ask for all of it.

    Raises:
        CommandError: When a parameter has no value, with the file to write it in.
    """
    body = repository_path("infra", f"{concern}.yaml").read_text(encoding="utf-8")
    template, own = read_template(body), context.environment.parameters
    if missing := missing_parameters(concern, template, {*given, *own}, context.name):
        raise CommandError("\n       ".join(missing), "write it there; kit check looks for the same", WRONG_INPUT)
    asked = template.get("Parameters", {})
    values = {name: value for name, value in {**own, **given}.items() if name in asked}
    name = names.stack(context.component, context.name, concern)
    return Stack(name, f"{concern}.yaml", values, names.tags(context.manifest, context.environment))


def describe(context: DeploymentContext, name: str) -> dict[str, Any] | None:
    """Return a stack as the service describes it, None when there is none."""
    try:
        found: dict[str, Any] = context.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error_code(error) == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    return found


def outputs(context: DeploymentContext, name: str) -> dict[str, str]:
    """Return the outputs of a stack; none when it is not there, or was never finished."""
    stack = describe(context, name)
    if stack is None:
        return {}
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of the parameters that a stack was deployed with, by name.

    Args:
        stack: As `describe` returns it.
    """
    return {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}


def output_of(context: DeploymentContext, concern: str, key: str) -> str:
    """Return an output of one of the component's stacks; UNKNOWN when it is not there yet."""
    return outputs(context, names.stack(context.component, context.name, concern)).get(key, UNKNOWN)


def template(context: DeploymentContext, name: str) -> str:
    """Return the text of a stack's template; empty when there is no stack."""
    if describe(context, name) is None:
        return ""
    return str(context.client("cloudformation").get_template(StackName=name)["TemplateBody"])


def bring(context: DeploymentContext, stack: Stack, about: str = "") -> bool:
    """Make a stack or change it, and wait until that is done. What a failed first creation left of it goes first.

    Args:
        context: The environment.
        stack: The stack as it is wanted.
        about: What is said of it besides its name.

    Returns:
        Whether there was anything to change.

    Raises:
        CommandError: When CloudFormation refuses the change, or undoes it because something failed.
    """
    known = _settled(context, stack.name)
    if known is not None and known["StackStatus"] == _NEVER_MADE:
        delete(context, stack.name)
        output.step(f"stack {stack.name}, left by its failed first creation, was removed")
    if not prepare(context, stack):
        discard(context, stack.name)
        return False
    output.step(f"stack {stack.name}{about}")
    execute(context, stack.name)
    return True


def prepare(context: DeploymentContext, stack: Stack) -> list[str]:
    """Make the change set of a stack and return what it would change, one line a resource. Empty: nothing.

    A change set that an interrupted run left is replaced. For a stack whose first creation failed there can be none.
    Raises CommandError when the stack cannot be changed, or a resource would be replaced whose name is taken then.
    """
    known = _settled(context, stack.name)
    if known is not None and known["StackStatus"] == _NEVER_MADE:
        return ["made anew, as its first creation failed; nothing is in it"]
    formation = context.client("cloudformation")
    fresh = known is None or known["StackStatus"] == "REVIEW_IN_PROGRESS"
    if known is not None:
        formation.delete_change_set(StackName=stack.name, ChangeSetName=CHANGE_SET)
    formation.create_change_set(
        StackName=stack.name,
        ChangeSetName=CHANGE_SET,
        ChangeSetType="CREATE" if fresh else "UPDATE",
        TemplateBody=stack.body,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
    )
    made = _wait(
        stack.name,
        lambda: _change_set(context, stack.name),
        lambda seen: seen["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"),
    )
    if made["Status"] == "FAILED":
        reason = made.get("StatusReason", "")
        if "didn't contain changes" in reason or "No updates" in reason:
            return []
        raise CommandError(
            f"{stack.name}: CloudFormation refuses the change: {reason}", f"correct infra/{stack.template}"
        )
    changes = [change["ResourceChange"] for change in made["Changes"]]
    try:
        refuse_taken_names(stack.name, stack.template, stack.body, changes)
    except CommandError:
        discard(context, stack.name)
        raise
    return [change_line(change) for change in changes] or ["outputs change, and no resource"]


def discard(context: DeploymentContext, name: str) -> None:
    """Throw a prepared change set away; a stack that consists of nothing else goes with it."""
    known = describe(context, name)
    if known is None:
        return
    context.client("cloudformation").delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
    if known["StackStatus"] == "REVIEW_IN_PROGRESS":
        delete(context, name)  # waited for: while it goes, no other change set can be made


def execute(context: DeploymentContext, name: str) -> None:
    """Carry the prepared change set out and wait.

    Whatever is new is deleted when it fails, also what has the DeletionPolicy Retain: nothing is in it yet. A stack
    whose first creation failed is deleted as well, so that the next deployment can make it.

    Raises:
        CommandError: When CloudFormation undoes the change; with the reason.
    """
    before, token = _moment(describe(context, name)), uuid4().hex
    context.client("cloudformation").execute_change_set(
        StackName=name, ChangeSetName=CHANGE_SET, ClientRequestToken=token, RetainExceptOnCreate=True
    )
    # CloudFormation may go on for a moment to describe what was there before; that is not how this ends.
    _wait(name, lambda: describe(context, name), lambda seen: _moment(seen) != before)
    ended = _settled(context, name, token)
    status = ended["StackStatus"] if ended else "DELETE_COMPLETE"
    if status == _NEVER_MADE:
        raise _never_made(context, name, failure(context, name, token))
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        why = failure(context, name, token)
        raise CommandError(f"{name}: {status}: {why}", "correct the cause, then type the same again")


def _never_made(context: DeploymentContext, name: str, why: str) -> CommandError:
    """Delete a stack whose first creation failed, and return what the user is told."""
    said, again = f"{name} was not made: {why}", "correct the cause, then type the same again"
    try:
        delete(context, name)
    except (CommandError, ClientError, BotoCoreError) as error:
        left = as_command_error(error).message
        return CommandError(
            f"{said}; what is left of the stack, which has nothing in it, was not deleted: {left}", again
        )
    return CommandError(f"{said}; nothing of it is left", again)


def delete(context: DeploymentContext, name: str) -> bool:
    """Delete a stack and wait until it is gone; return whether there was one."""
    known = describe(context, name)
    if known is None:
        return False
    token = uuid4().hex
    context.client("cloudformation").delete_stack(StackName=name, ClientRequestToken=token)
    ended = _wait(
        name,
        lambda: describe(context, name),
        lambda seen: seen is None or seen["StackStatus"] in ("DELETE_COMPLETE", "DELETE_FAILED"),
    )
    if ended and ended["StackStatus"] != "DELETE_COMPLETE":
        raise CommandError(
            f"{name} was not deleted: {failure(context, name, token)}", "remove what holds it, then type the same again"
        )
    return True


def _settled(context: DeploymentContext, name: str, token: str = "") -> dict[str, Any] | None:
    """Return the stack once nothing is happening to it. Raises CommandError for one that cannot be changed."""
    found: dict[str, Any] | None = _wait(
        name,
        lambda: describe(context, name),
        lambda seen: (
            seen is None
            or seen["StackStatus"] == "REVIEW_IN_PROGRESS"
            or not seen["StackStatus"].endswith("_IN_PROGRESS")
        ),
    )
    status = found["StackStatus"] if found else ""
    if status in _BROKEN:
        fix = "continue-update-rollback" if status == "UPDATE_ROLLBACK_FAILED" else "delete-stack"
        raise CommandError(
            f"stack {name} is in {status} and cannot be updated: {failure(context, name, token)}",
            f"correct the cause, then: aws cloudformation {fix} --region {context.region} --stack-name {name}\n"
            f"       and type the same again (live keeps serving what it serves)",
        )
    return None if status == "DELETE_COMPLETE" else found  # it can still be seen right after it has gone


def _moment(stack: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Return what of a stack differs before and after anything has happened to it."""
    return (stack["StackStatus"], stack.get("LastUpdatedTime")) if stack else ()


def _wait(name: str, look: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    try:
        return wait_until(look, done)
    except TookTooLong:
        raise CommandError(
            f"{name} is still being changed", "wait for it in the CloudFormation console, then again"
        ) from None


def _change_set(context: DeploymentContext, name: str) -> dict[str, Any]:
    pages = context.client("cloudformation").get_paginator("describe_change_set")
    found: dict[str, Any] = {}
    for page in pages.paginate(StackName=name, ChangeSetName=CHANGE_SET):
        page["Changes"] = found.get("Changes", []) + page.get("Changes", [])
        found = page
    return found
