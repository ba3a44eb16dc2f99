"""The stand-in refuses what AWS would refuse, so that a green test means something."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.delivery.conftest import COMMIT, World
from tests.standin.cloud import access_key


def client(world: World, service: str, env: str = "prod") -> Any:
    environment = world.environments[env]
    return boto3.client(
        service,
        region_name=environment.region,
        aws_access_key_id=access_key(str(environment.account)),
        aws_secret_access_key="testing",
    )


def refusal(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value)


RUNTIME = "agent-a1B2c3D4e5"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "why"),
    [
        (
            "bedrock-agentcore-control",
            "update_agent_runtime_endpoint",
            {"agentRuntimeId": RUNTIME, "endpointName": "live", "agentRuntimeVersion": "0"},
            "agentRuntimeVersion: '0' does not match",
        ),
        (
            "bedrock-agentcore-control",
            "get_agent_runtime_endpoint",
            {"agentRuntimeId": "with-hyphen", "endpointName": "live"},
            "does not match",
        ),
        (
            "cloudformation",
            "create_change_set",
            {"StackName": "a", "ChangeSetName": "b", "ChangeSetType": "MAKE"},
            "'MAKE' is none of CREATE, UPDATE, IMPORT",
        ),
        ("ecr", "describe_images", {"registryId": "1", "repositoryName": "agent"}, "does not match [0-9]{12}"),
        ("ssm", "put_parameter", {"Name": "/a", "Value": "b", "Type": "Text"}, "none of String"),
    ],
)
def test_enums_patterns_and_lengths(
    world: World, service: str, operation: str, parameters: dict[str, Any], why: str
) -> None:
    assert why in refusal(getattr(client(world, service), operation), **parameters)


def test_what_it_does_not_know_is_an_error_and_leaves_nowhere(world: World) -> None:
    assert "the stand-in knows no" in refusal(client(world, "ssm").describe_parameters)
    assert "knows no" in refusal(client(world, "bedrock-agentcore-control").list_registries)


def test_default_follows_the_newest_and_cannot_be_moved(world: World) -> None:
    world.release(COMMIT)
    (runtime,) = world.at("prod").runtimes.runtimes
    control = client(world, "bedrock-agentcore-control")
    move = {"agentRuntimeId": runtime, "agentRuntimeVersion": "1"}
    assert "cannot be updated" in refusal(control.update_agent_runtime_endpoint, endpointName="DEFAULT", **move)
    unknown = move | {"agentRuntimeVersion": "9"}
    assert "does not exist" in refusal(control.update_agent_runtime_endpoint, endpointName="live", **unknown)


def test_no_call_of_the_verbs_broke_a_rule_of_the_models(world: World) -> None:
    world.release(COMMIT)
    for verb in ("plan", "status", "register", "online", "monitor", "smoke"):
        world.must(verb, "prod")
    world.must("destroy", "prod")
    assert not [(call.operation, call.wrong) for call in world.cloud.calls if call.wrong]
    withdrawn = {
        call.operation
        for call in world.cloud.calls
        if call.service.startswith("bedrock") and "Registr" in call.operation
    }
    assert not withdrawn, "the registry inside bedrock-agentcore was shut down"
