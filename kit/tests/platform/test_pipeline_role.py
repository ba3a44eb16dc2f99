"""The pipeline's role in every account: whose jobs it trusts, and that it cannot give itself more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery import names
from agentcore_kit.delivery.delivery_roles import LONGEST_POLICY
from agentcore_kit.local.aws_emulator.iam_conditions import as_list
from agentcore_kit.local.aws_emulator.iam_policies import Document, Policies, Request, reason_denied, trusts
from agentcore_kit.local.aws_emulator.world import sign_in, subject
from tests.platform.conftest import PlatformShell
from tests.platform.templates import ACCOUNT, REGION, SHARED, infra, resolved

PLATFORM, ORGANISATION = "agentops-platform", "example-org"
OIDC = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{OIDC}"
ROLE, POLICY = f"arn:aws:iam::{ACCOUNT}:role", f"arn:aws:iam::{ACCOUNT}:policy"
BOUNDARY = f"{POLICY}/agentops-delivery-boundary"
GITHUB = {
    "PlatformName": PLATFORM,
    "Repository": f"{ORGANISATION}/{PLATFORM}",
    "EnvironmentName": "prod",
    "ExistingProvider": "false",
    "BoundedRoles": "true",
}
OURS = f"repo:{ORGANISATION}/{PLATFORM}"


def rights(purpose: str) -> list[Document]:
    """Return the policies of the pipeline's role in an account."""
    given = {
        "PlatformName": PLATFORM,
        "Purpose": purpose,
        "SharedAccount": SHARED,
        "DeliveryBoundary": BOUNDARY,
    }
    made = resolved(infra("all/rights"), given)
    assert all(one["Properties"]["Roles"] == [names.delivery_role(PLATFORM)] for one in made.values())
    return [one["Properties"]["PolicyDocument"] for one in made.values()]


def boundary(bounded: str = "true") -> Document:
    """Return the boundary of roles that the pipeline makes."""
    made = resolved(infra("all/github"), GITHUB | {"BoundedRoles": bounded})
    document: Document = made["DeliveryBoundary"]["Properties"]["PolicyDocument"]
    return document


@pytest.mark.parametrize(
    ("subject", "more", "trusted"),
    [
        (f"{OURS}:environment:prod", {}, True),
        (f"{OURS}:environment:prod", {"ref": "refs/heads/main"}, True),
        (f"{OURS}:environment:organisation", {}, True),
        (f"{OURS}:environment:prod", {"ref": "refs/heads/feature"}, False),
        (f"{OURS}:environment:prod", {"aud": "https://github.com/example-org"}, False),
        (f"{OURS}:environment:prod2", {}, False),
        (f"{OURS}:environment:preprod", {}, False),
        (f"{OURS}:environment:", {}, False),
        (f"{OURS}:ref:refs/heads/main", {}, False),
        (f"{OURS}:ref:refs/heads/feature", {}, False),
        (f"{OURS}:ref:refs/tags/environment:prod", {}, False),
        (f"{OURS}:pull_request", {}, False),
        (f"repo:somebody/{PLATFORM}:environment:prod", {}, False),
        (f"repo:{ORGANISATION}/other:environment:prod", {}, False),
        (f"repo:{ORGANISATION}/{PLATFORM}-x:environment:prod", {}, False),
        (f"repo:{ORGANISATION}2/{PLATFORM}:environment:prod", {}, False),
        (f"REPO:{ORGANISATION}/{PLATFORM}:environment:prod", {}, False),
    ],
)
def test_the_role_trusts_the_jobs_of_its_environment_and_no_forged_subject(
    subject: str, more: Mapping[str, str], trusted: bool
) -> None:
    role = resolved(infra("all/github"), GITHUB | {"OtherEnvironmentName": "organisation"})["DeliveryRole"][
        "Properties"
    ]
    claims = {"sub": subject, "aud": "sts.amazonaws.com", **more}
    context = {f"{OIDC}:{name}": value for name, value in claims.items()}
    request = Request("sts:AssumeRoleWithWebIdentity", f"{ROLE}/{role['RoleName']}", context)
    assert trusts(role["AssumeRolePolicyDocument"], request, [PROVIDER]) == trusted


def test_another_identity_provider_or_role_is_not_trusted() -> None:
    made = resolved(infra("all/github"), GITHUB)
    trust = made["DeliveryRole"]["Properties"]["AssumeRolePolicyDocument"]
    claims = {f"{OIDC}:sub": f"{OURS}:environment:prod", f"{OIDC}:aud": "sts.amazonaws.com"}
    request = Request("sts:AssumeRoleWithWebIdentity", "*", claims)
    assert trusts(trust, request, [PROVIDER])
    assert not trusts(trust, request, [PROVIDER.replace(OIDC, "gitlab.com")])
    assert not trusts(trust, Request("sts:AssumeRole", "*", claims), [f"arn:aws:iam::{ACCOUNT}:root"])
    assert "Provider" in made
    assert "Provider" not in resolved(infra("all/github"), GITHUB | {"ExistingProvider": "true"})


STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack"
BOUNDED = {"iam:permissionsboundary": BOUNDARY}


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("iam:CreateRole", f"{ROLE}/agentops-deliver-my-agent", BOUNDED, True),
        ("iam:PutRolePolicy", f"{ROLE}/agentops-gateway-company-tools", BOUNDED, True),
        ("iam:CreateRole", f"{ROLE}/agentops-deliver-my-agent", {}, False),
        ("iam:CreateRole", f"{ROLE}/agentops-x", {"iam:permissionsboundary": f"{POLICY}/agentops-boundary"}, False),
        ("iam:PutRolePolicy", f"{ROLE}/agentops-deliver-my-agent", {}, False),
        ("iam:CreateRole", f"{ROLE}/administrator", BOUNDED, False),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/agentops-x", {}, False),
        ("iam:DeleteRolePermissionsBoundary", f"{ROLE}/agentops-deliver-my-agent", {}, False),
        (
            "iam:AttachRolePolicy",
            f"{ROLE}/agentops-deliver-my-agent",
            BOUNDED | {"iam:policyarn": f"{POLICY}/{PLATFORM}-prod-roles-Deliver-1"},
            True,
        ),
        (
            "iam:AttachRolePolicy",
            f"{ROLE}/agentops-deliver-my-agent",
            BOUNDED | {"iam:policyarn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            False,
        ),
        # itself: not by its own policies, its trust, its boundaries, its provider, nor by giving itself to a service
        ("iam:PutRolePolicy", f"{ROLE}/agentops-deliver-{PLATFORM}", BOUNDED, False),
        ("iam:AttachRolePolicy", f"{ROLE}/agentops-deliver-{PLATFORM}", BOUNDED | {"iam:policyarn": BOUNDARY}, False),
        ("iam:UpdateAssumeRolePolicy", f"{ROLE}/agentops-deliver-{PLATFORM}", {}, False),
        ("iam:DetachRolePolicy", f"{ROLE}/agentops-deliver-{PLATFORM}", {}, False),
        ("iam:CreatePolicyVersion", f"{POLICY}/agentops-{PLATFORM}-deployment", {}, False),
        ("iam:CreatePolicyVersion", BOUNDARY, {}, False),
        ("iam:CreatePolicyVersion", f"{POLICY}/agentops-boundary", {}, True),
        ("iam:AddClientIDToOpenIDConnectProvider", PROVIDER, {}, False),
        ("iam:PassRole", f"{ROLE}/agentops-deliver-{PLATFORM}", {"iam:passedtoservice": "lambda.amazonaws.com"}, False),
        (
            "iam:PassRole",
            f"{ROLE}/agentops-gateway-company-tools",
            {"iam:passedtoservice": "bedrock-agentcore.amazonaws.com"},
            True,
        ),
        ("iam:PassRole", f"{ROLE}/agentops-x", {"iam:passedtoservice": "ec2.amazonaws.com"}, False),
        ("sts:AssumeRole", f"arn:aws:iam::{SHARED}:role/agentops-platform-reader", {}, True),
        ("sts:AssumeRole", f"arn:aws:iam::{SHARED}:role/administrator", {}, False),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/agentops/registry/arn", {}, True),
        ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/other", {}, False),
        ("cloudformation:ExecuteChangeSet", f"{STACK}/{PLATFORM}-prod-keys/1", {}, True),
        ("cloudformation:DeleteStack", f"{STACK}/other-prod-role/1", {}, False),
        ("bedrock-agentcore:InvokeAgentRuntime", "*", {}, False),
        ("organizations:LeaveOrganization", "*", {}, False),
    ],
)  # fmt: skip
def test_the_pipeline_makes_bounded_roles_and_cannot_give_itself_more(
    action: str, resource: str, context: Mapping[str, str], allowed: bool
) -> None:
    for purpose in ("shared", "workload", "organisation"):
        request = Request(action, resource, context)
        assert (reason_denied(Policies(rights(purpose)), request) is None) == allowed, purpose


EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
COMPONENT_BOUNDARY = {"iam:permissionsboundary": f"{POLICY}/agentops-boundary"}


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("iam:CreateRole", f"{ROLE}/my-agent-prod-role", COMPONENT_BOUNDARY, True),
        ("bedrock-agentcore:CreateAgentRuntime", "*", {}, True),
        ("iam:CreateRole", f"{ROLE}/my-agent-prod-role", {}, False),
        ("iam:PutRolePolicy", f"{ROLE}/my-agent-prod-role", BOUNDED, False),
        ("iam:DeleteRolePermissionsBoundary", f"{ROLE}/my-agent-prod-role", {}, False),
        ("iam:PutRolePolicy", f"{ROLE}/agentops-deliver-{PLATFORM}", COMPONENT_BOUNDARY, False),
        ("iam:UpdateAssumeRolePolicy", f"{ROLE}/agentops-deliver-other", {}, False),
        ("iam:CreatePolicyVersion", BOUNDARY, {}, False),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/x", {}, False),
        ("iam:AddClientIDToOpenIDConnectProvider", PROVIDER, {}, False),
        ("organizations:LeaveOrganization", "*", {}, False),
    ],
)
def test_a_role_that_the_pipeline_makes_cannot_change_the_platform_whatever_its_policies_say(
    action: str, resource: str, context: Mapping[str, str], allowed: bool
) -> None:
    request = Request(action, resource, context)
    assert (reason_denied(Policies([EVERYTHING], boundary()), request) is None) == allowed


def test_in_development_pipelines_may_make_roles_without_a_boundary_but_not_the_platforms() -> None:
    own, platforms = f"{ROLE}/my-agent-dev-role", f"{ROLE}/agentops-deliver-{PLATFORM}"
    decided = Policies([EVERYTHING], boundary("false"))
    assert reason_denied(decided, Request("iam:CreateRole", own)) is None
    assert reason_denied(decided, Request("iam:PutRolePolicy", platforms)) is not None


PURPOSES = ("shared", "workload", "organisation")


@cache
def handlers(kind: str) -> frozenset[str]:
    """Return what CloudFormation calls for a resource of a type, by the schemas that cfn-lint carries."""
    schemas = Path(str(find_spec("cfnlint").origin)).parent / "data" / "schemas"  # type: ignore[union-attr]
    name = json.loads((schemas / "providers" / "us-east-1.json").read_text())[kind]
    found = json.loads((schemas / "resources" / f"{name}.json").read_text())["handlers"]
    return frozenset(action for one in found.values() for action in one.get("permissions", ()))


NOT_CALLED = {
    "s3:DeleteObject", "s3:PutObjectAcl",  # of buckets of logs
    "s3:REST.PUT.OBJECT",  # no action
    "iam:PassRole", "iam:CreateServiceLinkedRole",  # with conditions: the table above
    "firehose:TagDeliveryStream",  # logs go to CloudWatch and X-Ray
    "cloudfront:updateDistribution",  # a domain of one's own; this one is Cognito's
    "autoloop:AllowVendedLogDeliveryForResource",
    "codewhisperer:AllowVendedLogDeliveryForResource",
    "workmail:AllowVendedLogDeliveryForResource",  # logs of other services
}  # fmt: skip


OTHERS = ("iam:", "ssm:Describe", "ec2:", "s3tables:", "s3files:")
"""What the tables above are for, and what belongs to properties that no template has."""

RENDERED = {
    "shared": ("AWS::CloudWatch::Dashboard",),
    "organisation": ("AWS::Budgets::Budget", "AWS::KMS::Key", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
}
"""Of stacks that the kit renders."""


def needed(purpose: str) -> Iterator[tuple[str, str]]:
    """Yield the templates of a purpose and the actions that their resources need, IAM aside."""
    for folder in (purpose, "component"):
        for path in sorted(repository_path("infra").joinpath(folder).glob("*.yaml")):
            if folder == "component" and path.stem != purpose:
                continue
            for name, about in infra(f"{folder}/{path.stem}")["Resources"].items():
                if name.startswith("Fn::ForEach"):
                    about = next(iter(about[2].values()))
                if not about["Type"].startswith("AWS::IAM::"):
                    yield from ((f"{folder}/{path.stem} {about['Type']}", one) for one in handlers(about["Type"]))
    for kind in RENDERED.get(purpose, ()):
        yield from ((f"rendered {kind}", one) for one in handlers(kind))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_pipeline_may_do_all_that_its_templates_need(purpose: str) -> None:
    decided = Policies(rights(purpose))
    missing = set()
    for where, action in needed(purpose):
        service = action.partition(":")[0].lower()
        resource = {
            "ssm": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/agentops/x",
            "iam": f"{ROLE}/agentops-x",
            "sns": f"arn:aws:sns:{REGION}:{ACCOUNT}:agentops-alarms",
            "s3": f"arn:aws:s3:::agentops-artifacts-{ACCOUNT}-{REGION}",
            "secretsmanager": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/agentops/x-a1B2c3",
            "kms": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        }.get(service, "*")
        with_own_key = service == "kms" and action not in handlers("AWS::KMS::Key")
        optional = action in NOT_CALLED or with_own_key or action.startswith(OTHERS)
        if not optional and reason_denied(decided, Request(action, resource)) is not None:
            missing.add((where, action))
    assert not missing, sorted(missing)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_pipeline_has_no_service_that_no_template_needs(purpose: str) -> None:
    used = {action.partition(":")[0].lower() for _, action in needed(purpose)}
    services = next(one for one in rights(purpose) if one["Statement"][0]["Sid"] == "Services")
    allowed = {action.partition(":")[0] for one in services["Statement"] for action in as_list(one["Action"])}
    assert allowed - used <= {"iam"} | LITELLM


LITELLM = {"ecs", "elasticloadbalancing", "rds", "servicediscovery", "ec2"}
"""Of a stack that is optional, and may not be there."""


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_policy_of_the_pipeline_is_longer_than_iam_takes(purpose: str) -> None:
    for document in [*rights(purpose), boundary()]:
        assert len(json.dumps(document, separators=(",", ":"))) < LONGEST_POLICY


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", f"arn:aws:s3:::agentops-audit-{ACCOUNT}-{REGION}/AWSLogs/x"),
        ("s3:DeleteBucket", "arn:aws:s3:::somebody-elses"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:payroll-a1B2c3"),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),
        ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"),
    ],
)
def test_the_pipeline_does_not_reach_what_is_not_the_platforms(action: str, resource: str) -> None:
    for purpose in PURPOSES:
        assert reason_denied(Policies(rights(purpose)), Request(action, resource)) is not None, purpose


@pytest.mark.parametrize("environment", ["shared", "preprod", "organisation"])
def test_the_pipeline_makes_all_stacks_once_a_person_has_made_its_role(
    environment: str, platform: PlatformShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment != "shared":
        platform.must("deploy", "shared")
    listed, components = Path("components.yaml"), Path("components.yaml").read_text()
    aside = [Path("infra", one) for one in ("shared", "workload", "organisation", "component")]
    if environment != "organisation":  # which is in the account of shared, whose role it has
        listed.write_text("components: []\n")
        for folder in aside:
            folder.rename(folder.with_name(f"{folder.name}-aside"))
        platform.must("deploy", environment)
        listed.write_text(components)
        for folder in aside:
            folder.with_name(f"{folder.name}-aside").rename(folder)
    account, before = platform.environments[environment].account, set(platform.stacks(environment))
    role = f"arn:aws:iam::{account}:role/agentops-deliver-example-platform"
    for name, value in sign_in(platform.cloud, role, subject(environment)).items():
        monkeypatch.setenv(name, value)
    made = platform.must("deploy", environment, CI="true", AWS_ACCESS_KEY_ID=os.environ["AWS_ACCESS_KEY_ID"])
    assert not platform.cloud.iam.denied, made.err
    assert len(platform.stacks(environment)) > len(before)
