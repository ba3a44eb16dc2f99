"""Behind the gateway and in the registry, or neither: a refusal says what to do, and nothing half done remains."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from agentcore_kit.delivery import tool_registration
from agentcore_kit.local.aws_emulator.gateways import Gateways
from agentcore_kit.tool_contract.definitions import offered
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused

PREFIX = "market-data"


@pytest.fixture
def live(world: World) -> World:
    """Return the world with a first version live in production, its prefix shorter than a long name's."""
    world.with_manifest(spec={"prefix": PREFIX})
    world.release()
    return world


def gateways(world: World) -> Gateways:
    shared = world.environments["prod"]
    return world.cloud.at(str(shared.shared_account), shared.region).gateways


def targets(world: World) -> list[Any]:
    return [target for gateway in gateways(world).gateways.values() for target in gateway.targets.values()]


def records(world: World) -> list[Any]:
    return list(world.registry().records.values())


def with_tools(world: World, change: Any) -> None:
    """Let the repository, and so the server, have other tools."""
    tools = copy.deepcopy(offered())
    change(tools)
    for module in ("delivery.tool_registration", "delivery.tool_smoke", "kinds.tool", "local.rehearsal.tool_fakes"):
        world.monkeypatch.setattr(f"agentcore_kit.{module}.offered", lambda: tools)


def test_the_live_tools_come_behind_the_gateway_and_into_the_registry(live: World) -> None:
    done = live.must("register", "prod")
    assert "add target market-data with 4 tools to gateway company-tools" in done.out
    assert done.last == "= prod: 4 tools on gateway company-tools as market-data___…; record 0.1.0 PENDING_APPROVAL"
    (target,) = targets(live)
    server = target.given["targetConfiguration"]["mcp"]["mcpServer"]
    assert server["endpoint"].startswith("https://bedrock-agentcore.")
    assert server["endpoint"].endswith("/invocations?qualifier=live")
    assert target.given["credentialProviderConfigurations"] == [{"credentialProviderType": "JWT_PASSTHROUGH"}]
    (record,) = records(live)
    described = record.draft["descriptors"]["mcpServer"]
    assert json.loads(described["data"])["version"] == "0.1.0"
    listed = json.loads(described["additionalData"]["tools"]["data"])["tools"]
    assert [tool["name"] for tool in listed] == [f"{PREFIX}___{tool['name']}" for tool in offered()]


def test_a_second_time_changes_nothing(live: World) -> None:
    live.must("register", "prod")
    assert "nothing to change" in live.must("register", "prod").out
    assert len(live.cloud.made("CreateGatewayTarget")) == 1
    assert not live.cloud.made("UpdateGatewayTarget")


@pytest.mark.parametrize(
    "examples", [[2.5, None], ["company name", "nickname"], [[1], ["name"]], [{"name": "EMEA"}, 1]]
)
def test_a_second_time_changes_nothing_whatever_a_schema_lists(live: World, examples: list[Any]) -> None:
    with_tools(live, lambda tools: tools[0]["inputSchema"]["properties"]["region"].update(examples=examples))
    live.must("register", "prod")
    assert "nothing to change" in live.must("register", "prod").out


def test_outside_production_there_is_no_record(world: World) -> None:
    world.release(env="dev")
    world.must("register", "dev")
    assert targets(world)
    assert not records(world)


def test_a_changed_description_is_told_to_the_gateway(live: World) -> None:
    live.must("register", "prod")
    with_tools(live, lambda tools: tools[0].update(description=tools[0]["description"] + " Newest figures."))
    (record,) = records(live)
    record.status, record.approved = "APPROVED", dict(record.draft)
    assert "update target market-data" in live.must("register", "prod").out
    assert "Newest figures" in targets(live)[0].tools[0]["description"]


def test_with_the_gateways_own_credentials_it_lists_the_tools_itself(world: World) -> None:
    iam = {"inbound": "iam", "outbound": "gateway-iam-role"}
    world.with_manifest(spec={"prefix": PREFIX, "auth": iam})
    world.release(env="dev")
    world.must("register", "dev")
    (target,) = targets(world)
    assert "mcpToolSchema" not in target.given["targetConfiguration"]["mcp"]["mcpServer"]
    assert target.given["credentialProviderConfigurations"][0]["credentialProviderType"] == "GATEWAY_IAM_ROLE"
    target.tools = target.tools[1:]
    assert "synchronize target market-data" in world.must("register", "dev").out
    (call,) = world.cloud.made("SynchronizeGatewayTargets")
    assert call.parameters["targetIdList"] == [target.id]


def test_tools_that_only_take_other_arguments_are_listed_anew(world: World) -> None:
    world.with_manifest(spec={"prefix": PREFIX, "auth": {"inbound": "iam", "outbound": "gateway-iam-role"}})
    world.release(env="dev")
    world.must("register", "dev")
    for change in ({"enum": ["EMEA", "APAC", "AMER", "MARS"]}, {"description": "Region code, as in EMEA. None: all."}):
        with_tools(world, lambda tools, change=change: tools[0]["inputSchema"]["properties"]["region"].update(change))
        assert "synchronize target market-data" in world.must("register", "dev").out
        assert "nothing to change" in world.must("register", "dev").out


def test_a_gateway_that_wants_a_users_token_is_not_opened_by_aws_credentials(world: World) -> None:
    world.with_manifest(spec={"prefix": PREFIX, "auth": {"inbound": "iam", "outbound": "gateway-iam-role"}})
    world.release(env="dev")
    world.monkeypatch.delenv("EVAL_TOKEN")
    refused(world.type("register", "dev"), "no token", "EVAL_TOKEN")
    assert not targets(world)


def test_nothing_is_registered_before_something_is_live(world: World) -> None:
    world.ready()
    refused(world.type("register", "prod"), "nothing is", "kit ")
    world.must("deploy", "prod")
    refused(world.type("register", "prod"), "nothing is live in prod", "kit promote --env prod")
    assert not targets(world)


def test_a_prefix_that_is_taken(live: World) -> None:
    live.must("register", "prod")
    targets(live)[0].given["description"] = "stock-prices prod 2.0.0"
    before = copy.deepcopy(targets(live)[0].given)
    for command in ("register", "deregister"):
        refused(
            live.type(command, "prod"),
            "prefix market-data on gateway company-tools is taken by stock-prices",
            "another",
        )
    assert targets(live)[0].given == before


def test_another_environment_does_not_take_over(live: World) -> None:
    live.must("register", "prod")
    before = copy.deepcopy(targets(live)[0].given)
    for name, value in live.at("prod").parameters.values.items():
        if "/gateways/" in name:
            live.at("dev").parameters.values[name] = value
    live.release(env="dev")
    refused(live.type("register", "dev"), "taken by", " prod", "two environments need a gateway each")
    assert targets(live)[0].given == before


@pytest.mark.parametrize("missing", ["gateway", "parameter"])
def test_a_gateway_that_is_not_there(live: World, missing: str) -> None:
    if missing == "gateway":
        gateways(live).gateways.clear()
        refused(live.type("register", "prod"), "gateway company-tools is not there", "platform repository")
    else:
        live.with_manifest(spec={"prefix": PREFIX, "gateway": {"scope": "shared", "name": "other-tools"}})
        refused(live.type("register", "prod"), "/agentops/gateways/other-tools/arn")
    assert not records(live)


def test_a_gateway_that_is_not_ready(live: World) -> None:
    for gateway in gateways(live).gateways.values():
        gateway.status = "UPDATING"
    refused(live.type("register", "prod"), "gateway company-tools is UPDATING", "kit register --env prod")
    assert not targets(live)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("stuck", "did not make the target ready in time"), ("failing", "says FAILED: Unable to connect")],
)
def test_a_target_that_never_becomes_ready_is_removed(live: World, fault: str, said: str) -> None:
    live.monkeypatch.setattr("agentcore_kit.delivery.polling.PATIENCE_SECONDS", 0.2)
    setattr(gateways(live), fault, "Unable to connect to the MCP server" if fault == "failing" else True)
    refused(live.type("register", "prod"), said, "kit ")
    assert not targets(live)
    assert not records(live)


def test_a_change_that_fails_leaves_the_target_as_it_was(live: World) -> None:
    live.must("register", "prod")
    (record,) = records(live)
    record.status, record.approved = "APPROVED", dict(record.draft)
    before = copy.deepcopy(targets(live)[0].given)
    with_tools(live, lambda tools: tools[0].update(description="Use when asked. Returns: it. Errors: 404."))
    gateways(live).failing = "Unable to connect to the MCP server"
    refused(live.type("register", "prod"), "Unable to connect")
    assert targets(live)[0].given == before


def test_a_target_that_cannot_be_removed(live: World) -> None:
    gateways(live).failing, gateways(live).staying = "Unable to connect", "Access denied to the credentials"
    typed = live.type("register", "prod")
    refused(typed, "says FAILED: Unable to connect", "kit ")
    assert "that failed too: gateway company-tools has not removed target market-data" in typed.out
    assert not records(live)
    gateways(live).failing = gateways(live).staying = ""
    live.must("register", "prod")
    gateways(live).staying = "Access denied to the credentials"
    refused(live.type("deregister", "prod"), "FAILED: Access denied", "kit deregister --env prod, in a while")


@pytest.mark.parametrize("operation", ["CreateRegistryRecord", "SubmitRegistryRecordForApproval"])
def test_a_registry_that_fails_leaves_nothing_on_the_gateway(live: World, operation: str) -> None:
    live.cloud.plan_fault(operation, "ValidationException", "the registry is closed")
    refused(live.type("register", "prod"), "the registry is closed")
    assert not targets(live)
    assert not records(live)


def _narrowed(tools: list[Any]) -> None:
    tools[0]["inputSchema"]["properties"]["region"]["enum"].remove("APAC")
    tools[0]["outputSchema"]["properties"].pop("unit")
    tools.pop()


def test_a_breaking_change_needs_a_new_major_version(live: World) -> None:
    live.must("register", "prod")
    (record,) = records(live)
    record.status, record.approved = "APPROVED", dict(record.draft)
    with_tools(live, _narrowed)
    live.with_manifest(version="0.2.0", spec={"prefix": PREFIX})
    typed = live.type("register", "prod")
    refused(
        typed,
        "0.2.0 would break agents that use 0.1.0",
        "getMarketData: parameter region no longer takes APAC",
        "getMarketData: result field unit is gone",
        "removeWatchedMarket: the tool is gone",
        "raise metadata.version to 1.0.0",
    )
    assert len(targets(live)[0].tools) == 4
    live.with_manifest(version="1.0.0", spec={"prefix": PREFIX})
    assert "record 1.0.0 PENDING_APPROVAL" in live.must("register", "prod").last
    assert len(targets(live)[0].tools) == 3


def test_other_tools_than_those_checked_out_are_not_registered(live: World) -> None:
    live.monkeypatch.setattr(tool_registration, "offered", lambda: offered()[1:])
    refused(live.type("register", "prod"), "does not serve the tools that are checked out", "kit deploy")
    assert not targets(live)


def test_tools_that_nobody_calls_are_taken_off(live: World) -> None:
    live.must("register", "prod")
    assert "has no tools under market-data" in live.must("deregister", "prod").last
    assert not targets(live)
    assert not records(live)
    assert "nothing to change" in live.must("deregister", "prod").out


def test_an_approved_record_is_removed(live: World) -> None:
    live.must("register", "prod")
    (record,) = records(live)
    record.status, record.approved = "APPROVED", dict(record.draft)
    live.must("deregister", "prod")
    assert not records(live)
    assert not live.cloud.made("UpdateRegistryRecordStatus"), "only approvers may"


def test_tools_that_agents_call_stay(live: World) -> None:
    live.must("register", "prod")
    metrics = gateways(live).place.metrics
    metrics.values[("Invocations", f"{PREFIX}___getMarketData")] = [12.0]
    refused(live.type("deregister", "prod"), "market-data___getMarketData (12 times)", "spec.deprecation")
    assert targets(live)
    live.must("deregister", "prod", "--force")
    assert not targets(live)
