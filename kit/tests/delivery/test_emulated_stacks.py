"""The emulated CloudFormation rolls back, replaces, retains and tells events as CloudFormation does."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.delivery.runtime_world import World
from tests.delivery.test_aws_emulator import client, refusal

PARAMETER = "AWS::SSM::Parameter"
GROUP = "AWS::Logs::LogGroup"
NAMES = ("first", "second")


def parameter(name: str, value: str = "1", **more: Any) -> dict[str, Any]:
    """Return a resource: an SSM parameter."""
    return {"Type": PARAMETER, **more, "Properties": {"Name": f"/test/{name}", "Type": "String", "Value": value}}


class Formation:
    """CloudFormation as the emulator has it, with one stack."""

    def __init__(self, world: World) -> None:
        self.world, self.place, self.client = world, world.at("dev"), client(world, "cloudformation", "dev")

    def plan(self, resources: dict[str, Any], kind: str, **options: Any) -> list[dict[str, Any]]:
        """Make a change set; return its changes by resource."""
        body = yaml.safe_dump({"Resources": resources})
        of = {"StackName": "stack", "ChangeSetName": "changes"}
        self.client.create_change_set(**of, ChangeSetType=kind, TemplateBody=body, **options)
        return [one["ResourceChange"] for one in self.client.describe_change_set(**of)["Changes"]]

    def bring(self, resources: dict[str, Any], kind: str = "UPDATE", operation: str = "one", **options: Any) -> str:
        """Carry a template out, and return how it ended."""
        chosen = {name: options.pop(name) for name in ("OnStackFailure", "Capabilities") if name in options}
        self.plan(resources, kind, **chosen)
        of = {"StackName": "stack", "ChangeSetName": "changes"}
        self.client.execute_change_set(**of, ClientRequestToken=operation, **options)
        return self.ended()

    def ended(self) -> str:
        """Return the status of the stack once nothing is happening to it."""
        for _ in range(9):
            if "stack" not in self.place.stacks.stacks:
                return "DELETE_COMPLETE"
            status = str(self.client.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"])
        return status

    def fails(self, kind: str, times: int = 1) -> None:
        """Let the next resources of a type fail."""
        self.world.cloud.plan_fault(kind, "ValidationException", "planned", times)

    def values(self) -> dict[str, str]:
        """Return the parameters that there are."""
        return {name: value for name, value in self.place.parameters.values.items() if name.startswith("/test/")}

    def events(self) -> list[dict[str, Any]]:
        """Return the events, the newest first."""
        return list(self.client.describe_stack_events(StackName="stack")["StackEvents"])


@pytest.fixture
def formation(world: World) -> Formation:
    """Return CloudFormation without any stack called `stack`."""
    return Formation(world)


def group(**more: Any) -> dict[str, Any]:
    """Return a log group, which is made after what it depends on."""
    return {"Type": GROUP, "DependsOn": ["First"], **more, "Properties": {"LogGroupName": "/test/group"}}


def test_a_first_creation_that_fails_is_undone_and_its_stack_stays(formation: Formation) -> None:
    formation.fails(GROUP)
    assert formation.bring({"First": parameter("first"), "Group": group()}, "CREATE") == "ROLLBACK_COMPLETE"
    assert formation.values() == {}
    assert "can not be updated" in refusal(lambda: formation.plan({"First": parameter("first")}, "UPDATE"))
    assert "already exists" in refusal(lambda: formation.plan({"First": parameter("first")}, "CREATE"))


@pytest.mark.parametrize(("option", "left"), [({}, ["/test/first"]), ({"RetainExceptOnCreate": True}, [])])
def test_what_is_retained_outlives_its_creation_unless_it_is_said(
    formation: Formation, option: dict[str, Any], left: list[str]
) -> None:
    formation.fails(GROUP)
    kept = {"First": parameter("first", DeletionPolicy="Retain"), "Group": group()}
    formation.bring(kept, "CREATE", **option)
    assert list(formation.values()) == left


@pytest.mark.parametrize(("choice", "status"), [("DELETE", "DELETE_COMPLETE"), ("DO_NOTHING", "CREATE_FAILED")])
def test_what_happens_after_a_first_creation_failed_can_be_chosen(
    formation: Formation, choice: str, status: str
) -> None:
    formation.fails(GROUP)
    wanted = {"First": parameter("first"), "Group": group()}
    assert formation.bring(wanted, "CREATE", OnStackFailure=choice) == status
    assert bool(formation.values()) == (choice == "DO_NOTHING")


def test_an_update_that_fails_is_undone_one_by_one(formation: Formation) -> None:
    formation.bring({"First": parameter("first"), "Old": parameter("old")}, "CREATE")
    formation.fails(GROUP)
    wanted = {"First": parameter("first", "2"), "New": parameter("new"), "Group": group(DependsOn=["First", "New"])}
    assert formation.bring(wanted, operation="two") == "UPDATE_ROLLBACK_COMPLETE"
    assert formation.values() == {"/test/first": "1", "/test/old": "1"}
    told = [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(formation.events())]
    wrong = told.index(("Group", "CREATE_FAILED"))
    assert told[wrong - 1 :][:3] == [("Group", "CREATE_IN_PROGRESS"), *told[wrong:][:2]]
    assert told[wrong + 1] == ("stack", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert ("First", "UPDATE_COMPLETE") in told[wrong:]
    assert ("New", "DELETE_COMPLETE") in told[wrong:]
    assert told[-1] == ("stack", "UPDATE_ROLLBACK_COMPLETE")


def test_other_outputs_are_a_change_without_a_resource(formation: Formation) -> None:
    def bring(said: str, kind: str) -> list[Any]:
        of = {"StackName": "stack", "ChangeSetName": "changes"}
        body = yaml.safe_dump({"Resources": {"First": parameter("first")}, "Outputs": {"Said": {"Value": said}}})
        formation.client.create_change_set(**of, ChangeSetType=kind, TemplateBody=body)
        changes = formation.client.describe_change_set(**of)["Changes"]
        formation.client.execute_change_set(**of)
        assert formation.ended() == f"{kind}_COMPLETE"
        return list(changes)

    assert len(bring("one", "CREATE")) == 1
    assert bring("two", "UPDATE") == []
    assert formation.place.stacks.stacks["stack"].outputs == {"Said": "two"}


def test_undoing_can_fail_too(formation: Formation) -> None:
    formation.bring({"First": parameter("first")}, "CREATE")
    formation.fails(PARAMETER, times=2)
    assert formation.bring({"First": parameter("first", "2")}) == "UPDATE_ROLLBACK_FAILED"


def test_events_have_times_and_say_of_which_operation_they_are(formation: Formation) -> None:
    formation.bring({"First": parameter("first")}, "CREATE", operation="one")
    formation.bring({"First": parameter("first", "2")}, operation="two")
    events = formation.events()
    assert [one["Timestamp"] for one in events] == sorted((one["Timestamp"] for one in events), reverse=True)
    tokens = [one["ClientRequestToken"] for one in events]
    assert tokens == ["two"] * tokens.count("two") + ["one"] * tokens.count("one")
    assert len({one["OperationId"] for one in events}) == 2
    first = events[tokens.count("two") - 1]
    assert (first["ResourceStatus"], first["ResourceStatusReason"]) == ("UPDATE_IN_PROGRESS", "User Initiated")


def test_what_a_property_replaces_is_made_anew_before_the_old_one_goes(formation: Formation) -> None:
    formation.bring({"First": parameter("first")}, "CREATE")
    (change,) = formation.plan({"First": parameter("other")}, "UPDATE")
    assert (change["Replacement"], change["PolicyAction"]) == ("True", "ReplaceAndDelete")
    assert change["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    formation.client.delete_change_set(StackName="stack", ChangeSetName="changes")
    assert formation.bring({"First": parameter("other")}) == "UPDATE_COMPLETE"
    assert formation.values() == {"/test/other": "1"}


def test_what_is_replaced_or_removed_stays_where_its_policy_says_so(formation: Formation) -> None:
    kept = {"UpdateReplacePolicy": "Retain", "DeletionPolicy": "Retain"}
    formation.bring({"First": parameter("first", **kept), "Other": parameter("x")}, "CREATE")
    formation.bring({"First": parameter("second", **kept), "Other": parameter("x")})
    assert set(formation.values()) == {"/test/first", "/test/second", "/test/x"}
    formation.bring({"Other": parameter("x")})
    assert set(formation.values()) == {"/test/first", "/test/second", "/test/x"}


def test_a_replacement_with_a_fixed_name_conflicts_and_the_old_one_stays(formation: Formation) -> None:
    named = {"OnlineEvaluationConfigName": "judging"}
    rule = {
        "OutputConfig": {"CloudWatchConfig": {"LogGroupName": "/a"}},
        "DataSourceConfig": {"CloudWatchLogs": {"LogGroupNames": ["/b"], "ServiceNames": ["agent.DEFAULT"]}},
        "EvaluationExecutionRoleArn": "arn:aws:iam::111122223333:role/judge",
        "Evaluators": [{"EvaluatorId": "Builtin.Correctness"}],
        "Rule": {"SamplingConfig": {"SamplingPercentage": 10}},
    }
    online = {"Type": "AWS::BedrockAgentCore::OnlineEvaluationConfig", "Properties": {**named, **rule}}
    formation.bring({"Online": online}, "CREATE")
    again = {"Online": online, "Second": online}
    assert formation.bring(again) == "UPDATE_ROLLBACK_COMPLETE"
    assert len(formation.place.evaluations.online) == 1


def test_who_is_replaced_makes_those_who_name_it_change(formation: Formation) -> None:
    def resources(name: str) -> dict[str, Any]:
        second = parameter("second")
        second["Properties"]["Value"] = {"Ref": "First"}
        return {"First": parameter(name), "Second": second}

    formation.bring(resources("first"), "CREATE")
    changes = {one["LogicalResourceId"]: one for one in formation.plan(resources("third"), "UPDATE")}
    assert {name: one["Replacement"] for name, one in changes.items()} == {"First": "True", "Second": "False"}
    assert changes["Second"]["Details"][0]["Evaluation"] == "Dynamic"


def test_deleting_a_stack_deletes_what_is_in_it_but_not_what_is_retained(formation: Formation) -> None:
    formation.bring({"First": parameter("first"), "Kept": parameter("kept", DeletionPolicy="Retain")}, "CREATE")
    formation.client.delete_stack(StackName="stack")
    assert formation.ended() == "DELETE_COMPLETE"
    assert set(formation.values()) == {"/test/kept"}


def test_what_is_needed_comes_first_and_a_circle_is_refused(formation: Formation) -> None:
    second = parameter("second")
    second["Properties"]["Value"] = {"Fn::Sub": "${Value}"}
    named_like_a_property = {"Second": second, "Value": parameter("first")}
    assert formation.bring(named_like_a_property, "CREATE") == "CREATE_COMPLETE"
    assert formation.values() == {"/test/first": "1", "/test/second": "/test/first"}
    one, two = (parameter(name, DependsOn=other) for name, other in (("one", "Two"), ("two", "One")))
    said = refusal(lambda: formation.plan({"One": one, "Two": two}, "UPDATE"))
    assert "Circular dependency between resources: [One, Two]" in said
