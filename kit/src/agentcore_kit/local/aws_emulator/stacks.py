"""CloudFormation: change sets, stacks and their states."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery.regions import partition
from agentcore_kit.local.aws_emulator.drift import Drift
from agentcore_kit.local.aws_emulator.functions import check_rules
from agentcore_kit.local.aws_emulator.iam import tags_in
from agentcore_kit.local.aws_emulator.replacement import UNKNOWN, modification
from agentcore_kit.local.aws_emulator.resources import ANY, Resource, Resources
from agentcore_kit.local.aws_emulator.stack_checks import check_capabilities, check_types, published
from agentcore_kit.local.aws_emulator.stack_operation import Operation
from agentcore_kit.local.aws_emulator.stack_state import ChangeSet, Stack, described
from agentcore_kit.local.aws_emulator.templates import Resolver, ordered, parameters_of, transformed
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
POLLS = 2

LAG = 1
"""So often, after something began, a stack is described as it was before."""


class Stacks(Drift):
    """CloudFormation."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.stacks: dict[str, Stack] = {}
        self.resources = Resources(place)

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
        if kind == "UPDATE" and p.get("OnStackFailure") == "DELETE":
            raise ApiError("ValidationError", "OnStackFailure DELETE is only valid for change sets of type CREATE")
        if stack and p["ChangeSetName"] in stack.change_sets:
            raise ApiError("AlreadyExistsException", f"ChangeSet {p['ChangeSetName']} already exists")
        template = read_template(p["TemplateBody"])
        sent = parameters_of(template, p.get("Parameters", []))
        values = published(template, sent, self.place.parameters.values)
        nothing_yet = Stack(p["StackName"], "", "REVIEW_IN_PROGRESS")
        template = transformed(template, self._resolver(stack or nothing_yet, template, values, {}))
        resolver = self._resolver(stack or nothing_yet, template, values, template["Resources"])
        check_rules(template.get("Rules", {}), resolver.value)
        check_types(template, self.place.region, resolver.condition)
        check_capabilities(template, p.get("Capabilities", []))
        if stack is None:
            arn = self.place.arn("cloudformation", f"stack/{p['StackName']}/1b2c3d4e")
            stack = self.stacks[p["StackName"]] = Stack(p["StackName"], arn, "REVIEW_IN_PROGRESS")
        tags = sorted(p.get("Tags", []), key=lambda tag: str(tag["Key"]))
        changes = self._changes(stack, template, values, retagged=tags != stack.tags)
        differs = changes or self._outputs(resolver, template) != (stack.outputs, stack.exports)
        status, reason = ("CREATE_COMPLETE", "") if differs else ("FAILED", NO_CHANGES)
        made = ChangeSet(p["ChangeSetName"], template, values, tags, changes, p["TemplateBody"], status, reason)
        made.on_failure = p.get("OnStackFailure", made.on_failure)
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
        stack.past = [described(stack)] * LAG
        stack.updated = datetime.now(UTC)
        stack.status, stack.polls = ("CREATE" if fresh else "UPDATE") + "_IN_PROGRESS", POLLS
        operation = Operation(stack, self.resources, stack.status, p.get("ClientRequestToken", ""))
        try:
            self._apply(stack, change_set, operation)
            stack.then = ("CREATE" if fresh else "UPDATE") + "_COMPLETE"
        except ApiError as error:
            retain = not p.get("RetainExceptOnCreate")
            stack.then = self._undo(operation, change_set.on_failure, error, fresh=fresh, retain=retain)
        operation.tell(stack.then)
        stack.change_sets.clear()
        return {}

    def _undo(self, operation: Operation, on_failure: str, error: ApiError, *, fresh: bool, retain: bool) -> str:
        """Undo what has failed, and return the status in which the stack ends."""
        if fresh and on_failure == "DO_NOTHING":
            return "CREATE_FAILED"
        undone = {"DELETE": "DELETE"}.get(on_failure, "ROLLBACK") if fresh else "UPDATE_ROLLBACK"
        operation.tell(f"{undone}_IN_PROGRESS", error.message)
        try:
            operation.undo(retain=retain)
        except ApiError:
            return f"{undone}_FAILED"
        return f"{undone}_COMPLETE"

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
        return {"Stacks": [described(stack)]}

    def list_stacks(self, p: Mapping[str, Any]) -> dict[str, Any]:
        wanted = p.get("StackStatusFilter")
        found = [described(stack) for stack in self.stacks.values()]
        kept = ("StackName", "StackId", "StackStatus", "CreationTime", "LastUpdatedTime")
        summaries = [{name: one[name] for name in kept if name in one} for one in found]
        return {"StackSummaries": [one for one in summaries if not wanted or one["StackStatus"] in wanted]}

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
        stack.past = [described(stack)] * LAG
        stack.status, stack.polls = "DELETE_IN_PROGRESS", POLLS
        operation = Operation(stack, self.resources, stack.status, p.get("ClientRequestToken", ""))
        try:
            operation.delete_all()
            stack.then = "DELETE_COMPLETE"
        except ApiError:
            stack.then = "DELETE_FAILED"
        operation.tell(stack.then)
        return {}

    def _changes(
        self, stack: Stack, template: Mapping[str, Any], values: Mapping[str, str], *, retagged: bool
    ) -> list[dict[str, Any]]:
        replaced: set[str] = set()
        resolver = self._resolver(stack, template, values, template["Resources"], replaced)
        wanted, changes = _wanted(resolver, template), {}
        for name in ordered(template["Resources"], wanted):
            new, known = _wanted_resource(resolver, template, name), stack.resources.get(name)
            if known is None:
                changes[name] = _change("Add", name, new.type, {})
            elif known.properties != new.properties or retagged:
                about = modification(new.type, known.properties, new.properties, new.replacement)
                changes[name] = _change("Modify", name, new.type, about)
                if about["Replacement"] != "False":
                    replaced.add(name)
        removed = []
        for name in sorted(set(stack.resources) - set(wanted)):
            gone = stack.resources[name]
            removed.append(_change("Remove", name, gone.type, {"PolicyAction": gone.deletion.partition("Except")[0]}))
        return [changes[name] for name in wanted if name in changes] + removed

    def _resolver(
        self,
        stack: Stack,
        template: Mapping[str, Any],
        values: Mapping[str, str],
        known: Mapping[str, Any],
        replaced: Collection[str] = (),
    ) -> Resolver:
        def attribute(name: str, wanted: str) -> str:
            resource = None if name in replaced else stack.resources.get(name)
            if resource and wanted in resource.attributes:
                return resource.attributes[wanted]
            if resource and resource.attributes.get(ANY):
                return f"{resource.attributes['']}.{wanted}"
            if resource or name not in known:
                raise ValueError(
                    f"{name}.{wanted} is no attribute that the emulator knows" if wanted else f"there is no {name}"
                )
            return f"{UNKNOWN}{name}.{wanted}}}}}"

        pseudo = {
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::Partition": partition(self.place.region),
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

    def _apply(self, stack: Stack, change_set: ChangeSet, operation: Operation) -> None:
        template = change_set.template
        resolver = self._resolver(stack, template, change_set.parameters, template["Resources"])
        names = _wanted(resolver, template)
        operation.tags = tags_in(change_set.tags)
        operation.make(ordered(template["Resources"], names), lambda name: _wanted_resource(resolver, template, name))
        outputs, exports = self._outputs(resolver, template)
        operation.clean_up(sorted(set(stack.resources) - set(names)))
        stack.outputs, stack.exports = outputs, exports
        stack.parameters, stack.tags, stack.body = change_set.parameters, change_set.tags, change_set.body

    def _outputs(self, resolver: Resolver, template: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the outputs of a template, and what it exports."""
        outputs, exports = {}, {}
        for name, output in template.get("Outputs", {}).items():
            with resolver.of(f"output {name}"):
                if "Condition" in output and not resolver.value({"Condition": output["Condition"]}):
                    continue
                outputs[name] = str(resolver.value(output["Value"]))
                if "Export" in output:
                    exports[str(resolver.value(output["Export"]["Name"]))] = outputs[name]
        return outputs, exports

    def _stack(self, name: str) -> Stack:
        if name not in self.stacks:
            raise ApiError("ValidationError", f"Stack with id {name} does not exist")
        return self.stacks[name]

    def _change_set(self, p: Mapping[str, Any]) -> ChangeSet:
        stack = self._stack(p["StackName"])
        if p["ChangeSetName"] not in stack.change_sets:
            raise ApiError("ChangeSetNotFound", f"ChangeSet [{p['ChangeSetName']}] does not exist", 404)
        return stack.change_sets[p["ChangeSetName"]]


def _wanted(resolver: Resolver, template: Mapping[str, Any]) -> list[str]:
    """Return the resources of a template whose condition holds."""
    found = []
    for name, resource in template["Resources"].items():
        with resolver.of(f"resource {name}"):
            if "Condition" not in resource or resolver.value({"Condition": resource["Condition"]}):
                found.append(name)
    return found


def _wanted_resource(resolver: Resolver, template: Mapping[str, Any], name: str) -> Resource:
    """Return a resource as a template wants it, which has no attributes yet."""
    about = template["Resources"][name]
    with resolver.of(f"resource {name}"):
        properties = dict(resolver.value(about.get("Properties", {})))
    policies = [str(about.get(policy, "Delete")) for policy in ("DeletionPolicy", "UpdateReplacePolicy")]
    return Resource(about["Type"], properties, {}, *policies)


def _change(action: str, name: str, kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **about}
    return {"Type": "Resource", "ResourceChange": change}
