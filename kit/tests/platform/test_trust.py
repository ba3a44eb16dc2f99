"""Who may assume the roles of pipelines and of the gateway: the right job, and no forged or foreign one."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_kit.delivery.platform import component_roles
from agentcore_kit.local.aws_emulator.iam_policies import Document, Request, trusts
from tests.platform.entries import contexts, entry
from tests.platform.templates import ACCOUNT, OTHER, REGION, infra, resolved

ISSUER = "token.actions.githubusercontent.com"
OWN = "repo:example-org/example-agent"


def role(environment: str, name: str, kind: str = "Agent", **more: Any) -> Document:
    """Return the trust policy of a role that an entry makes in the account of an environment."""
    template = component_roles.template(entry(kind, repository=f"example-org/example-{kind.lower()}", **more),
                                        contexts()[environment])  # fmt: skip
    assert template
    found = [one["Properties"] for one in template["Resources"].values() if one["Properties"].get("RoleName") == name]
    document: Document = found[0]["AssumeRolePolicyDocument"]
    return document


def lets_in(document: Document, environment: str, subject: str, audience: str = "sts.amazonaws.com") -> bool:
    """Return whether a token of GitHub opens a role."""
    provider = f"arn:aws:iam::{contexts()[environment].account}:oidc-provider/{ISSUER}"
    claims = {f"{ISSUER}:sub": subject, f"{ISSUER}:aud": audience}
    return trusts(document, Request("sts:AssumeRoleWithWebIdentity", "role", claims), [provider])


FORGED = [
    "repo:example-org/example-agent:pull_request",
    "repo:example-org/example-agent:ref:refs/heads/feature",
    "repo:example-org/example-agent:ref:refs/heads/main2",
    "repo:example-org/example-agent:ref:refs/tags/main",
    "repo:example-org/example-agent:environment:approval",
    "repo:example-org/example-agent:environment:dev2",
    "repo:example-org/example-agent:environment:*",
    "repo:somebody/example-agent:environment:prod",
    "repo:somebody/example-agent:ref:refs/heads/main",
    "repo:example-org/other-agent:environment:prod",
    "repo:example-org/example-agent-2:ref:refs/heads/main",
    "repo:example-org/agentops-platform:environment:prod",
    "repo:example-org/example-agent:environment:PROD",
]
"""Subjects that no role of the agent trusts: other branches and environments, forks, other repositories."""

ROLES = [
    ("shared", "agentops-deliver-example-agent", f"{OWN}:ref:refs/heads/main"),
    ("dev", "agentops-deliver-example-agent", f"{OWN}:environment:dev"),
    ("preprod", "agentops-deliver-example-agent", f"{OWN}:environment:preprod"),
    ("prod", "agentops-deliver-example-agent", f"{OWN}:environment:prod"),
    ("prod", "agentops-register-example-agent", f"{OWN}:environment:registry"),
]


@pytest.mark.parametrize(("environment", "name", "trusted"), ROLES)
def test_a_role_of_a_pipeline_opens_for_its_own_job_alone(environment: str, name: str, trusted: str) -> None:
    document = role(environment, name)
    jobs = {subject for _, _, subject in ROLES}
    assert [one for one in {*jobs, *FORGED} if lets_in(document, environment, one)] == [trusted]
    assert not lets_in(document, environment, trusted, audience="https://github.com/example-org")


def test_another_provider_of_identity_opens_nothing() -> None:
    document = role("prod", "agentops-deliver-example-agent")
    claims = {f"{ISSUER}:sub": f"{OWN}:environment:prod", f"{ISSUER}:aud": "sts.amazonaws.com"}
    request = Request("sts:AssumeRoleWithWebIdentity", "role", claims)
    assert not trusts(document, request, [f"arn:aws:iam::{ACCOUNT}:oidc-provider/login.example.com"])
    assert not trusts(document, Request("sts:AssumeRole", "role", claims), [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"])


TOOL = f"arn:aws:iam::{ACCOUNT}:role/agentops-deliver-market-data"


@pytest.mark.parametrize(
    ("writers", "who", "allowed"),
    [
        (TOOL, TOOL, True),
        (f"{TOOL},{TOOL}-2", TOOL, True),
        (TOOL, f"{TOOL}-2", False),
        (TOOL, f"arn:aws:iam::{ACCOUNT}:role/example-prod-role-ExecutionRole-1A", False),
        ("", TOOL, False),
    ],
)
def test_only_tools_that_are_let_onto_the_gateway_change_its_targets(writers: str, who: str, allowed: bool) -> None:
    given = {"GatewayArn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/tools-1", "TargetWriters": writers}
    document = resolved(infra("workload/gateway-roles"), given)["TargetsRole"]["Properties"]["AssumeRolePolicyDocument"]
    request = Request("sts:AssumeRole", "role", {"aws:principalarn": who})
    assert trusts(document, request, [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]) is allowed


GATEWAY = {
    "GatewayName": "tools",
    "DiscoveryUrl": "https://x",
    "Clients": "x",
    "PolicyMode": "ENFORCE",
    "RequestsPerMinute": "1",
    "ToolRequestsPerMinute": "1",
    "GatewayArn": "arn",
}


@pytest.mark.parametrize(
    ("template", "name", "of"),
    [("gateway", "GatewayRole", "gateway/tools-1"), ("gateway-roles", "AbTestRole", "ab-test/example-1")],
)
def test_the_service_assumes_its_roles_for_this_account_only(template: str, name: str, of: str) -> None:
    document = resolved(infra(f"workload/{template}"), GATEWAY)[name]["Properties"]["AssumeRolePolicyDocument"]

    def assumed(account: str, service: str = "bedrock-agentcore.amazonaws.com", resource: str = of) -> bool:
        source = {
            "aws:sourceaccount": account,
            "aws:sourcearn": f"arn:aws:bedrock-agentcore:{REGION}:{account}:{resource}",
        }
        return trusts(document, Request("sts:AssumeRole", "role", source), [service])

    assert assumed(ACCOUNT)
    assert not assumed(OTHER)
    assert not assumed(ACCOUNT, service="lambda.amazonaws.com")
    assert not trusts(document, Request("sts:AssumeRole", "role"), ["bedrock-agentcore.amazonaws.com"])
    arn_alone = {"aws:sourceaccount": OTHER, "aws:sourcearn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:{of}"}
    assert not trusts(document, Request("sts:AssumeRole", "role", arn_alone), ["bedrock-agentcore.amazonaws.com"])
