"""The commands that every kind has, run unmodified against the emulated AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from agentcore_kit.cli import COMMANDS
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import context, regions
from agentcore_kit.local.aws_emulator import stacks
from tests.delivery.runtime_world import World


def test_every_command_says_where_before_what(world: World) -> None:
    world.release()
    for command in ("plan", "deploy", "status", "register"):
        lines = world.must(command, "prod").out.splitlines()
        account, region = world.environments["prod"].account, world.environments["prod"].region
        assert lines[0].startswith(f"{command}: ")
        assert lines[1].split() == ["environment", "prod", "account", account, "region", region]
        assert lines[-1].startswith("= ")


def test_plan_shows_changes_and_makes_none(world: World) -> None:
    world.ready()
    planned = world.must("plan", "dev")
    assert "add " in planned.out
    assert "nothing is live" in planned.last
    assert world.at("dev").stacks.stacks.keys() <= {
        s for s in world.at("dev").stacks.stacks if world.at("dev").stacks.stacks[s].status.startswith("DELETE")
    }
    assert not world.cloud.made("ExecuteChangeSet")


def test_every_resource_of_a_stack_is_tagged(world: World) -> None:
    world.release(env="dev")
    for call in world.cloud.made("CreateChangeSet"):
        tags = {tag["Key"] for tag in call.parameters["Tags"]}
        assert {"owner", "cost-center", "use-case-id", "component", "environment"} <= tags


def test_dashboards_are_what_cloudwatch_can_read(world: World) -> None:
    world.release(env="dev")
    made = [each for stack in world.at("dev").stacks.stacks.values() for each in stack.resources.values()]
    bodies = [each.properties["DashboardBody"] for each in made if each.type == "AWS::CloudWatch::Dashboard"]
    assert [len(json.loads(body)["widgets"]) > 1 for body in bodies] == [True]


def test_the_longest_name_fits_in_every_environment(world: World) -> None:
    manifest = world.with_manifest(name="a" * 40)
    shared = world.environments["prod"]
    repositories = world.cloud.at(str(shared.shared_account), shared.region).images.repositories
    repositories[manifest.metadata.name] = repositories.popitem()[1]
    for env in world.environments:
        world.release(env=env)
        world.must("destroy", env)


def test_destroy_removes_the_last_things_first(world: World) -> None:
    world.release(env="dev")
    gone = world.must("destroy", "dev")
    assert "nothing is live" in gone.last
    assert not world.at("dev").stacks.stacks
    world.must("destroy", "dev")


def test_a_stack_that_is_still_described_as_before_is_waited_for(world: World) -> None:
    world.monkeypatch.setattr(stacks, "LAG", 3)
    for _ in range(2):  # when it is made, and when it is changed
        world.release(env="dev")
        world.with_manifest(owner="another-team")
    world.must("destroy", "dev")


def test_production_is_asked_about_unless_in_ci(world: World) -> None:
    world.ready()
    refused = world.type("deploy", "prod", CI="")
    assert refused.code == 3
    assert "not there" in world.must("status", "prod").out, "and no stack is left that waits for a review"
    assert "REVIEW_IN_PROGRESS" not in world.must("status", "prod").out
    assert "production is changed only after a yes" in refused.err
    assert not world.cloud.made("ExecuteChangeSet")
    assert world.type("deploy", "dev", CI="").code == 0


def test_status_as_json_is_for_programs(world: World) -> None:
    assert set(json.loads(world.must("status", "dev", "--json").out)["stacks"].values()) == {None}
    world.release(env="dev")
    typed = world.must("status", "dev", "--json")
    said = json.loads(typed.out)
    assert (said["environment"], said["account"]) == ("dev", world.environments["dev"].account)
    assert "CREATE_COMPLETE" in said["stacks"].values()
    assert "environment dev" in typed.err, "people still see where"


def test_identity_prints_what_a_workflow_needs(world: World) -> None:
    lines = world.must("identity", "prod").out.splitlines()
    account = world.environments["prod"].account
    assert lines == [
        f"role=arn:aws:iam::{account}:role/agentops-deliver-{context.open_context('prod').component}",
        f"region={world.environments['prod'].region}",
    ]
    registering = world.must("identity", "prod", "--register").out.splitlines()[0]
    assert registering == lines[0].replace("agentops-deliver-", "agentops-register-")
    building = world.must("identity", "prod", "--shared").out.splitlines()[0]
    assert building == lines[0].replace(str(account), str(world.environments["prod"].shared_account))


def test_partitions_and_domains_follow_from_the_region(world: World) -> None:
    assert [regions.partition(name) for name in ("eu-central-1", "cn-north-1", "us-gov-west-1")] == [
        "aws",
        "aws-cn",
        "aws-us-gov",
    ]
    world.with_environment("dev", region="cn-north-1")
    assert world.must("identity", "dev").out.startswith("role=arn:aws-cn:iam::")
    assert regions.domain("cn-north-1") == "amazonaws.com.cn"


@pytest.mark.parametrize("command", ["plan", "deploy", "status", "destroy"])
def test_a_command_needs_an_environment_in_aws(world: World, command: str) -> None:
    for env in ("", "local", "produktion"):
        refused = world.type(command, env)
        assert refused.code == 2
        assert "--env" in refused.err
        assert "dev, preprod" in refused.err
    assert not world.cloud.calls


def test_the_module_of_every_command_can_be_imported_first() -> None:
    """As `kit COMMAND` does: what imports in circles works or not by who comes first."""
    kind = repository_kind()
    modules = sorted({command.function.partition(":")[0] for command in COMMANDS if kind in command.kinds})
    anew = """
import importlib, sys
for name in sys.argv[1:]:
    for known in [module for module in sys.modules if module.startswith("agentcore_kit")]:
        del sys.modules[known]
    importlib.import_module(name)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])}
    subprocess.run([sys.executable, "-c", anew, *modules], cwd=repository_root(), env=environment, check=True)
