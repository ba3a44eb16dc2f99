"""The roles of the pipeline: what its commands call is allowed, what belongs to others is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from agentcore_kit.config.manifest import Manifest, repository_kind
from agentcore_kit.delivery import context, delivery_roles, names
from agentcore_kit.delivery.delivery_roles import LONGEST_POLICY
from agentcore_kit.delivery.pipeline import of_context
from agentcore_kit.local.aws_emulator.iam import Caller, Role
from agentcore_kit.local.aws_emulator.iam_policies import Request
from agentcore_kit.local.aws_emulator.world import sign_in
from tests.delivery.memory_world import World as MemoryWorld
from tests.delivery.runtime_world import COMMIT, SECOND, World
from tests.delivery.shell import typed

ENVIRONMENTS = ("dev", "preprod", "prod")


def manifest() -> Manifest:
    """Return the manifest, as commands see it."""
    found: Manifest = context.open_context("prod").manifest
    return found


def contexts(world: World | MemoryWorld) -> Iterator[context.DeploymentContext]:
    """Yield a context for each account: those of the environments, and that of the shared services."""
    for name in world.environments:
        yield context.DeploymentContext(manifest(), world.environments[name])
    yield context.DeploymentContext(manifest(), world.environments["preprod"], "shared")


@pytest.fixture
def roles(world: World | MemoryWorld) -> dict[str, Role]:
    """Make the roles in all accounts, and return them by ARN."""
    return roles_in(world)


def roles_in(world: World | MemoryWorld) -> dict[str, Role]:
    """Make the roles in all accounts, as the template has them; return them by ARN."""
    made = {}
    for here in contexts(world):
        values = world.cloud.at(here.account, here.region).parameters.values
        given = {word: values.get(name, "") for word, name in delivery_roles.PUBLISHED.items()}
        pipeline = of_context(here)
        for name, which in delivery_roles.roles(pipeline).items():
            arn = f"arn:aws:iam::{here.account}:role/{name}"
            documents: dict[str, Mapping[str, Any]] = {
                f"{one}-{policy}": document
                for one in which
                for policy, document in delivery_roles.policies(pipeline, one, given).items()
            }
            role = Role(arn, delivery_roles.trust(pipeline, delivery_roles.subjects(pipeline, which)), documents)
            made[arn] = world.cloud.iam.account(here.account).roles[arn] = role
    return made


def subject(job: str) -> str:
    """Return whom a token of GitHub speaks for."""
    about = manifest().metadata
    return f"repo:{about.github_org}/{about.name}:{job}"


@contextmanager
def signed_in(world: World | MemoryWorld, role: str, job: str) -> Iterator[None]:
    """Have commands typed by a job of the pipeline."""
    keys = sign_in(world.cloud, role, subject(job))
    with world.monkeypatch.context() as patched:
        for name, value in keys.items():
            patched.setenv(name, value)
        yield


def role_of(world: World | MemoryWorld, env: str, *options: str) -> str:
    """Return what `kit identity` prints for a job."""
    return world.must("identity", env, *options).out.splitlines()[0].removeprefix("role=")


def as_pipeline(world: World | MemoryWorld, env: str, *commands: tuple[str, ...]) -> None:
    """Type commands with the rights of the job of an environment."""
    with signed_in(world, role_of(world, env), f"environment:{env}"):
        for command, *options in commands:
            done = world.run(command, "--env", env, *options)
            assert done.code == 0, (command, [denied.text for denied in world.cloud.iam.denied], done.err)


def test_the_pipeline_may_do_all_that_its_commands_do(world: World | MemoryWorld, roles: dict[str, Role]) -> None:
    for revision in (COMMIT, SECOND):
        if isinstance(world, World):
            world.ready(revision)
        for env in ("preprod", "prod"):
            as_pipeline(world, env, ("plan",), ("deploy",), ("promote",), ("smoke",), ("status",))
    if repository_kind() == "Tool":
        as_pipeline(world, "preprod", ("register",))
        as_pipeline(world, "prod", ("register",), ("status",))
    if isinstance(world, World):
        as_pipeline(world, "prod", ("rollback",))
    as_pipeline(world, "preprod", ("destroy",))
    assert world.cloud.iam.denied == []


OPERATION: dict[str, list[tuple[str, ...]]] = {
    "Agent": [("newer",), ("online",), ("monitor",), ("canary",), ("canary", "--decide"), ("canary", "--stop")],
    "Tool": [("newer",), ("monitor",), ("deregister", "--force")],
    "Memory": [("newer",), ("monitor",), ("drift",)],
}


def test_the_pipeline_may_do_what_operation_does(world: World | MemoryWorld) -> None:
    """How these commands end is for other tests: here none may be denied anything."""
    if repository_kind() == "Agent":
        world.with_manifest(spec={"canaryGateway": "assistants"})
    roles_in(world)
    world.ready()
    as_pipeline(world, "prod", ("deploy",), ("promote",))
    if isinstance(world, World):
        world.ready(SECOND)
    as_pipeline(world, "prod", ("deploy",))
    with signed_in(world, role_of(world, "prod"), "environment:prod"):
        for command, *options in OPERATION[repository_kind()]:
            world.run(command, "--env", "prod", *options)
    assert world.cloud.iam.denied == []
    assert len(world.cloud.made("CreateABTest")) == (repository_kind() == "Agent")


def test_the_job_of_the_registry_can_write_its_record_and_nothing_else(
    world: World | MemoryWorld, roles: dict[str, Role]
) -> None:
    if repository_kind() == "Tool":  # it is registered by the job of production, once its tools are live
        assert not [arn for arn in roles if "register" in arn]
        return
    role = role_of(world, "prod", "--register")
    assert role.endswith(f":role/agentops-register-{manifest().metadata.name}")
    with signed_in(world, role, "environment:registry"):
        done = world.run("register", "--env", "prod")
        assert done.code == 0, (done.err, [denied.text for denied in world.cloud.iam.denied])
        assert world.run("deploy", "--env", "prod").code != 0
    assert not world.at("prod").stacks.stacks


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudformation:ExecuteChangeSet", "arn:aws:cloudformation:{region}:{account}:stack/other-agent-prod-role/1"),
        (
            "bedrock-agentcore:UpdateAgentRuntimeEndpoint",
            "arn:aws:bedrock-agentcore:{region}:{account}:runtime/other_prod-a1",
        ),
        ("iam:PutRolePolicy", "arn:aws:iam::{account}:role/other-agent-prod-role-ExecutionRole-1"),
        ("iam:PassRole", "arn:aws:iam::{account}:role/admin"),
        ("ssm:PutParameter", "arn:aws:ssm:{region}:{account}:parameter/agentops/components/other-agent/prod/versions"),
        ("ssm:PutParameter", "arn:aws:ssm:{region}:{account}:parameter/agentops/registry/arn"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:{region}:{account}:secret:other-a1B2c3"),
        ("ecr:PutImage", "arn:aws:ecr:{region}:{shared}:repository/{component}"),
        ("iam:CreateUser", "*"),
    ],
)
def test_what_belongs_to_others_is_denied(
    world: World | MemoryWorld, roles: dict[str, Role], action: str, resource: str
) -> None:
    prod = world.environments["prod"]
    words = {"region": prod.region, "account": prod.account, "shared": prod.shared_account}
    arn = resource.format(component=manifest().metadata.name, **words)
    caller = Caller(str(prod.account), role_of(world, "prod"), "test")
    assert world.cloud.iam.reason(caller, Request(action, arn, {"iam:passedtoservice": "lambda.amazonaws.com"}))


def test_a_role_without_the_boundary_cannot_be_made_where_the_environment_asks_for_it(
    world: World | MemoryWorld, roles: dict[str, Role]
) -> None:
    prod, component = world.environments["prod"], manifest().metadata.name
    assert prod.permissions_boundary
    boundary = world.at("prod").parameters.values[names.BOUNDARY]
    caller = Caller(str(prod.account), role_of(world, "prod"), "test")
    arn = f"arn:aws:iam::{prod.account}:role/{f'{component}-prod-'[:24]}role-ExecutionRole-1A2B"
    for key in ({}, {"iam:permissionsboundary": "arn:aws:iam::aws:policy/AdministratorAccess"}):
        assert world.cloud.iam.reason(caller, Request("iam:CreateRole", arn, key))
        assert world.cloud.iam.reason(caller, Request("iam:PutRolePolicy", arn, key))
    assert world.cloud.iam.reason(caller, Request("iam:DeleteRolePermissionsBoundary", arn, {})), "nor lose it"
    allowed = {"iam:permissionsboundary": boundary}
    assert world.cloud.iam.reason(caller, Request("iam:CreateRole", arn, allowed)) is None


@pytest.mark.parametrize(
    "job", ["environment:preprod", "environment:registry", "environment:approval", "ref:refs/heads/main"]
)
def test_only_the_job_of_production_gets_the_role_of_production(
    world: World | MemoryWorld, roles: dict[str, Role], job: str
) -> None:
    from agentcore_kit.local.aws_protocol.wire import ApiError

    with pytest.raises(ApiError, match="Not authorized"):
        sign_in(world.cloud, role_of(world, "prod"), subject(job))
    sign_in(world.cloud, role_of(world, "prod"), subject("environment:prod"))


@pytest.mark.parametrize("env", ENVIRONMENTS)
@pytest.mark.parametrize("shared", [False, True])
def test_the_template_can_be_deployed(world: World | MemoryWorld, env: str, shared: bool, tmp_path: Any) -> None:
    from cfnlint.api import ManualArgs, lint

    done = world.type("delivery-roles", env, *(["--shared"] if shared else []))
    assert done.code == 0, done.err
    template = yaml.safe_load(done.out)
    findings = lint(done.out, config=ManualArgs(regions=["eu-central-1"]))
    assert [str(one) for one in findings] == []
    component = manifest().metadata.name
    found = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    if not shared:
        assert f"agentops-deliver-{component}" in [one["RoleName"] for one in found]
    for one in template["Resources"].values():
        if one["Type"] == "AWS::IAM::ManagedPolicy":
            assert len(json.dumps(one["Properties"]["PolicyDocument"], separators=(",", ":"))) <= LONGEST_POLICY


def test_an_account_with_the_role_of_all_repositories_keeps_it(world: World | MemoryWorld) -> None:
    world.with_environment("prod", delivery_role="agentops-delivery")
    account = world.environments["prod"].account
    for options in ([], ["--register"]):
        assert world.must("identity", "prod", *options).out.startswith(
            f"role=arn:aws:iam::{account}:role/agentops-delivery\n"
        )


def test_delivery_roles_needs_an_environment(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = typed(capsys, "delivery-roles")
    assert code == 2
    assert "--env is missing" in err
