"""A tool's contract: compared before callers get a version, and what the gateway shows follows what is live."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.rehearsal import tool_fakes
from agentcore_kit.tool_contract.definitions import offered
from tests.delivery.runtime_world import SECOND, THIRD, World
from tests.delivery.shell import refused
from tests.delivery.tool.test_registration import PREFIX, gateways

IAM = {"inbound": "iam", "outbound": "gateway-iam-role"}
TOOLS = copy.deepcopy(offered())


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget after each test what the servers of other commits offer."""
    monkeypatch.setattr(tool_fakes, "SERVERS", {})


@pytest.fixture(params=["carries its schemas", "lists itself"])
def live(request: pytest.FixtureRequest, world: World) -> World:
    """Return the world with a first version live and registered in production and pre-production."""
    more = {"auth": IAM} if request.param == "lists itself" else {}
    world.with_manifest(spec={"prefix": PREFIX, **more})
    for env in ("preprod", "prod"):
        world.release(env=env)
        world.must("register", env)
    return world


def with_second(world: World, change: Callable[[Any], None], version: str = "0.2.0", commit: str = SECOND) -> None:
    """Have a commit checked out and built whose tools are others; the server in its image offers them."""
    tools = copy.deepcopy(TOOLS)
    change(tools)
    spec = {"prefix": PREFIX, **({"auth": IAM} if not carries(world) else {})}
    world.with_manifest(version=version, spec=spec)
    for module in ("delivery.tool_registration", "delivery.tool_smoke", "kinds.tool"):
        world.monkeypatch.setattr(f"agentcore_kit.{module}.offered", lambda: tools)
    tool_fakes.SERVERS[digest_of(commit)] = tool_fakes.Server(version, tools)
    world.ready(commit)


def carries(world: World) -> bool:
    return "mcpToolSchema" in target(world, "prod").given["targetConfiguration"]["mcp"]["mcpServer"]


def target(world: World, env: str) -> Any:
    """Return the tools' target in an environment."""
    (found,) = [
        one
        for gateway in gateways(world).gateways.values()
        for one in gateway.targets.values()
        if f" {env} " in one.given["description"]
    ]
    return found


def shown(world: World, env: str) -> list[str]:
    return sorted(tool["name"] for tool in target(world, env).tools)


def removed(tools: list[Any]) -> None:
    tools.pop()


def added(tools: list[Any]) -> None:
    changes = {**tools[0]["annotations"], "readOnlyHint": False}  # so that no smoke test calls it: it has no function
    tools.append({**copy.deepcopy(tools[0]), "name": "getForecast", "annotations": changes})


def described(tools: list[Any]) -> None:
    tools[0]["description"] += " Newest figures."


NAMES = sorted(tool["name"] for tool in TOOLS)


def test_neither_gate_nor_promote_lets_a_breaking_change_through(live: World) -> None:
    with_second(live, removed)
    for env, command in (("preprod", "gate"), ("preprod", "promote"), ("prod", "promote")):
        live.must("deploy", env)
        refused(
            live.type(command, env),
            "0.2.0 would break agents that use 0.1.0 (compared with record",
            "removeWatchedMarket: the tool is gone",
            "raise metadata.version to 1.0.0",
            code=1,
        )
        assert live.live(env) == "1"
        assert shown(live, env) == NAMES


@pytest.mark.parametrize("why", ["not published", "not allowed"])
def test_where_the_registry_cannot_be_read_the_gateway_is_compared(live: World, why: str) -> None:
    with_second(live, removed)
    live.must("deploy", "preprod")
    if why == "not published":
        del live.at("preprod").parameters.values[names.REGISTRY]
    else:
        live.cloud.plan_fault("ListRegistryRecords", "AccessDeniedException", "no")
    typed = live.type("promote", "preprod")
    refused(typed, "agents that use 0.1.0 (compared with target market-data of gateway company-tools)")
    assert [line.split(":")[0].strip() for line in typed.err.splitlines() if "is gone" in line] == [
        "removeWatchedMarket"
    ]
    assert ("the registry cannot be read from preprod" in typed.out) == (why == "not allowed")


def test_what_was_compared_is_said(live: World) -> None:
    with_second(live, added)
    live.must("deploy", "prod")
    said = live.must("promote", "prod").out
    assert f"compared with record {load_manifest().metadata.name} 0.1.0 of the registry: 0.2.0 breaks nothing" in said


def test_the_first_version_has_nothing_to_be_compared_with(world: World) -> None:
    world.with_manifest(spec={"prefix": PREFIX})
    world.ready()
    world.must("deploy", "prod")
    assert "there is nothing to compare them with" in world.must("promote", "prod").out


def test_a_new_major_version_may_break_and_who_calls_is_said(live: World) -> None:
    with_second(live, removed, "1.0.0")
    metrics = gateways(live).place.metrics
    metrics.values[("Invocations", f"{PREFIX}___removeWatchedMarket")] = [12.0]
    live.must("deploy", "prod")
    said = live.must("promote", "prod").out
    assert "breaks agents that use it, as its major version says:\n  removeWatchedMarket: the tool is gone" in said
    assert "market-data___removeWatchedMarket was called 12 times in 7 days: tell those who call it" in said
    assert shown(live, "prod") == [name for name in NAMES if name != "removeWatchedMarket"]


def test_promotion_brings_the_gateway_to_what_is_live(live: World) -> None:
    with_second(live, added)
    live.must("deploy", "prod")
    said = live.must("promote", "prod").out
    assert "updating target market-data of gateway company-tools: the tools of version 2" in said
    assert shown(live, "prod") == sorted([*NAMES, "getForecast"])
    assert target(live, "prod").given["description"].endswith(" prod 0.2.0")
    assert "target market-data" not in live.must("promote", "prod").out, "a second time there is nothing to do"
    assert "new draft of record" in live.must("register", "prod").out


def test_a_rollback_brings_the_gateway_back_to_what_is_live(live: World) -> None:
    with_second(live, added)
    live.must("deploy", "prod")
    live.must("promote", "prod")
    said = live.must("rollback", "prod")
    assert "target market-data of gateway company-tools: the tools of version 1" in said.out
    assert live.live("prod") == "1"
    assert shown(live, "prod") == NAMES
    assert target(live, "prod").given["description"].endswith(" prod 0.1.0")
    assert "the tools answer" in live.must("monitor", "prod").last


def test_an_earlier_version_is_asked_for_its_own_tools_alone(live: World) -> None:
    with_second(live, added)
    live.must("deploy", "prod")
    live.must("promote", "prod")
    live.must("rollback", "prod")
    assert "live answers as it should" in live.must("smoke", "prod").last
    assert "version 2" in live.must("status", "prod").out
    said = live.must("promote", "prod", "--version", "1").out
    assert "version 1 is not the newest (2), so its tools cannot be listed before it is live" in said


def test_without_a_token_a_rollback_moves_callers_and_says_that_the_gateway_did_not_follow(live: World) -> None:
    with_second(live, added)
    live.must("deploy", "prod")
    live.must("promote", "prod")
    live.monkeypatch.delenv("EVAL_TOKEN")
    typed = live.type("rollback", "prod")
    assert live.live("prod") == "1"
    refused(typed, "target market-data of gateway company-tools was not brought to the tools of version 1", "no token")
    live.monkeypatch.setenv("EVAL_TOKEN", "a.b.c")
    live.must("rollback", "prod")
    assert live.live("prod") == "1"
    assert shown(live, "prod") == NAMES


def test_what_is_put_back_after_a_failed_promotion_has_its_own_schemas(live: World) -> None:
    with_second(live, described)
    live.must("deploy", "prod")
    live.must("promote", "prod")
    with_second(live, added, "0.3.0", THIRD)
    live.must("deploy", "prod")
    live.cloud.broken_images.add(digest_of(THIRD))
    tool_fakes.SERVERS[digest_of(THIRD)] = tool_fakes.Server("0.3.0", tool_fakes.SERVERS[digest_of(THIRD)].tools)
    live.type("promote", "prod")
    assert live.live("prod") == "2"
    assert shown(live, "prod") == NAMES
    assert "Newest figures" in json.dumps(target(live, "prod").tools)


def test_a_gateway_that_fails_keeps_the_command_from_ending_well_and_it_can_be_typed_again(live: World) -> None:
    with_second(live, added)
    live.must("deploy", "prod")
    gateways(live).failing = "Unable to connect to the MCP server"
    refused(live.type("promote", "prod"), "was not brought to the tools of version 2", "Unable to connect")
    gateways(live).failing = ""
    live.must("promote", "prod")
    assert shown(live, "prod") == sorted([*NAMES, "getForecast"])


def test_the_monitor_names_what_the_gateway_shows_otherwise(live: World) -> None:
    assert "the gateway shows them as they are" in live.must("monitor", "prod").last
    tools = target(live, "prod").tools = copy.deepcopy(target(live, "prod").tools)
    added(tools)
    described(tools)
    refused(
        live.type("monitor", "prod"),
        "gateway company-tools differs from what is live",
        "still shows market-data___getForecast",
        "another version of market-data___getMarketData",
        code=1,
    )


def test_the_monitor_fails_where_the_gateway_has_no_target(world: World) -> None:
    world.release()
    refused(world.type("monitor", "prod"), "gateway company-tools has no target", code=1)


def test_another_components_target_stays_as_it_is(live: World) -> None:
    target(live, "prod").given["description"] = "stock-prices prod 2.0.0"
    before = copy.deepcopy(target(live, "prod").given)
    with_second(live, added)
    live.must("deploy", "prod")
    live.must("promote", "prod")
    live.must("rollback", "prod")
    assert target(live, "prod").given == before
