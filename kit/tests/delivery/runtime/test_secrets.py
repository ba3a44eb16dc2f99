"""Secrets of what is deployed: looked for before anything changes, and readable by its role and nobody else's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.local.aws_emulator.world import prepared
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused

SECRETS = "\nsecrets: {CRM_KEY: 'team/crm#key', CRM_USER: 'team/crm#user', OPENAI_API_KEY: team/openai}\n"


@pytest.fixture
def repository(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the repository with secrets in dev, in which commands are typed; they are not there yet."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    with (copy / "environments" / "dev.yaml").open("a", encoding="utf-8") as file:
        file.write(SECRETS)
    world.commit("a" * 40)
    return copy


def policies(world: World, role: str = "ExecutionRole") -> dict[str, Any]:
    """Return the policies of a role that was deployed to dev, by name."""
    stacks = world.at("dev").stacks.stacks.values()
    (found,) = [one.resources[role].properties for one in stacks if role in one.resources]
    return {policy["PolicyName"]: policy["PolicyDocument"]["Statement"] for policy in found["Policies"]}


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_all_that_are_missing_are_told_before_anything_changes(world: World, repository: Path, command: str) -> None:
    there = world.environments["dev"]
    typed = world.type(command, "dev")
    refused(typed, f"account {there.account} has no secret team/crm, team/openai in {there.region}", code=3)
    make = f"aws secretsmanager create-secret --region {there.region} --name"
    refused(typed, "environments/dev.yaml names under secrets; nothing was changed")
    refused(typed, f"{make} team/crm --secret-string file:///dev/stdin (then type JSON with key, user, and Ctrl-D)")
    refused(typed, f"{make} team/openai --secret-string file:///dev/stdin (then type its value, and Ctrl-D)")
    assert not world.at("dev").stacks.stacks
    assert not world.cloud.made("CreateChangeSet")


def test_one_that_was_deleted_can_be_brought_back(world: World, repository: Path) -> None:
    world.at("dev").secrets.values |= {"team/crm": "{}", "team/openai": "key"}
    world.at("dev").secrets.deleted.add("team/crm")
    refused(world.type("plan", "dev"), "has no secret team/crm in", "restore-secret --region", "--secret-id team/crm")


def test_who_may_not_look_is_told_so(world: World, repository: Path) -> None:
    world.cloud.plan_fault("DescribeSecret", "AccessDeniedException", "not authorized")
    refused(world.type("plan", "dev"), "these credentials may not do that (DescribeSecret: not authorized)", code=3)


def test_the_role_may_read_these_and_no_other_and_no_value_goes_through_a_template(
    world: World, repository: Path
) -> None:
    values = {"team/crm": '{"key": "planted-crm-value", "user": "planted-user"}', "team/openai": "planted-key-value"}
    world.at("dev").secrets.values |= values
    world.must("deploy", "dev")
    there = world.environments["dev"]
    arns = [
        f"arn:aws:secretsmanager:{there.region}:{there.account}:secret:{name}-??????"
        for name in ("team/crm", "team/openai")
    ]
    read, decrypt = policies(world)["secrets"]
    assert read == {
        "Sid": "ReadSecrets", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arns,
    }  # fmt: skip
    assert decrypt["Action"] == "kms:Decrypt"
    assert decrypt["Condition"] == {"StringLike": {"kms:EncryptionContext:SecretARN": arns}}
    assert not world.cloud.made("GetSecretValue"), "a deployment looks whether they are there, and reads none"
    sent = json.dumps([call.parameters for call in world.cloud.calls], default=str)
    assert "planted" not in sent


def test_without_secrets_the_role_may_read_none(world: World) -> None:
    world.commit("a" * 40)
    world.must("deploy", "dev")
    assert "secrets" not in policies(world)
    assert not world.cloud.made("DescribeSecret")


def test_a_change_of_secrets_changes_the_role(world: World, repository: Path) -> None:
    world.at("dev").secrets.values |= {"team/crm": "{}", "team/openai": "key", "team/new": "key"}
    world.must("deploy", "dev")
    file = repository / "environments" / "dev.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("team/openai", "team/new"), encoding="utf-8")
    assert "-role: modify ExecutionRole, IAM::Role (Policies)" in world.must("plan", "dev").out
    world.must("deploy", "dev")
    assert "team/new" in str(policies(world)["secrets"])
    assert "team/openai" in str(policies(world)["secrets"]), "the version before reads it, until the next is promoted"
    world.must("promote", "dev")
    assert "team/new" in str(policies(world)["secrets"])
    assert "team/openai" not in str(policies(world)["secrets"]), "no version needs it any more"


def test_the_rehearsal_has_the_secrets_that_the_files_name(world: World, repository: Path) -> None:
    prepared(world.cloud)
    assert json.loads(world.at("dev").secrets.values["team/crm"]) == {"key": "invented key", "user": "invented user"}
    world.must("deploy", "dev")
