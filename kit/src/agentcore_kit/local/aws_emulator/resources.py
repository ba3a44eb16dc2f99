"""What CloudFormation makes, changes and removes, in the emulated services where there is one behind a resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_emulator import any_resource, iam_handlers, iam_resources, resource_schemas
from agentcore_kit.local.aws_emulator.behind_resources import MADE, REMOVED
from agentcore_kit.local.aws_emulator.iam_handlers import Handled
from agentcore_kit.local.aws_emulator.parameters import with_references
from agentcore_kit.local.aws_protocol.service_rules import problems
from agentcore_kit.local.aws_protocol.wire import ApiError, models

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

ANY = "*"
"""Among the attributes of a resource whose type has no schema: the others have placeholders."""

_MADE_BY = {
    "AWS::BedrockAgentCore::Memory": "CreateMemory",
    "AWS::BedrockAgentCore::OnlineEvaluationConfig": "CreateOnlineEvaluationConfig",
    "AWS::BedrockAgentCore::Runtime": "CreateAgentRuntime",
}


@dataclass
class Resource:
    """A resource that exists, and what becomes of it when it is deleted or replaced: Delete or Retain."""

    type: str
    properties: dict[str, Any]
    attributes: dict[str, str]
    deletion: str = "Delete"
    replacement: str = "Delete"


class Resources:
    """Makes, changes and removes resources in one account and region."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place

    def make(
        self, stack: str, name: str, kind: str, properties: Mapping[str, Any], known: Mapping[str, str]
    ) -> dict[str, str]:
        """Make a resource, or change one in place.

        Args:
            stack: Name of the stack.
            name: Logical name of the resource.
            kind: Its type. `Cloud.plan_fault` with it makes this fail.
            properties: Its properties, resolved.
            known: The attributes of the resource that is changed; empty for a new one.

        Returns:
            Its attributes; with the empty name, what `Ref` gives.

        Raises:
            ApiError: As the service behind it would refuse.
        """
        self.place.cloud.raise_planned_fault(kind)
        if resource_schemas.schema_of(kind):
            properties = with_references(self.place, properties)
            resource_schemas.check(kind, properties)
        _check_names(kind, properties)
        attributes = dict(known)
        match kind:
            case "AWS::BedrockAgentCore::Runtime":
                runtimes = self.place.runtimes
                runtime = runtimes.runtimes[known["AgentRuntimeId"]] if known else runtimes.create(properties)
                if known:
                    runtimes.add_version(runtime, properties)
                attributes = {
                    "": runtime.arn,
                    "AgentRuntimeId": runtime.id,
                    "AgentRuntimeArn": runtime.arn,
                    "AgentRuntimeVersion": runtime.newest,
                }
            case "AWS::BedrockAgentCore::RuntimeEndpoint":
                attributes = self._endpoint(properties, known)
            case "AWS::BedrockAgentCore::OnlineEvaluationConfig":
                attributes = self._online_evaluation(properties, known)
            case "AWS::IAM::Role":
                attributes = iam_resources.make_role(self.place, f"{stack}-{name}", properties)
            case "AWS::IAM::ManagedPolicy":
                attributes = iam_resources.make_policy(self.place, f"{stack}-{name}", properties)
            case "AWS::SSM::Parameter":
                parameter = str(properties["Name"])
                if not known and parameter in self.place.parameters.values:
                    raise _taken(kind, parameter)
                self.place.parameters.values[parameter] = str(properties["Value"])
                attributes = {"": parameter}
            case _ if maker := self.place.makers.get(kind):
                attributes = maker(properties, attributes)
            case "AWS::Logs::LogGroup":
                groups = self.place.logs.events
                group = attributes.get("") or properties.get("LogGroupName", f"{stack}-{name}-{len(groups)}")
                if not known and group in groups:
                    raise _taken(kind, group)
                groups.setdefault(group, [])
                attributes = {"": group, "Arn": self.place.arn("logs", f"log-group:{group}:*")}
            case _ if resource_schemas.schema_of(kind):
                attributes = any_resource.make(self.place, stack, name, kind, properties, known)
                self._bring(kind, properties, attributes, fresh=not known)
            case _:
                arn = self.place.arn("other", f"{stack}-{name}")
                attributes = {"": f"{stack}-{name}", "Arn": arn, ANY: "any"}
        return attributes

    def _bring(self, kind: str, properties: Mapping[str, Any], attributes: Mapping[str, str], *, fresh: bool) -> None:
        """Bring the service behind a resource to what it is now; a new one that is refused is not there."""
        try:
            if kind in MADE:
                MADE[kind](self.place, properties, attributes)
        except ApiError:
            if fresh:
                any_resource.remove(self.place, kind, attributes)
            raise

    def allow(self, handled: Handled) -> None:
        """Raise ApiError unless who has called CloudFormation may do what a resource's handler does."""
        iam_handlers.allow(self.place, handled)

    def remove(self, resource: Resource) -> None:
        """Remove a resource.

        Raises:
            ApiError: As the service behind it would refuse.
        """
        kind, attributes, runtimes = resource.type, resource.attributes, self.place.runtimes.runtimes
        match kind:
            case "AWS::IAM::Role" | "AWS::IAM::ManagedPolicy":
                iam_resources.remove(self.place, attributes)
            case "AWS::SSM::Parameter":
                self.place.parameters.values.pop(attributes[""], None)
            case "AWS::Logs::LogGroup":
                self.place.logs.events.pop(attributes[""], None)
            case "AWS::BedrockAgentCore::OnlineEvaluationConfig":
                self.place.evaluations.online.pop(attributes["OnlineEvaluationConfigId"], None)
            case "AWS::BedrockAgentCore::RuntimeEndpoint":
                if runtime := runtimes.get(resource.properties["AgentRuntimeId"]):
                    runtime.endpoints.pop(resource.properties["Name"], None)
            case "AWS::BedrockAgentCore::Runtime":
                named = set(runtimes[attributes["AgentRuntimeId"]].endpoints) - {"DEFAULT"}
                if named:
                    raise ApiError("ValidationError", f"The runtime still has the endpoints {', '.join(named)}.")
                del runtimes[attributes["AgentRuntimeId"]]
            case _ if remover := self.place.removers.get(kind):
                remover(attributes)
            case _ if resource_schemas.schema_of(kind):
                if kind in REMOVED:
                    REMOVED[kind](self.place, resource.properties, attributes)
                any_resource.remove(self.place, kind, attributes)

    def _endpoint(self, properties: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
        runtime, name, version = (properties[key] for key in ("AgentRuntimeId", "Name", "AgentRuntimeVersion"))
        if known:
            moved = {"agentRuntimeId": runtime, "endpointName": name, "agentRuntimeVersion": version}
            self.place.runtimes.update_agent_runtime_endpoint(moved)
        else:
            self.place.runtimes.add_endpoint(runtime, name, version)
        arn = f"runtime/{runtime}/runtime-endpoint/{name}"
        return {"": arn, "AgentRuntimeEndpointArn": self.place.arn("bedrock-agentcore", arn)}

    def _online_evaluation(self, properties: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
        destination = properties["OutputConfig"]["CloudWatchConfig"]["LogGroupName"]
        if destination.startswith("/aws/bedrock-agentcore/evaluations/"):
            raise ApiError("ValidationException", f"{destination} is in a namespace reserved by the service.")
        name, all_of_them = properties["OnlineEvaluationConfigName"], self.place.evaluations.online.values()
        if not known and any(one["onlineEvaluationConfigName"] == name for one in all_of_them):
            raise ApiError("ConflictException", f"There is an online evaluation {name} already.")
        made = self.place.evaluations.add_online(properties)
        return {
            "": made["onlineEvaluationConfigArn"],
            "OnlineEvaluationConfigId": made["onlineEvaluationConfigId"],
            "OnlineEvaluationConfigArn": made["onlineEvaluationConfigArn"],
        }


def _taken(kind: str, name: str) -> ApiError:
    return ApiError("AlreadyExistsException", f"Resource of type '{kind}' with identifier '{name}' already exists.")


def _check_names(kind: str, properties: Mapping[str, Any]) -> None:
    """Raise ApiError for a name that the operation behind a resource of AgentCore would refuse."""
    if kind not in _MADE_BY:
        return
    control = models("bedrock-agentcore")[0]
    members = control.operation_model(_MADE_BY[kind]).input_shape.members
    for key, value in properties.items():
        member = key[0].lower() + key[1:]
        if key.endswith("Name") and member in members and (wrong := list(problems(members[member], value, key))):
            raise ApiError("ValidationException", "; ".join(wrong))
