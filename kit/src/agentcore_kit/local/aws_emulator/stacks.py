"""CloudFormation: change sets, stacks and their states, and the resources of the agent's templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.local.aws_emulator.functions import check_rules
from agentcore_kit.local.aws_emulator.templates import Resolver, parameters_of, transformed
from agentcore_kit.local.aws_protocol.service_rules import problems
from agentcore_kit.local.aws_protocol.wire import ApiError, models

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
POLLS = 2

_MADE_BY = {
    "AWS::BedrockAgentCore::Memory": "CreateMemory",
    "AWS::BedrockAgentCore::OnlineEvaluationConfig": "CreateOnlineEvaluationConfig",
    "AWS::BedrockAgentCore::Runtime": "CreateAgentRuntime",
}

_ANY = "*"
"""Among the attributes of a resource whose type the emulator has no service for: the others have placeholders."""

LAG = 1
"""So often, after something began, a stack is described as it was before."""


@dataclass
class Resource:
    """A resource that exists."""

    type: str
    properties: dict[str, Any]
    attributes: dict[str, str]


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


class Stacks:
    """CloudFormation."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.stacks: dict[str, Stack] = {}

    def create_change_set(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stack = self.stacks.get(p["StackName"])
        kind = p.get("ChangeSetType", "UPDATE")
        if kind == "CREATE" and stack and stack.status != "REVIEW_IN_PROGRESS":
            raise ApiError("ValidationError", f"Stack [{stack.name}] already exists and cannot be created again.")
        if kind == "UPDATE" and not stack:
            raise ApiError("ValidationError", f"Stack [{p['StackName']}] does not exist")
        dead = ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
        if stack and kind == "UPDATE" and (stack.status in dead or not stack.status.endswith("_COMPLETE")):
            raise ApiError("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        if stack and p["ChangeSetName"] in stack.change_sets:
            raise ApiError("AlreadyExistsException", f"ChangeSet {p['ChangeSetName']} already exists")
        template = read_template(p["TemplateBody"])
        values = parameters_of(template, p.get("Parameters", []))
        nothing_yet = Stack(p["StackName"], "", "REVIEW_IN_PROGRESS")
        template = transformed(template, self._resolver(stack or nothing_yet, template, values, {}))
        resolver = self._resolver(stack or nothing_yet, template, values, template["Resources"])
        check_rules(template.get("Rules", {}), resolver.value)
        roles = [r for r in template["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
        if roles and not set(p.get("Capabilities", [])) & {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}:
            raise ApiError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
        if stack is None:
            arn = self.place.arn("cloudformation", f"stack/{p['StackName']}/1b2c3d4e")
            stack = self.stacks[p["StackName"]] = Stack(p["StackName"], arn, "REVIEW_IN_PROGRESS")
        tags = sorted(p.get("Tags", []), key=lambda tag: str(tag["Key"]))
        changes = self._changes(stack, template, values, retagged=tags != stack.tags)
        status, reason = ("CREATE_COMPLETE", "") if changes else ("FAILED", NO_CHANGES)
        made = ChangeSet(p["ChangeSetName"], template, values, tags, changes, p["TemplateBody"], status, reason)
        stack.change_sets[made.name] = made
        arn = self.place.arn("cloudformation", f"changeSet/{made.name}/1b2c3d4e")
        return {"Id": arn, "StackId": stack.id}

    def describe_change_set(self, p: Mapping[str, Any]) -> dict[str, Any]:
        change_set = self._change_set(p)
        reason = {"StatusReason": change_set.reason} if change_set.reason else {}
        return {
            **reason,
            "ChangeSetName": change_set.name,
            "StackName": p["StackName"],
            "Status": change_set.status,
            "ExecutionStatus": "AVAILABLE" if change_set.status == "CREATE_COMPLETE" else "UNAVAILABLE",
            "Changes": change_set.changes,
        }

    def delete_change_set(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stack = self._stack(p["StackName"])
        stack.change_sets.pop(p["ChangeSetName"], None)
        return {}

    def execute_change_set(self, p: Mapping[str, Any]) -> dict[str, Any]:
        change_set, stack = self._change_set(p), self._stack(p["StackName"])
        if change_set.status != "CREATE_COMPLETE":
            raise ApiError("InvalidChangeSetStatus", f"ChangeSet cannot be executed in its status {change_set.status}")
        fresh = stack.status == "REVIEW_IN_PROGRESS"
        stack.past = [_described(stack)] * LAG
        stack.updated = datetime.now(UTC)
        stack.status, stack.polls = ("CREATE" if fresh else "UPDATE") + "_IN_PROGRESS", POLLS
        before = dict(stack.resources)
        try:
            self._apply(stack, change_set)
            stack.then = ("CREATE" if fresh else "UPDATE") + "_COMPLETE"
        except ApiError as error:
            for name in stack.resources.keys() - before.keys():
                if change_set.template["Resources"][name].get("DeletionPolicy") != "Retain":
                    self.place.logs.events.pop(stack.resources[name].attributes[""], None)
            stack.resources = {} if fresh else before
            stack.then = "ROLLBACK_COMPLETE" if fresh else "UPDATE_ROLLBACK_COMPLETE"
            self._event(stack, "Runtime", "CREATE_FAILED" if fresh else "UPDATE_FAILED", error.message)
        stack.change_sets.clear()
        return {}

    def describe_stacks(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stack = self._stack(p["StackName"])
        if stack.past:
            return {"Stacks": [stack.past.pop()]}
        if stack.then:
            stack.polls -= 1
            if stack.polls <= 0:
                stack.status, stack.then = stack.then, ""
        if stack.status == "DELETE_COMPLETE":
            del self.stacks[stack.name]
        return {"Stacks": [_described(stack)]}

    def get_template(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"TemplateBody": self._stack(p["StackName"]).body, "StagesAvailable": ["Original"]}

    def describe_stack_events(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"StackEvents": self._stack(p["StackName"]).events}

    def update_termination_protection(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stack = self._stack(p["StackName"])
        stack.protected = p["EnableTerminationProtection"]
        return {"StackId": stack.id}

    def delete_stack(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stack = self.stacks.get(p["StackName"])
        if stack is None:
            return {}
        if stack.protected:
            raise ApiError(
                "ValidationError", f"Stack [{stack.name}] cannot be deleted while TerminationProtection is on"
            )
        stack.past = [_described(stack)] * LAG
        for resource in stack.resources.values():
            self._remove(resource)
        stack.status, stack.then, stack.polls = "DELETE_IN_PROGRESS", "DELETE_COMPLETE", POLLS
        return {}

    def _changes(
        self, stack: Stack, template: Mapping[str, Any], values: Mapping[str, str], *, retagged: bool
    ) -> list[dict[str, Any]]:
        resolver = self._resolver(stack, template, values, template["Resources"])
        changes = []
        for name, wanted in self._wanted(resolver, template).items():
            known = stack.resources.get(name)
            if known is None:
                changes.append(_change("Add", name, wanted["Type"]))
            elif known.properties != wanted["Properties"] or retagged:
                keys = {
                    k
                    for k in wanted["Properties"] | known.properties
                    if wanted["Properties"].get(k) != known.properties.get(k)
                }
                changes.append(_change("Modify", name, wanted["Type"], sorted(keys) or ["Tags"]))
        gone = set(stack.resources) - set(self._wanted(resolver, template))
        return changes + [_change("Remove", name, stack.resources[name].type) for name in sorted(gone)]

    def _wanted(self, resolver: Resolver, template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        wanted = {}
        for name, resource in template["Resources"].items():
            with resolver.of(f"resource {name}"):
                if "Condition" not in resource or resolver.value({"Condition": resource["Condition"]}):
                    properties = resolver.value(resource.get("Properties", {}))
                    wanted[name] = {"Type": resource["Type"], "Properties": properties}
        return wanted

    def _resolver(
        self, stack: Stack, template: Mapping[str, Any], values: Mapping[str, str], known: Mapping[str, Any]
    ) -> Resolver:
        def attribute(name: str, wanted: str) -> str:
            resource = stack.resources.get(name)
            if resource and wanted in resource.attributes:
                return resource.attributes[wanted]
            if resource and resource.attributes.get(_ANY):
                return f"{resource.attributes['']}.{wanted}"
            if resource or name not in known:
                raise ValueError(
                    f"{name}.{wanted} is no attribute that the emulator knows" if wanted else f"there is no {name}"
                )
            return f"{{{{{name}.{wanted}}}}}"

        pseudo = {
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::Partition": "aws",
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackId": stack.id,
            "AWS::NotificationARNs": [],
        }
        return Resolver(template, values, pseudo, attribute, self._exported, stack.name)

    def _exported(self, name: str) -> str:
        """Return what a stack here exports under a name; a placeholder where another team's stack would."""
        found = [stack.exports[name] for stack in self.stacks.values() if name in stack.exports]
        return found[0] if found else f"imported:{name}"

    def _apply(self, stack: Stack, change_set: ChangeSet) -> None:
        template = change_set.template
        resolver = self._resolver(stack, template, change_set.parameters, template["Resources"])
        names = list(self._wanted(resolver, template))
        for name in _ordered(template["Resources"], names):
            wanted = self._wanted(resolver, template)[name]
            known = stack.resources.get(name)
            if known is None or known.properties != wanted["Properties"]:
                stack.resources[name] = self._make(stack, name, wanted, known)
        for name in set(stack.resources) - set(names):
            self._remove(stack.resources.pop(name))
        stack.parameters, stack.tags, stack.body = change_set.parameters, change_set.tags, change_set.body
        stack.outputs, stack.exports = {}, {}
        for name, output in template.get("Outputs", {}).items():
            with resolver.of(f"output {name}"):
                if "Condition" in output and not resolver.value({"Condition": output["Condition"]}):
                    continue
                stack.outputs[name] = str(resolver.value(output["Value"]))
                if "Export" in output:
                    stack.exports[str(resolver.value(output["Export"]["Name"]))] = stack.outputs[name]

    def _make(self, stack: Stack, name: str, wanted: Mapping[str, Any], known: Resource | None) -> Resource:
        kind, properties = wanted["Type"], wanted["Properties"]
        _check_names(kind, properties)
        attributes = dict(known.attributes) if known else {}
        match kind:
            case "AWS::BedrockAgentCore::Runtime":
                runtimes = self.place.runtimes
                runtime = runtimes.runtimes[attributes["AgentRuntimeId"]] if known else runtimes.create(properties)
                if known:
                    runtimes.add_version(runtime, properties)
                attributes = {
                    "": runtime.arn,
                    "AgentRuntimeId": runtime.id,
                    "AgentRuntimeArn": runtime.arn,
                    "AgentRuntimeVersion": runtime.newest,
                }
            case "AWS::BedrockAgentCore::RuntimeEndpoint":
                if known:
                    self.place.runtimes.update_agent_runtime_endpoint(
                        {
                            "agentRuntimeId": properties["AgentRuntimeId"],
                            "endpointName": properties["Name"],
                            "agentRuntimeVersion": properties["AgentRuntimeVersion"],
                        }
                    )
                else:
                    self.place.runtimes.add_endpoint(
                        properties["AgentRuntimeId"], properties["Name"], properties["AgentRuntimeVersion"]
                    )
                arn = f"runtime/{properties['AgentRuntimeId']}/runtime-endpoint/{properties['Name']}"
                attributes = {"": arn, "AgentRuntimeEndpointArn": self.place.arn("bedrock-agentcore", arn)}
            case "AWS::BedrockAgentCore::OnlineEvaluationConfig":
                destination = properties["OutputConfig"]["CloudWatchConfig"]["LogGroupName"]
                if destination.startswith("/aws/bedrock-agentcore/evaluations/"):
                    raise ApiError("ValidationException", f"{destination} is in a namespace reserved by the service.")
                made = self.place.evaluations.add_online(properties)
                attributes = {
                    "": made["onlineEvaluationConfigArn"],
                    "OnlineEvaluationConfigId": made["onlineEvaluationConfigId"],
                    "OnlineEvaluationConfigArn": made["onlineEvaluationConfigArn"],
                }
            case "AWS::IAM::Role":
                role = f"{stack.name}-{name}"
                attributes = {"": role, "Arn": f"arn:aws:iam::{self.place.account}:role/{role}"}
            case "AWS::IAM::ManagedPolicy":
                attributes = {"": f"arn:aws:iam::{self.place.account}:policy/{stack.name}-{name}"}
            case "AWS::SSM::Parameter":
                self.place.parameters.values[str(properties["Name"])] = str(properties["Value"])
                attributes = {"": str(properties["Name"])}
            case _ if maker := self.place.makers.get(kind):
                attributes = maker(properties, attributes)
            case "AWS::Logs::LogGroup":
                groups = self.place.logs.events
                group = attributes.get("") or properties.get("LogGroupName", f"{stack.name}-{name}-{len(groups)}")
                if not known and group in groups:
                    raise ApiError("AlreadyExistsException", f"Resource of type '{kind}' with name {group} exists.")
                groups.setdefault(group, [])
                attributes = {"": group, "Arn": self.place.arn("logs", f"log-group:{group}:*")}
            case _:
                arn = self.place.arn("other", f"{stack.name}-{name}")
                attributes = {"": f"{stack.name}-{name}", "Arn": arn, _ANY: "any"}
        return Resource(kind, dict(properties), attributes)

    def _remove(self, resource: Resource) -> None:
        if resource.type == "AWS::SSM::Parameter":
            self.place.parameters.values.pop(resource.attributes[""], None)
        runtimes = self.place.runtimes.runtimes
        if resource.type == "AWS::BedrockAgentCore::RuntimeEndpoint":
            runtimes[resource.properties["AgentRuntimeId"]].endpoints.pop(resource.properties["Name"], None)
        elif resource.type == "AWS::BedrockAgentCore::Runtime":
            named = set(runtimes[resource.attributes["AgentRuntimeId"]].endpoints) - {"DEFAULT"}
            if named:
                raise ApiError("ValidationError", f"The runtime still has the endpoints {', '.join(named)}.")
            del runtimes[resource.attributes["AgentRuntimeId"]]

    def _event(self, stack: Stack, resource: str, status: str, reason: str) -> None:
        stack.events.insert(
            0,
            {
                "StackId": stack.id,
                "EventId": str(len(stack.events)),
                "StackName": stack.name,
                "LogicalResourceId": resource,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
                "Timestamp": datetime.now(UTC),
            },
        )

    def _stack(self, name: str) -> Stack:
        if name not in self.stacks:
            raise ApiError("ValidationError", f"Stack with id {name} does not exist")
        return self.stacks[name]

    def _change_set(self, p: Mapping[str, Any]) -> ChangeSet:
        stack = self._stack(p["StackName"])
        if p["ChangeSetName"] not in stack.change_sets:
            raise ApiError("ChangeSetNotFound", f"ChangeSet [{p['ChangeSetName']}] does not exist", 404)
        return stack.change_sets[p["ChangeSetName"]]


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


def _described(stack: Stack) -> dict[str, Any]:
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


def _change(action: str, name: str, kind: str, keys: list[str] | None = None) -> dict[str, Any]:
    details = [{"Target": {"Attribute": "Properties", "Name": key}} for key in keys or []]
    replacement = {"Replacement": "False", "Details": details} if action == "Modify" else {}
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **replacement}
    return {"Type": "Resource", "ResourceChange": change}


def _ordered(resources: Mapping[str, Any], names: list[str]) -> list[str]:
    """Return names so that what others mention comes first."""
    done: list[str] = []

    def visit(name: str) -> None:
        if name in done or name not in names:
            return
        text = repr(resources[name])
        for other in names:
            if other != name and (f"'{other}'" in text or f"{{{other}" in text or f"'{other}." in text):
                visit(other)
        if name not in done:
            done.append(name)

    for name in names:
        visit(name)
    return done
