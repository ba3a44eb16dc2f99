"""What the emulated CloudFormation keeps of a stack, and how it describes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agentcore_kit.local.aws_emulator.resources import Resource


@dataclass
class ChangeSet:
    """A change set: the template, the parameters, and what they would change."""

    name: str
    template: Mapping[str, Any]
    parameters: dict[str, str]
    tags: list[dict[str, str]]
    changes: list[dict[str, Any]]
    body: str
    status: str
    reason: str = ""
    on_failure: str = "ROLLBACK"


@dataclass
class Stack:
    """A stack, its resources and change sets."""

    name: str
    id: str
    status: str
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    then: str = ""
    polls: int = 0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime | None = None
    past: list[dict[str, Any]] = field(default_factory=list)
    protected: bool = False
    body: str = ""
    detection: str = ""
    """The id of the last detection of drift."""
    detected: datetime | None = None


def described(stack: Stack) -> dict[str, Any]:
    """Return a stack as DescribeStacks does."""
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "StackStatus": stack.status,
        "CreationTime": stack.created,
        **({"LastUpdatedTime": stack.updated} if stack.updated else {}),
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items()],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
        "Tags": stack.tags,
        "EnableTerminationProtection": stack.protected,
    }
