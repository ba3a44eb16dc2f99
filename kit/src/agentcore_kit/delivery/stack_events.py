"""What the events of a stack say of one operation on it: why it failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentcore_kit.delivery.context import DeploymentContext

_BEGIN = "User Initiated"
"""How CloudFormation begins the reason of an operation's first event."""


def failure(context: DeploymentContext, name: str, token: str = "") -> str:
    """Return why an operation on a stack failed: the first resource that did, and its reason.

    Args:
        context: The environment.
        name: The stack.
        token: The ClientRequestToken that the operation was begun with; empty for the newest operation.
    """
    failed = [one for one in _of_operation(context, name, token) if one["ResourceStatus"].endswith("_FAILED")]
    told = [one for one in failed if "cancelled" not in one.get("ResourceStatusReason", "").lower()]
    own = [one for one in told if one["LogicalResourceId"] != name] or told
    if not own:
        return "see its events"
    return f"{own[-1]['LogicalResourceId']}: {own[-1].get('ResourceStatusReason', 'no reason given')}"


def _of_operation(context: DeploymentContext, name: str, token: str) -> Iterator[Mapping[str, Any]]:
    """Return the events of an operation, the newest first. A stack keeps those of all operations for 90 days."""
    pages = context.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    for event in (event for page in pages for event in page["StackEvents"]):
        if token and event.get("ClientRequestToken", token) != token:
            return
        yield event
        if event["LogicalResourceId"] == name and event.get("ResourceStatusReason", "").startswith(_BEGIN):
            return
