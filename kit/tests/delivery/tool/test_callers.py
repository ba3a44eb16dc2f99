"""Who calls the live version of a tool can still do so after a deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names, published
from tests.delivery.runtime_world import SECOND, World
from tests.delivery.shell import refused

IAM = {"auth": {"inbound": "iam", "outbound": "gateway-iam-role"}}
JWT = {"auth": {"inbound": "jwt", "outbound": "jwt-passthrough"}}


def policy(world: World) -> Any:
    """Return the resource policy of the runtime in dev; None for none."""
    stack = world.at("dev").stacks.stacks[names.stack("example-tool", "dev", "runtime")]
    found = stack.resources.get("GatewayOnly")
    return found.properties["Policy"] if found else None


@pytest.mark.parametrize(("live", "next_one"), [(IAM, JWT), (JWT, IAM)])
def test_another_kind_of_caller_is_refused_while_something_is_live(
    world: World, live: dict[str, Any], next_one: dict[str, Any]
) -> None:
    world.with_manifest(spec=live)
    world.release(env="dev")
    before = policy(world)
    world.with_manifest(spec=next_one)
    world.ready(SECOND)
    refused(world.type("deploy", "dev"), "resource policy is of all its versions: version 1 is called by", code=2)
    assert policy(world) == before


def test_before_anything_is_live_it_may_change(world: World) -> None:
    world.with_manifest(spec=JWT)
    world.ready()
    world.must("deploy", "dev")
    world.with_manifest(spec=IAM)
    world.must("deploy", "dev")
    assert "role/agentops-deliver-example-tool" in policy(world), "the pipeline tests what it deploys"


def endpoint_policy(world: World, env: str) -> Any:
    """Return the resource policy of the endpoint `live`; None for none."""
    stack = world.at(env).stacks.stacks.get(names.stack("example-tool", env, "published"))
    found = stack.resources.get("GatewayCallsEndpoint") if stack else None
    return found and found.properties


def test_a_gateway_of_another_account_may_call_runtime_and_endpoint(world: World) -> None:
    """AWS evaluates the policies of both, and across accounts both must allow."""
    world.with_manifest(spec=IAM)
    world.release(env="dev")
    gateway = world.at("dev").parameters.values[names.gateway_role(load_manifest().spec.gateway.name)]
    assert f":{world.environments['dev'].shared_account}:" in gateway
    (runtime,) = world.at("dev").runtimes.runtimes.values()
    found = endpoint_policy(world, "dev")
    assert found["ResourceArn"] == f"{runtime.arn}/runtime-endpoint/live"
    (statement,) = json.loads(found["Policy"])["Statement"]
    assert statement == {
        "Sid": "Gateway",
        "Effect": "Allow",
        "Principal": {"AWS": gateway},
        "Action": "bedrock-agentcore:InvokeAgentRuntime",
        "Resource": found["ResourceArn"],
    }
    assert f'"Principal":{{"AWS":"{gateway}"}}' in policy(world)
    world.must("destroy", "dev")
    assert endpoint_policy(world, "dev") is None


def test_users_tokens_need_no_policy(world: World) -> None:
    world.with_manifest(spec=JWT)
    world.release(env="dev")
    assert endpoint_policy(world, "dev") is None


def test_a_tool_that_was_live_before_gets_the_policy_of_its_endpoint(world: World) -> None:
    world.with_manifest(spec=IAM)
    with world.monkeypatch.context() as earlier:
        earlier.setattr(published, "_calling_gateway", lambda _: "")
        world.release(env="dev")
    assert endpoint_policy(world, "dev") is None
    world.must("promote", "dev")
    assert endpoint_policy(world, "dev")
