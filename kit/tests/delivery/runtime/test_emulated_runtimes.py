"""The emulator keeps the rules of AgentCore Runtime, and no command breaks one."""

from __future__ import annotations

from tests.delivery.runtime_world import COMMIT, World
from tests.delivery.test_aws_emulator import client, refusal


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
    for command in ("plan", "status", "register", "monitor", "smoke"):
        world.must(command, "prod")
    world.must("destroy", "prod")
    assert not [(call.operation, call.wrong) for call in world.cloud.calls if call.wrong]
    withdrawn = {
        call.operation
        for call in world.cloud.calls
        if call.service.startswith("bedrock") and "Registr" in call.operation
    }
    assert not withdrawn, "the registry inside bedrock-agentcore was shut down"
