"""What a version needs stays allowed as long as callers can get it: one role serves all versions of a runtime."""

from __future__ import annotations

import json
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.delivery import names
from agentcore_kit.delivery.rights import FIXED
from agentcore_kit.local.aws_emulator.runtimes import Runtime
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import refused

ENV = "dev"
MODEL = "id: global.anthropic.claude-sonnet-4-6"
OTHER, NEXT = "eu.amazon.nova-pro-v1:0", "eu.amazon.nova-lite-v1:0"


@pytest.fixture
def repository(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the repository, in which commands are typed."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    return copy


def edit(repository: Path, text: str, other: str, file: str = f"environments/{ENV}.yaml") -> None:
    """Replace a text in a file."""
    path = repository / file
    before = path.read_text(encoding="utf-8")
    assert text in before, text
    path.write_text(before.replace(text, other), encoding="utf-8")


def role(world: World, env: str = ENV) -> dict[str, Any]:
    """Return the properties of the role that all versions have."""
    found = world.at(env).stacks.stacks[names.stack("example-agent", env, "role")].resources["ExecutionRole"]
    return found.properties


def allows(world: World, action: str, resource: str, env: str = ENV) -> bool:
    """Return whether the role's own policies allow an action, where no condition says otherwise."""
    statements = [one for policy in role(world, env)["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    return any(
        "Condition" not in one
        and any(fnmatchcase(action, pattern) for pattern in _listed(one["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _listed(one["Resource"]))
        for one in statements
    )


def may_call(world: World, model: str) -> bool:
    """Return whether the agent in dev may call a model through its inference profile, and at its regions."""
    there = world.environments[ENV]
    profile = f"arn:aws:bedrock:{there.region}:{there.account}:inference-profile/{model}"
    statements = [one for policy in role(world)["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    through = [one for one in statements if one["Sid"] == "InvokeModelThroughProfile"]
    routed = any(profile in _listed(one["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"]) for one in through)
    assert routed == allows(world, "bedrock:InvokeModel", profile)
    return routed


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def runtime(world: World) -> Runtime:
    """Return the runtime in dev."""
    (found,) = world.at(ENV).runtimes.runtimes.values()
    return found


def release(world: World, repository: Path, model: str, other: str, commit: str) -> None:
    """Deploy a commit with another model, and promote it."""
    edit(repository, model, other)
    world.release(commit, ENV)


def test_a_model_stays_allowed_while_callers_can_get_it(world: World, repository: Path) -> None:
    world.release(COMMIT, ENV)
    first = MODEL.partition(" ")[2]
    edit(repository, first, OTHER)
    world.commit(SECOND)
    world.must("deploy", ENV)
    assert world.live(ENV) == "1"
    assert may_call(world, first), "live answers with this model"
    assert may_call(world, OTHER), "the newest version is asked before it is promoted"

    world.must("promote", ENV)
    assert may_call(world, first), "a rollback goes back to it"
    world.must("rollback", ENV)
    assert may_call(world, first)
    world.must("promote", ENV, "--version", "2")

    release(world, repository, OTHER, NEXT, THIRD)
    for commit in ("d" * 40, "e" * 40, "f" * 40):
        edit(repository, "maxTokens: 2048", f"maxTokens: 2{commit[0].encode()[0]}", f"environments/{ENV}.yaml")
        world.release(commit, ENV)
        edit(repository, f"maxTokens: 2{commit[0].encode()[0]}", "maxTokens: 2048")
    assert may_call(world, NEXT)
    assert not may_call(world, first), "nobody goes back so far"
    assert not may_call(world, OTHER)


def test_a_version_that_was_never_promoted_is_forgotten_after_the_next(world: World, repository: Path) -> None:
    world.release(COMMIT, ENV)
    first = MODEL.partition(" ")[2]
    edit(repository, first, OTHER)
    world.commit(SECOND)
    world.must("deploy", ENV)
    edit(repository, OTHER, NEXT)
    world.commit(THIRD)
    world.must("deploy", ENV)
    assert may_call(world, OTHER), "narrowed after a promotion, not before"
    world.must("promote", ENV)
    assert not may_call(world, OTHER)
    assert may_call(world, first)
    assert may_call(world, NEXT)


def test_going_back_further_than_usual_brings_the_rights_of_that_version_back(world: World, repository: Path) -> None:
    world.release(COMMIT, ENV)
    first = MODEL.partition(" ")[2]
    edit(repository, first, OTHER)
    for number, commit in enumerate((SECOND, THIRD, "d" * 40, "e" * 40, "f" * 40)):
        edit(
            repository,
            "maxTokens: 2048" if not number else f"maxTokens: {3000 + number - 1}",
            f"maxTokens: {3000 + number}",
        )
        world.release(commit, ENV)
    assert not may_call(world, first)
    world.must("rollback", ENV, "--version", "1")
    assert world.live(ENV) == "1"
    assert may_call(world, first)


def test_a_deployment_of_an_earlier_kit_keeps_what_its_role_allows(world: World, repository: Path) -> None:
    """Its versions do not say what they need, and its role has one model."""
    file = repository / "infra" / "role.yaml"
    world.release(COMMIT, ENV)
    first = MODEL.partition(" ")[2]
    for version in runtime(world).versions:
        version["EnvironmentVariables"].pop("AGENT_RIGHTS")
    found = world.at(ENV).stacks.stacks[names.stack("example-agent", ENV, "role")]
    for name in [name for name in found.parameters if name.endswith("Arns")]:
        del found.parameters[name]
    found.parameters |= {"ModelId": first, "MemoryArn": "", "GuardrailArn": "", "SecretArns": ""}
    assert file.is_file()
    edit(repository, first, OTHER)
    world.commit(SECOND)
    world.must("deploy", ENV)
    world.must("promote", ENV)
    assert may_call(world, first)
    assert may_call(world, OTHER)


def test_a_template_of_an_earlier_release_works_until_a_version_would_lose_its_model(
    world: World, repository: Path
) -> None:
    """It has one model for all versions, and the kit still tells it which."""
    path = repository / "infra" / "role.yaml"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("  ModelArns:"), text.index("  GuardrailArns:")
    text = text[:begin] + "  ModelId:\n    Type: String\n    Default: ''\n" + text[end:]
    arn = "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/${ModelId}"
    text = text.replace("!Join ['', !Ref ModelArns]", "!Ref ModelId")
    text = text.replace("!Ref ModelArns", f"[!Sub '{arn}']").replace("!Ref ProfileArns", f"[!Sub '{arn}']")
    text = text.replace(
        "      ManagedPolicyArns: !If [UsesMemoryPolicies, !Ref MemoryPolicyArns, !Ref AWS::NoValue]\n", ""
    )
    text = text.replace("  UsesMemoryPolicies: !Not [!Equals [!Join ['', !Ref MemoryPolicyArns], '']]\n", "")
    text = text.replace("!Join ['', !Ref MemoryArns]", "''").replace("!Ref MemoryArns", "[]")
    path.write_text(text, encoding="utf-8")
    world.release(COMMIT, ENV)
    first = MODEL.partition(" ")[2]
    assert may_call(world, first)
    world.must("deploy", ENV)
    edit(repository, first, OTHER)
    world.commit(SECOND)
    refused(world.type("deploy", ENV), "infra/role.yaml has no ModelArns, ProfileArns", "kit template-update", code=2)
    assert may_call(world, first)


def test_secrets_stay_readable_while_callers_can_get_the_version_that_reads_them(
    world: World, repository: Path
) -> None:
    there = world.environments[ENV]
    old, new = (
        f"arn:aws:secretsmanager:{there.region}:{there.account}:secret:team/{name}-a1B2c3" for name in ("old", "new")
    )
    world.at(ENV).secrets.values |= {"team/old": "x", "team/new": "y"}
    with (repository / "environments" / f"{ENV}.yaml").open("a", encoding="utf-8") as file:
        file.write("\nsecrets: {CRM_KEY: team/old}\n")
    world.release(COMMIT, ENV)
    edit(repository, "team/old", "team/new")
    world.commit(SECOND)
    world.must("deploy", ENV)
    assert allows(world, "secretsmanager:GetSecretValue", old)
    assert allows(world, "secretsmanager:GetSecretValue", new)


def test_the_template_leaves_as_much_of_the_role_as_the_kit_counts_on(world: World, repository: Path) -> None:
    world.release(COMMIT, ENV)
    text = json.dumps(role(world)["Policies"], separators=(",", ":"))
    assert len(text) <= FIXED, "with one model; statements of a team's own take from what is left"


@pytest.mark.parametrize(
    ("secrets", "limit"), [(40, "4,096 characters that CloudFormation takes for SecretArns"), (30, "10,240 characters")]
)
def test_what_no_role_can_hold_is_refused_before_anything_changes(
    world: World, repository: Path, secrets: int, limit: str
) -> None:
    world.release(COMMIT, ENV)
    names_of = [f"team/{'x' * 60}-{number}" for number in range(secrets)]
    world.at(ENV).secrets.values |= dict.fromkeys(names_of, "x")
    with (repository / "environments" / f"{ENV}.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nsecrets: {json.dumps({f'KEY_{number}': name for number, name in enumerate(names_of)})}\n")
    world.commit(SECOND)
    sets = len(world.cloud.made("CreateChangeSet"))
    refused(world.type("deploy", ENV), limit, code=3)
    assert len(world.cloud.made("CreateChangeSet")) == sets


def test_each_version_says_what_it_needs_and_it_can_be_read_back(world: World, repository: Path) -> None:
    world.release(COMMIT, ENV)
    said = json.loads(runtime(world).versions[0]["EnvironmentVariables"]["AGENT_RIGHTS"])
    there = world.environments[ENV]
    model = MODEL.partition(" ")[2]
    assert said["profiles"] == [f"arn:aws:bedrock:{there.region}:{there.account}:inference-profile/{model}"]
    assert sorted(said) == ["models", "profiles"], "nothing else is needed, and nothing else is said"


def test_when_the_role_cannot_be_narrowed_the_promotion_stays_and_says_so(world: World, repository: Path) -> None:
    world.release(COMMIT, ENV)
    edit(repository, MODEL.partition(" ")[2], OTHER)
    world.commit(SECOND)
    world.must("deploy", ENV)
    edit(repository, OTHER, NEXT)
    world.commit(THIRD)
    world.must("deploy", ENV)
    world.cloud.plan_fault("CreateChangeSet", "AccessDenied", "not authorized", times=9)
    typed = world.must("promote", ENV)
    assert world.live(ENV) == "3"
    assert "still allows" in typed.out
