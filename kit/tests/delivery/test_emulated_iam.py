"""The emulated AWS lets a role do what its policies allow, and no more: the pipeline's calls, and CloudFormation's."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import access_key
from agentcore_kit.local.aws_emulator.iam_handlers import Handled, requests_for
from agentcore_kit.local.aws_emulator.iam_resources import make_role
from agentcore_kit.local.aws_emulator.platform_roles import policy
from agentcore_kit.local.aws_emulator.world import sign_in, subject
from agentcore_kit.local.aws_protocol.wire import ApiError
from tests.delivery.pipeline_job import ENV, Job, trusting

FIRST = {"Memory": "bedrock-agentcore:CreateMemory"}
"""What a kind's deployment must be allowed to do, where it is not to make a runtime."""


@pytest.fixture
def job(world: Any) -> Job:
    return Job(world)


# Who may assume a role


def test_a_job_gets_the_role_of_its_environment_alone(world: Any) -> None:
    role = Job(world).role
    for other in (subject("prod"), subject(), subject(ENV).replace("repo:", "repo:another-")):
        with pytest.raises(ApiError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            sign_in(world.cloud, role, other)


def test_a_role_that_is_not_there_is_given_to_nobody(world: Any) -> None:
    with pytest.raises(ApiError, match="Not authorized"):
        sign_in(world.cloud, f"arn:aws:iam::{world.at(ENV).account}:role/agentops-deliver-other", subject(ENV))


def test_the_job_is_who_it_signed_in_as(job: Job) -> None:
    said = job.client("sts").get_caller_identity()
    name = job.role.rpartition("/")[2]
    assert said["Arn"] == f"arn:aws:sts::{job.account.account}:assumed-role/{name}/rehearsal"
    assert said["Account"] == job.account.account


# What the pipeline calls


def test_a_call_that_no_policy_allows_is_denied_in_the_words_of_aws(job: Job) -> None:
    with pytest.raises(ClientError) as caught:
        job.client("ssm").put_parameter(Name="/agentops/registry/arn", Value="x", Type="String", Overwrite=True)
    error, account = caught.value.response["Error"], job.account
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"] == (
        f"User: {job.client('sts').get_caller_identity()['Arn']} is not authorized to perform: ssm:PutParameter on "
        f"resource: {account.arn('ssm', 'parameter/agentops/registry/arn')} "
        "because no identity-based policy allows the ssm:PutParameter action"
    )
    assert account.parameters.values["/agentops/registry/arn"] != "x"
    own = names.memory(load_manifest().metadata.name, ENV) + "versions"
    job.client("ssm").put_parameter(Name=own, Value="x", Type="String", Overwrite=True)


def test_the_administrator_of_an_account_may_do_everything(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key(world.at(ENV).account))
    client = boto3.Session().client("ssm", region_name=world.at(ENV).region)
    client.put_parameter(Name="/agentops/registry/arn", Value="x", Type="String", Overwrite=True)
    assert not world.cloud.iam.denied


def test_a_boundary_of_the_delivery_role_limits_it(job: Job) -> None:
    iam = job.world.cloud.iam
    bounding = f"arn:aws:iam::{job.account.account}:policy/no-parameters"
    iam.account(job.account.account).policies[bounding] = policy(["sts:*"])
    iam.role(job.role).boundary = bounding
    with pytest.raises(ClientError, match="because no permissions boundary allows the ssm:GetParameters action"):
        job.client("ssm").get_parameters(Names=["/agentops/registry/arn"])


def test_all_resources_of_a_call_must_be_allowed(job: Job) -> None:
    job.client("ssm").get_parameters(Names=["/agentops/registry/arn"])
    with pytest.raises(ClientError, match=r"parameter/others/secret because no identity-based policy"):
        job.client("ssm").get_parameters(Names=["/agentops/registry/arn", "/others/secret"])


# What CloudFormation does with the rights of its caller


def role(boundary: str = "") -> dict[str, Any]:
    bounded = {"PermissionsBoundary": boundary} if boundary else {}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trusting("x"), **bounded}}


def test_a_stack_fails_where_its_caller_may_not_make_what_is_in_it(job: Job) -> None:
    properties = {"Name": "/others/parameter", "Type": "String", "Value": "x"}
    said = job.stack({"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": properties}})
    arn = job.account.arn("ssm", "parameter/others/parameter")
    assert f"is not authorized to perform: ssm:PutParameter on resource: {arn} because no identity-based" in said
    assert "/others/parameter" not in job.account.parameters.values


def test_no_role_is_made_without_the_boundary(job: Job) -> None:
    boundary = job.account.parameters.values[names.BOUNDARY]
    assert "iam:CreateRole" in job.stack({"Role": role()})
    other = f"arn:aws:iam::{job.account.account}:policy/other"
    job.world.cloud.iam.account(job.account.account).policies[other] = policy(["*"])
    assert "iam:CreateRole" in job.stack({"Role": role(other)}, "two")
    assert job.stack({"Role": role(boundary)}, "three") == "CREATE_COMPLETE"


def test_a_boundary_that_is_not_there_is_refused(world: Any) -> None:
    missing = f"arn:aws:iam::{world.at(ENV).account}:policy/none"
    with pytest.raises(ApiError, match="does not exist or is not attachable"):
        make_role(world.at(ENV), "x", role(missing)["Properties"])


def test_a_stack_is_not_deleted_by_who_may_not_delete_what_is_in_it(job: Job) -> None:
    boundary = job.account.parameters.values[names.BOUNDARY]
    stack = f"{load_manifest().metadata.name}-{ENV}-own"
    assert job.stack({"Role": role(boundary)}) == "CREATE_COMPLETE"
    job.without("iam:DeleteRole")
    job.client("cloudformation").delete_stack(StackName=stack)
    assert [one for one in job.account.stacks.stacks[stack].events if one["ResourceStatus"] == "DELETE_FAILED"]
    assert job.world.cloud.iam.role(f"arn:aws:iam::{job.account.account}:role/{stack}-Role")


def test_a_policy_is_given_to_a_role_only_by_who_may_give_it_to_that_role(job: Job) -> None:
    name, own = job.role.rpartition("/")[2], {"PolicyName": f"{job.component}-{ENV}-own-more"}
    for kind, asked in (("ManagedPolicy", "iam:AttachRolePolicy"), ("Policy", "iam:PutRolePolicy")):
        properties = {**own, "Roles": [name], "PolicyDocument": policy(["*"])}
        if kind == "ManagedPolicy":
            properties["ManagedPolicyName"] = properties.pop("PolicyName")
        requests = requests_for(job.account, Handled("create", f"AWS::IAM::{kind}", properties, "more"))
        assert (asked, job.role) in [(one.action, one.resource) for one in requests]
        kept = Handled("update", f"AWS::IAM::{kind}", properties, "more", before=properties)
        assert asked not in [one.action for one in requests_for(job.account, kept)]


# The kit's own commands, with the roles that it prints


@pytest.mark.parametrize("env", [ENV, "prod"])
def test_the_pipeline_may_do_all_that_it_does_in_an_environment(world: Any, env: str) -> None:
    job = Job(world, env)
    for done in (job.deploy(), job.type("promote"), job.type("status"), job.type("plan")):
        assert done.code == 0, done.err + done.out
    assert job.denied() == []


def test_a_role_that_lacks_one_right_stops_the_deployment_with_the_reason(job: Job) -> None:
    lacking = FIRST.get(repository_kind(), "bedrock-agentcore:CreateAgentRuntime")
    job.without(lacking)
    done = job.deploy()
    assert done.code == 3, done.err + done.out
    assert f"is not authorized to perform: {lacking}" in done.err
    assert "with an explicit deny in an identity-based policy" in done.err
