"""Drift of stacks: what is there is compared with what the stack's template has made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from agentcore_kit.local.aws_emulator import any_resource
from agentcore_kit.local.aws_emulator.parameters import REFERENCE
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion
    from agentcore_kit.local.aws_emulator.resources import Resource
    from agentcore_kit.local.aws_emulator.stack_state import Stack


def actual(place: AccountRegion, resource: Resource) -> Mapping[str, Any] | None:
    """Return a resource's properties as they are now, None when it is not there any more.

    Types whose service is emulated on its own have the properties of their template, as long as nothing is said here.
    """
    known, own = resource.properties, place.cloud.iam.account(place.account)
    match resource.type:
        case "AWS::SSM::Parameter":
            value = place.parameters.values.get(resource.attributes[""])
            return None if value is None else {**known, "Value": value}
        case "AWS::IAM::Role":
            role = own.roles.get(resource.attributes["Arn"])
            if role is None:
                return None
            policies = [{"PolicyName": name, "PolicyDocument": one} for name, one in role.policies.items()]
            given = {"Policies": policies} if "Policies" in known else {}
            return {**known, **given, "AssumeRolePolicyDocument": role.trust}
        case "AWS::IAM::ManagedPolicy":
            document = own.policies.get(resource.attributes[""])
            return None if document is None else {**known, "PolicyDocument": document}
        case _:
            identifier = any_resource.identifier_of(resource.type, resource.attributes)
            if (resource.type, identifier) in place.others:
                return place.others[resource.type, identifier]
            return known


def differences(before: Any, after: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield what differs, as CloudFormation lists it; what a dynamic reference stands for is not compared."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{path}/{name}")
    elif before != after and not (isinstance(before, str) and isinstance(after, str) and REFERENCE.search(before)):
        kind = "ADD" if before is None else "REMOVE" if after is None else "NOT_EQUAL"
        yield {
            "PropertyPath": path,
            "ExpectedValue": _text(before),
            "ActualValue": _text(after),
            "DifferenceType": kind,
        }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class Drift:
    """The operations of CloudFormation that look for drift."""

    place: AccountRegion
    stacks: dict[str, Stack]

    def detect_stack_drift(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["StackName"] not in self.stacks:
            raise ApiError("ValidationError", f"Stack [{p['StackName']}] does not exist")
        stack = self.stacks[p["StackName"]]
        if not stack.status.endswith("_COMPLETE"):
            raise ApiError("ValidationError", f"Drift detection cannot be performed on stack in {stack.status} state")
        stack.detection = str(uuid4())
        stack.detected = datetime.now(UTC)
        return {"StackDriftDetectionId": stack.detection}

    def describe_stack_drift_detection_status(self, p: Mapping[str, Any]) -> dict[str, Any]:
        wanted = p["StackDriftDetectionId"]
        stack = next((one for one in self.stacks.values() if one.detection == wanted), None)
        if stack is None:
            raise ApiError("ValidationError", f"There is no drift detection {wanted}")
        found = [one for one in self._drifts(stack) if one["StackResourceDriftStatus"] != "IN_SYNC"]
        return {
            "StackId": stack.id,
            "StackDriftDetectionId": wanted,
            "DetectionStatus": "DETECTION_COMPLETE",
            "StackDriftStatus": "DRIFTED" if found else "IN_SYNC",
            "DriftedStackResourceCount": len(found),
            "Timestamp": stack.detected,
        }

    def describe_stack_resource_drifts(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["StackName"] not in self.stacks:
            raise ApiError("ValidationError", f"Stack [{p['StackName']}] does not exist")
        wanted = p.get("StackResourceDriftStatusFilters", ["IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED"])
        drifts = self._drifts(self.stacks[p["StackName"]])
        return {"StackResourceDrifts": [one for one in drifts if one["StackResourceDriftStatus"] in wanted]}

    def _drifts(self, stack: Stack) -> Iterator[dict[str, Any]]:
        for name, resource in stack.resources.items():
            now = actual(self.place, resource)
            different = [] if now is None else list(differences(resource.properties, now))
            yield {
                "StackId": stack.id,
                "LogicalResourceId": name,
                "PhysicalResourceId": resource.attributes[""],
                "ResourceType": resource.type,
                "ExpectedProperties": json.dumps(resource.properties),
                **({} if now is None else {"ActualProperties": json.dumps(now)}),
                "PropertyDifferences": different,
                "StackResourceDriftStatus": "DELETED" if now is None else "MODIFIED" if different else "IN_SYNC",
                "Timestamp": stack.detected or stack.created,
            }
