"""What a plan says of resources is true, and what CloudFormation could not replace is refused before it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cfnlint.schema.manager
import pytest
import yaml

from agentcore_kit.delivery import stacks
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.replacements import NAMES
from agentcore_kit.local.aws_emulator.cloud import access_key
from tests.delivery.runtime_world import World


@dataclass(frozen=True)
class Own(stacks.Stack):
    """A stack with these resources."""

    text: str = ""

    @property
    def body(self) -> str:
        return self.text


class Deployment:
    """What is deployed to dev."""

    def __init__(self, world: World) -> None:
        world.monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key(str(world.environments["dev"].account)))
        self.context, self.place = open_context("dev"), world.at("dev")

    def plan(self, **resources: Any) -> list[str]:
        """Return what a plan says of these resources."""
        return stacks.prepare(self.context, self._stack(resources))

    def bring(self, **resources: Any) -> None:
        """Bring these resources."""
        stacks.bring(self.context, self._stack(resources))

    def _stack(self, resources: dict[str, Any]) -> Own:
        return Own("own", "own.yaml", {}, {"owner": "team"}, yaml.safe_dump({"Resources": resources}))


@pytest.fixture
def dev(world: World) -> Deployment:
    """Return dev, where nothing is deployed."""
    return Deployment(world)


def policy(about: str, name: str | None = None, **more: str) -> dict[str, Any]:
    """Return a policy, which another description replaces."""
    named = {"ManagedPolicyName": name} if name else {}
    document = {"Version": "2012-10-17", "Statement": []}
    properties = {"Description": about, "PolicyDocument": document, **named}
    return {"Type": "AWS::IAM::ManagedPolicy", **more, "Properties": properties}


def test_a_plan_says_what_is_replaced_and_what_stays(dev: Deployment) -> None:
    kept = {"UpdateReplacePolicy": "Retain", "DeletionPolicy": "Retain"}
    dev.bring(One=policy("first"), Two=policy("first", **kept), Three=policy("first", **kept))
    assert dev.plan(One=policy("second"), Two=policy("second", **kept)) == [
        "modify One, IAM::ManagedPolicy (Description), REPLACED",
        "modify Two, IAM::ManagedPolicy (Description), REPLACED: the old one stays in the account",
        "remove Three, IAM::ManagedPolicy; it stays in the account",
    ]


def test_what_may_be_replaced_is_told_too(dev: Deployment) -> None:
    first = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/test/a", "Type": "String", "Value": "1"}}
    other = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/test/b", "Type": "String", "Value": "1"}}
    named_by = policy("first")
    named_by["Properties"]["Description"] = {"Ref": "First"}
    dev.bring(First=first, Policy=named_by)
    assert dev.plan(First=other, Policy=named_by) == [
        "modify First, SSM::Parameter (Name), REPLACED",
        "modify Policy, IAM::ManagedPolicy (Description), REPLACED if its new value differs",
    ]


def test_what_is_replaced_and_keeps_its_name_is_refused_before_it_is_tried(dev: Deployment) -> None:
    dev.bring(One=policy("first", "readers"))
    why = r"replaces One \(Description\), which keeps its ManagedPolicyName: .* the name is taken; the stack stays"
    with pytest.raises(CommandError, match=why) as refused:
        dev.plan(One=policy("second", "readers"))
    assert "give One another ManagedPolicyName in infra/own.yaml" in refused.value.next_step
    assert dev.place.stacks.stacks["own"].change_sets == {}
    assert dev.plan(One=policy("second", "writers")) == [
        "modify One, IAM::ManagedPolicy (Description, ManagedPolicyName), REPLACED"
    ]


@pytest.mark.parametrize("kind", NAMES)
def test_the_name_of_a_resource_is_fixed_when_it_is_made(kind: str) -> None:
    schema = cfnlint.schema.manager.PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    assert f"/properties/{NAMES[kind]}" in schema["createOnlyProperties"]
