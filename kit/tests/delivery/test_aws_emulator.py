"""The emulated AWS refuses what AWS would refuse, so that a green test means something."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from agentcore_kit.local.aws_emulator.cloud import access_key
from tests.delivery.runtime_world import World


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
    assert "the emulator knows no" in refusal(client(world, "ssm").describe_parameters)
    assert "knows no" in refusal(client(world, "bedrock-agentcore-control").list_registries)
