"""`spec.target: lambda`: the same commands, with a function that is live once it is deployed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names, tool_commands
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.rehearsal import tool_fakes
from agentcore_kit.tool_contract.definitions import offered
from tests.delivery.runtime_world import COMMIT, SECOND, World
from tests.delivery.shell import refused
from tests.delivery.tool.test_registration import PREFIX, records, targets

LAMBDA = {"target": "lambda", "prefix": PREFIX, "auth": {"inbound": "iam", "outbound": "gateway-iam-role"}}


@pytest.fixture
def chosen(world: World) -> World:
    """Return the world of a repository that chose Lambda, its commit built and passed."""
    world.with_manifest(spec=LAMBDA)
    world.ready()
    return world


def test_a_plan_shows_the_function_and_makes_nothing(chosen: World) -> None:
    planned = chosen.must("plan", "dev")
    assert "add Function, Lambda::Function" in planned.out
    assert "Runtime" not in planned.out
    assert planned.last == "= nothing was changed; nothing is live"
    assert not chosen.cloud.made("ExecuteChangeSet")


def test_a_deployment_is_live_and_an_earlier_image_goes_back(chosen: World) -> None:
    chosen.must("deploy", "prod")
    chosen.ready(SECOND)
    assert f"live: image {digest_of(SECOND)[:19]}" in chosen.must("deploy", "prod").last
    assert "nothing to change" in chosen.must("deploy", "prod").out
    chosen.must("deploy", "prod", "--digest", digest_of(COMMIT))
    assert f"live: image {digest_of(COMMIT)[:19]}" in chosen.must("status", "prod").last


def test_promote_tests_what_is_live_and_there_is_no_version_to_go_back_to(chosen: World) -> None:
    for command in ("smoke", "promote", "gate", "register"):
        refused(chosen.type(command, "dev"), "nothing is deployed", "kit deploy --env dev")
    chosen.must("deploy", "dev")
    assert "the function answers as it should" in chosen.must("smoke", "dev").last
    assert "live with its deployment" in chosen.must("promote", "dev").last
    refused(chosen.type("rollback", "dev"), "no versions to choose from", "kit deploy --env dev --digest sha256:")
    refused(chosen.type("promote", "dev", "--version", "1"), "no versions to choose from")


def test_a_function_that_does_not_start_fails_the_smoke_test(chosen: World) -> None:
    chosen.must("deploy", "dev")
    chosen.cloud.broken_images.add(digest_of(COMMIT))
    for command in ("smoke", "promote", "gate"):
        refused(chosen.type(command, "dev"), "the smoke test failed: image", "Runtime.ExitError", "--digest sha256:")


def test_production_takes_only_what_the_gate_has_passed(chosen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen.commit(SECOND)
    refused(chosen.type("deploy", "prod"), "has not passed pre-production")
    chosen.must("deploy", "preprod")
    monkeypatch.setattr(tool_commands, "evaluate", lambda _: 1)
    refused(chosen.type("gate", "preprod"), "did not pass (exit code 1)", "evals/results/")
    refused(chosen.type("deploy", "prod"), "has not passed pre-production")
    monkeypatch.setattr(tool_commands, "evaluate", lambda _: 0)
    assert "passed" in chosen.must("gate", "preprod").last
    chosen.must("deploy", "prod")


def test_the_function_comes_behind_the_gateway_and_goes_again(chosen: World) -> None:
    chosen.must("deploy", "prod")
    done = chosen.must("register", "prod")
    assert done.last == "= prod: 4 tools on gateway company-tools as market-data___…; record 0.1.0 PENDING_APPROVAL"
    (target,) = targets(chosen)
    given = target.given["targetConfiguration"]["mcp"]["lambda"]
    assert given["lambdaArn"].startswith("arn:aws:lambda:")
    assert [tool["name"] for tool in given["toolSchema"]["inlinePayload"]] == [tool["name"] for tool in offered()]
    assert "enum" not in json.dumps(given["toolSchema"])
    assert target.given["credentialProviderConfigurations"] == [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]
    assert "nothing to change" in chosen.must("register", "prod").out
    assert "has no tools under market-data" in chosen.must("deregister", "prod").last
    assert not targets(chosen)
    assert not records(chosen)


def test_another_image_than_the_commits_is_not_registered(chosen: World) -> None:
    chosen.must("deploy", "prod")
    chosen.ready(SECOND)
    refused(chosen.type("register", "prod"), f"runs image {digest_of(COMMIT)[:19]}", "check out what is live")
    assert not targets(chosen)


def test_the_monitor_reads_lambdas_figures(chosen: World) -> None:
    chosen.must("deploy", "prod")
    chosen.must("register", "prod")
    assert "the tools answer, within their limits" in chosen.must("monitor", "prod").last
    name = names.snake(load_manifest().metadata.name, "prod")
    chosen.at("prod").metrics.add("CallMs", f"{name}.live", 9000.0)
    refused(chosen.type("monitor", "prod"), "P95 latency of calls of 9000 ms")


def test_everything_can_be_removed(chosen: World) -> None:
    chosen.must("deploy", "dev")
    chosen.must("destroy", "dev")
    assert not chosen.at("dev").stacks.stacks


def test_the_functions_role_reads_the_secrets_that_the_environment_names(chosen: World) -> None:
    there = chosen.environments["dev"]
    chosen.with_environment("dev", secrets={"CRM_KEY": "team/crm#key"})
    refused(chosen.type("deploy", "dev"), "has no secret team/crm in")
    chosen.at("dev").secrets.values["team/crm"] = '{"key": "planted-value"}'
    chosen.must("deploy", "dev")
    stacks = chosen.at("dev").stacks.stacks.values()
    (made,) = [one.resources for one in stacks if "FunctionRole" in one.resources]
    policies = {
        policy["PolicyName"]: policy["PolicyDocument"] for policy in made["FunctionRole"].properties["Policies"]
    }
    (arn,) = policies["secrets"]["Statement"][0]["Resource"]
    assert arn == f"arn:aws:secretsmanager:{there.region}:{there.account}:secret:team/crm-??????"
    assert "planted-value" not in json.dumps([call.parameters for call in chosen.cloud.calls], default=str)
    assert list(made["Function"].properties["Environment"]["Variables"]) == ["AGENT_ENV", "AGENT_RIGHTS"]


def with_second(world: World, change: Callable[[Any], None]) -> None:
    """Have a commit checked out whose tools are others; the functions of both images list their own."""
    first, tools = copy.deepcopy(offered()), copy.deepcopy(offered())
    change(tools)
    world.monkeypatch.setattr(tool_fakes, "SERVERS", {})
    tool_fakes.SERVERS[digest_of(COMMIT)] = tool_fakes.Server("0.1.0", first)
    tool_fakes.SERVERS[digest_of(SECOND)] = tool_fakes.Server("0.2.0", tools)
    world.with_manifest(version="0.2.0", spec=LAMBDA)
    for module in ("delivery.tool_registration", "delivery.lambda_function", "kinds.tool"):
        world.monkeypatch.setattr(f"agentcore_kit.{module}.offered", lambda: tools)
    world.ready(SECOND)


def test_a_function_that_would_break_agents_is_not_deployed(chosen: World) -> None:
    for env in ("preprod", "prod"):
        chosen.must("deploy", env)
        chosen.must("register", env)
    with_second(chosen, lambda tools: tools.pop())
    del chosen.at("preprod").parameters.values[names.REGISTRY]
    for env, where in (("preprod", "target market-data of gateway company-tools"), ("prod", "record")):
        refused(
            chosen.type("deploy", env),
            f"0.2.0 would break agents that use 0.1.0 (compared with {where}",
            "removeWatchedMarket: the tool is gone",
            code=1,
        )
        assert f"live: image {digest_of(COMMIT)[:19]}" in chosen.must("status", env).last


def test_promote_brings_the_gateway_to_what_the_function_lists_and_the_monitor_names_what_differs(
    chosen: World,
) -> None:
    chosen.must("deploy", "prod")
    chosen.must("register", "prod")
    with_second(chosen, lambda tools: tools[0].update(description=tools[0]["description"] + " Newest figures."))
    chosen.must("deploy", "prod")
    refused(chosen.type("monitor", "prod"), "shows another version of market-data___getMarketData", code=1)
    assert "updating target market-data" in chosen.must("promote", "prod").out
    assert "Newest figures" in json.dumps(targets(chosen)[0].tools)
    chosen.must("deploy", "prod", "--digest", digest_of(COMMIT))
    refused(chosen.type("monitor", "prod"), "shows another version of market-data___getMarketData", code=1)
    chosen.must("promote", "prod")
    assert "Newest figures" not in json.dumps(targets(chosen)[0].tools)
    chosen.must("monitor", "prod")


def test_a_function_of_an_earlier_kit_does_not_list_its_tools(chosen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.mcp_server.aws_lambda.LISTING", "no such thing")
    chosen.must("deploy", "dev")
    chosen.must("register", "dev")
    chosen.must("promote", "dev")
    chosen.ready(SECOND)
    refused(chosen.type("smoke", "dev"), "not that of the commit")


def test_the_function_that_is_replaced_reads_its_secrets_until_it_is(chosen: World) -> None:
    chosen.at("dev").secrets.values |= {"team/old": "x", "team/new": "y"}

    def readable() -> str:
        stack = chosen.at("dev").stacks.stacks[names.stack("example-tool", "dev", "lambda")]
        return str(stack.resources["FunctionRole"].properties["Policies"])

    chosen.with_environment("dev", secrets={"CRM_KEY": "team/old"})
    chosen.must("deploy", "dev")
    chosen.with_environment("dev", secrets={"CRM_KEY": "team/new"})
    chosen.must("deploy", "dev")
    assert "team/old" in readable(), "the role is changed before the function"
    assert "team/new" in readable()
    chosen.ready(SECOND)
    chosen.must("deploy", "dev")
    assert "team/old" not in readable()
