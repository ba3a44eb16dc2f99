"""CloudFormation through change sets: plan, show, then execute or throw away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from agentcore_kit.config.infrastructure import missing_parameters, read_template
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery import names
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, error_code
from agentcore_kit.delivery.polling import TookTooLong, wait_until

CHANGE_SET = "agentops"

UNKNOWN = "(not known yet)"
"""The value of a parameter that another stack will give once it is there."""
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED")


@dataclass(frozen=True)
class Stack:
    """A stack: its name, the template in infra/, and the template's parameters."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def body(self) -> str:
        """The template's text."""
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


def output_of(context: DeploymentContext, concern: str, key: str) -> str:
    """Return an output of one of the component's stacks; UNKNOWN when it is not there yet."""
    return outputs(context, names.stack(context.component, context.name, concern)).get(key, UNKNOWN)


def template(context: DeploymentContext, name: str) -> str:
    """Return the text of a stack's template; empty when there is no stack."""
    if describe(context, name) is None:
        return ""
    return str(context.client("cloudformation").get_template(StackName=name)["TemplateBody"])


def prepare(context: DeploymentContext, stack: Stack) -> list[str]:
    """Make the change set of a stack and return what it would change, one line a resource. Empty: nothing.

    A change set that an interrupted run left is replaced. Raises CommandError when the stack cannot be changed.
    """
    known = _settled(context, stack.name)
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
        Capabilities=["CAPABILITY_IAM"],
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
    return [_line(change["ResourceChange"]) for change in made["Changes"]]


def discard(context: DeploymentContext, name: str) -> None:
    """Throw a prepared change set away; a stack that consists of nothing else goes with it."""
    formation, known = context.client("cloudformation"), describe(context, name)
    if known is None:
        return
    formation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
    if known["StackStatus"] == "REVIEW_IN_PROGRESS":
        formation.delete_stack(StackName=name)


def execute(context: DeploymentContext, name: str) -> None:
    """Carry the prepared change set out and wait. Raises CommandError when CloudFormation rolls it back."""
    before = _moment(describe(context, name))
    context.client("cloudformation").execute_change_set(StackName=name, ChangeSetName=CHANGE_SET)
    # CloudFormation may go on for a moment to describe what was there before; that is not how this ends.
    _wait(name, lambda: describe(context, name), lambda seen: _moment(seen) != before)
    ended = _settled(context, name)
    status = ended["StackStatus"] if ended else "DELETE_COMPLETE"
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise CommandError(f"{name}: {status}: {_reason(context, name)}", "correct the cause, then type the same again")


def delete(context: DeploymentContext, name: str) -> bool:
    """Delete a stack and wait until it is gone; return whether there was one."""
    known = describe(context, name)
    if known is None:
        return False
    context.client("cloudformation").delete_stack(StackName=name)
    ended = _wait(
        name,
        lambda: describe(context, name),
        lambda seen: seen is None or seen["StackStatus"] in ("DELETE_COMPLETE", "DELETE_FAILED"),
    )
    if ended and ended["StackStatus"] != "DELETE_COMPLETE":
        raise CommandError(
            f"{name} was not deleted: {_reason(context, name)}", "remove what holds it, then type the same again"
        )
    return True


def _settled(context: DeploymentContext, name: str) -> dict[str, Any] | None:
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
            f"stack {name} is in {status} and cannot be updated: {_reason(context, name)}",
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


def _line(change: Mapping[str, Any]) -> str:
    changed = sorted({one["Target"].get("Name") or one["Target"]["Attribute"] for one in change.get("Details", [])})
    about = f" ({', '.join(changed)})" if changed else ""
    replaced = ", REPLACED" if change.get("Replacement") == "True" else ""
    kind = change["ResourceType"].partition("::")[2]
    return f"{change['Action'].lower()} {change['LogicalResourceId']}, {kind}{about}{replaced}"


def _reason(context: DeploymentContext, name: str) -> str:
    events = context.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
    told = [one for one in failed if "cancelled" not in one.get("ResourceStatusReason", "").lower()]
    if not told:
        return "see its events"
    return f"{told[-1]['LogicalResourceId']}: {told[-1].get('ResourceStatusReason', 'no reason given')}"
