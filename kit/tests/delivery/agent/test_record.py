"""What the registry is told of an agent, and which model its role may call."""

from __future__ import annotations

import json

from tests.delivery.runtime_world import COMMIT, World


def test_the_contract_that_it_serves(world: World) -> None:
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    assert json.loads(record.draft["descriptors"]["custom"]["data"])["endpoint"] == "live"


def test_an_agent_card_in_the_version_that_the_registry_knows(world: World) -> None:
    world.with_manifest(spec={"registry": {"descriptor": "agent-card", "url": "https://a.example.com", "skills": []}})
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    assert record.draft["descriptors"]["a2aAgentCard"]["dataSchemaVersion"] == "0.3"


def test_an_application_inference_profile_is_a_model_too(world: World) -> None:
    dev = world.environments["dev"]
    arn = f"arn:aws:bedrock:{dev.region}:{dev.account}:application-inference-profile/a1b2c3d4e5f6"
    world.with_environment("dev", model=dev.model.model_copy(update={"provider": "bedrock", "id": arn}))
    world.release(COMMIT, "dev")
    made = {name: one for stack in world.at("dev").stacks.stacks.values() for name, one in stack.resources.items()}
    policies = {one["PolicyName"]: one["PolicyDocument"] for one in made["ExecutionRole"].properties["Policies"]}
    invoke, through = policies["model"]["Statement"]
    assert invoke["Resource"] == [arn]
    assert through["Condition"]["StringEquals"] == {"bedrock:InferenceProfileArn": [arn]}
