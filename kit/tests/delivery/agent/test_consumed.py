"""An agent finds its gateways and its memory by name, and others find the agent: nobody copies ids into files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.platform_roles import policy
from agentcore_kit.local.aws_emulator.world import prepared
from tests.delivery.runtime_world import COMMIT, SECOND, World
from tests.delivery.shell import refused
from tests.delivery.test_delivery_roles import as_pipeline, role_of, roles_in, signed_in

ENV, AGENT, MEMORY, GATEWAY = "dev", "example-agent", "customer-memory", "market-data"
URL = "https://market-data-x1y2z3.gateway.bedrock-agentcore.eu-central-1.amazonaws.com/mcp"
ID = "customer_memory_dev-a1B2c3D4e5"


@pytest.fixture
def repository(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the repository whose agent uses a gateway and a memory."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    edit(copy / "manifest.yaml", "gateways: []", f"gateways: [{GATEWAY}]")
    edit(copy / "manifest.yaml", "memory: null", f"memory: {MEMORY}")
    world.commit(COMMIT)
    return copy


def edit(path: Path, text: str, other: str) -> None:
    """Replace a text in a file."""
    before = path.read_text(encoding="utf-8")
    assert text in before, text
    path.write_text(before.replace(text, other), encoding="utf-8")


def publish(world: World, *, policy_too: bool = True, gateway: bool = True, memory: bool = True) -> str:
    """Publish what the other repositories publish; return the ARN of the memory's policy for the agent."""
    there, account = world.at(ENV), world.environments[ENV].account
    arn = f"arn:aws:iam::{account}:policy/customer-memory-dev-memory-ConsumerExampleAgent-1A2B3C"
    world.cloud.iam.account(str(account)).policies[arn] = policy(["bedrock-agentcore:GetMemory"])
    values = there.parameters.values
    values |= {names.gateway_url(GATEWAY): URL} if gateway else {}
    values |= {names.memory_id(MEMORY, ENV): ID} if memory else {}
    values |= {names.memory_policy(MEMORY, ENV, AGENT): arn} if policy_too else {}
    return arn


def variables(world: World) -> dict[str, Any]:
    """Return the environment variables of the newest version."""
    (runtime,) = world.at(ENV).runtimes.runtimes.values()
    found: dict[str, Any] = runtime.versions[-1]["EnvironmentVariables"]
    return found


def role(world: World) -> dict[str, Any]:
    """Return the properties of the role."""
    stack = world.at(ENV).stacks.stacks[names.stack(AGENT, ENV, "role")]
    found: dict[str, Any] = stack.resources["ExecutionRole"].properties
    return found


def test_a_version_gets_what_was_published_when_it_was_deployed(world: World, repository: Path) -> None:
    arn = publish(world)
    world.must("deploy", ENV)
    assert json.loads(variables(world)["AGENT_GATEWAYS"]) == {GATEWAY: URL}
    assert variables(world)["AGENT_MEMORY_ID"] == ID
    assert role(world)["ManagedPolicyArns"] == [arn], "what the memory allows this consumer, and not all of it"
    assert "memory" not in [one["PolicyName"] for one in role(world)["Policies"]]
    assert json.loads(variables(world)["AGENT_RIGHTS"])["policies"] == [arn]


def test_a_rehearsal_has_what_other_repositories_publish(world: World, repository: Path) -> None:
    prepared(world.cloud)
    world.release(COMMIT, ENV)
    assert GATEWAY in json.loads(variables(world)["AGENT_GATEWAYS"])
    assert variables(world)["AGENT_MEMORY_ID"] == "customer_memory_dev-a1B2c3D4e5"


def test_what_the_environment_file_says_comes_first(world: World, repository: Path) -> None:
    publish(world)
    own = "https://own.example.com/mcp"
    edit(repository / "environments" / "dev.yaml", "gateways: {}", f"gateways: {{{GATEWAY}: {own}}}")
    with (repository / "environments" / "dev.yaml").open("a", encoding="utf-8") as file:
        file.write("\nmemory: {id: own_memory-a1B2c3D4e5}\n")
    world.must("deploy", ENV)
    assert "AGENT_GATEWAYS" not in variables(world)
    assert "AGENT_MEMORY_ID" not in variables(world)
    (memory,) = [one for one in role(world)["Policies"] if one["PolicyName"] == "memory"]
    (arn,) = memory["PolicyDocument"]["Statement"][0]["Resource"]
    assert arn.endswith(":memory/own_memory-a1B2c3D4e5")
    assert "ManagedPolicyArns" not in role(world)


def test_an_id_that_is_the_published_memory_gets_its_policy_too(world: World, repository: Path) -> None:
    arn = publish(world)
    with (repository / "environments" / "dev.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nmemory: {{id: {ID}}}\n")
    world.must("deploy", ENV)
    assert role(world)["ManagedPolicyArns"] == [arn]


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("gateway", ["/agentops/gateways/market-data/url"]),
        ("memory", ["memory customer-memory publishes no id for dev", "deploy the memory's repository there"]),
        (
            "policy_too",
            ["names no consumer example-agent", "spec.consumers of the memory's manifest.yaml: {name: example-agent,"],
        ),
    ],
)
def test_what_is_missing_is_told_before_anything_changes(
    world: World, repository: Path, missing: str, told: list[str]
) -> None:
    publish(world, **{missing: False})
    refused(world.type("deploy", ENV), "nothing was changed", *told, code=3)
    assert not world.cloud.made("CreateChangeSet")


def test_another_memory_leaves_the_one_that_live_uses_open(world: World, repository: Path) -> None:
    before = publish(world)
    world.release(COMMIT, ENV)
    edit(repository / "manifest.yaml", f"memory: {MEMORY}", "memory: other-memory")
    other = before.replace("customer-memory", "other-memory")
    world.cloud.iam.account(str(world.environments[ENV].account)).policies[other] = policy(
        ["bedrock-agentcore:GetMemory"]
    )
    world.at(ENV).parameters.values |= {
        names.memory_id("other-memory", ENV): "other_memory_dev-a1B2c3D4e5",
        names.memory_policy("other-memory", ENV, AGENT): other,
    }
    world.commit(SECOND)
    world.must("deploy", ENV)
    assert role(world)["ManagedPolicyArns"] == [before, other]


def test_the_pipeline_may_give_the_agent_what_the_memory_allows_it_and_no_other_policy(
    world: World, repository: Path
) -> None:
    arn = publish(world)
    roles_in(world)
    as_pipeline(world, ENV, ("deploy",))
    assert role(world)["ManagedPolicyArns"] == [arn]
    other = f"arn:aws:iam::{world.environments[ENV].account}:policy/other-memory-dev-memory-ConsumerExampleAgent-1A2B3C"
    world.cloud.iam.account(str(world.environments[ENV].account)).policies[other] = policy(["s3:*"])
    world.at(ENV).parameters.values[names.memory_policy(MEMORY, ENV, AGENT)] = other
    world.commit(SECOND)
    with signed_in(world, role_of(world, ENV), f"environment:{ENV}"):
        refused(world.run("deploy", "--env", ENV), "iam:AttachRolePolicy", code=3)


def test_others_find_the_agent_once_it_is_live(world: World) -> None:
    world.commit(COMMIT)
    world.must("deploy", ENV)
    where, values = f"/agentops/components/{AGENT}/{ENV}", world.at(ENV).parameters.values
    assert f"{where}/url" not in values, "nobody could call it yet"
    world.must("promote", ENV)
    (runtime,) = world.at(ENV).runtimes.runtimes.values()
    assert values[f"{where}/runtime-arn"] == runtime.arn
    assert values[f"{where}/endpoint"] == "live"
    assert values[f"{where}/url"].endswith("/invocations?qualifier=live")
    sets = len(world.cloud.made("ExecuteChangeSet"))
    world.must("promote", ENV)
    assert len(world.cloud.made("ExecuteChangeSet")) == sets, "nothing is published anew"
    world.must("destroy", ENV)
    assert not [name for name in values if name.startswith(where)]


def test_a_promotion_stays_when_it_cannot_be_published(world: World) -> None:
    world.commit(COMMIT)
    world.must("deploy", ENV)
    where = f"/agentops/components/{AGENT}/{ENV}/url"
    make = world.at(ENV).stacks.create_change_set

    def refuse(parameters: Any) -> Any:
        from agentcore_kit.local.aws_protocol.wire import ApiError

        if parameters["StackName"].endswith("-published"):
            raise ApiError("AccessDenied", "not authorized")
        return make(parameters)

    world.monkeypatch.setattr(world.at(ENV).stacks, "create_change_set", refuse)
    said = world.must("promote", ENV)
    assert "could not be published" in said.out
    assert where not in world.at(ENV).parameters.values
    world.monkeypatch.setattr(world.at(ENV).stacks, "create_change_set", make)
    world.must("promote", ENV)
    assert where in world.at(ENV).parameters.values
