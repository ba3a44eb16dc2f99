"""The roles and policies that the platform makes in the accounts, and those that let a component's pipeline in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentcore_kit.delivery import delivery_roles, names
from agentcore_kit.delivery.names import OIDC
from agentcore_kit.delivery.pipeline import of_context
from agentcore_kit.local.aws_emulator.iam import Role, account_principals
from agentcore_kit.local.aws_emulator.iam_policies import Document

if TYPE_CHECKING:
    from agentcore_kit.delivery.context import DeploymentContext
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

GATEWAY_TARGETS = "agentops-gateway-targets"
AB_TEST = "ab-test"
BOUNDARY = "agentops-boundary"

_BOUNDED = [
    "bedrock:*",
    "bedrock-agentcore:*",
    "cloudwatch:*",
    "ecr:*",
    "kms:*",
    "lambda:InvokeFunction",
    "logs:*",
    "secretsmanager:GetSecretValue",
    "sns:Publish",
    "xray:*",
]
"""What no role of a component may exceed: nothing of IAM is in it, so no role can widen itself."""

_TARGETS = [
    "bedrock-agentcore:GetGateway",
    "bedrock-agentcore:InvokeGateway",
    "bedrock-agentcore:ListGatewayTargets",
    "bedrock-agentcore:GetGatewayTarget",
    "bedrock-agentcore:CreateGatewayTarget",
    "bedrock-agentcore:UpdateGatewayTarget",
    "bedrock-agentcore:DeleteGatewayTarget",
    "bedrock-agentcore:SynchronizeGatewayTargets",
]

_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", "ecr:BatchCheckLayerAvailability"]

_PUBLISH = [
    *(f"agent-registry:{verb}RegistryRecord" for verb in ("Create", "Delete", "Get", "Update")),
    "agent-registry:ListRegistryRecords", "agent-registry:SubmitRegistryRecordForApproval",
    "agent-registry:ListTagsForResource", "agent-registry:TagResource",
]  # fmt: skip
"""What a registry that is shared lets other accounts do: not approve, and not retire."""


def policy(actions: Sequence[str], resource: str = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    statement = {"Effect": effect, "Action": [*actions], "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": statement}


def trust(**principal: Any) -> dict[str, Any]:
    """Return a trust policy, for `AWS="…"` or `Service="…"`."""
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"},
    }


def in_account(place: AccountRegion, gateway: str) -> None:
    """Make in an environment's account what the platform makes there: identity provider, boundary, a canary's role.

    Args:
        place: The account and region of the environment.
        gateway: The name of the gateway whose role the account has.
    """
    iam = place.cloud.iam.account(place.account)
    iam.providers.add(f"arn:aws:iam::{place.account}:oidc-provider/{OIDC}")
    iam.policies.setdefault(f"arn:aws:iam::{place.account}:policy/{BOUNDARY}", policy(_BOUNDED))
    service = trust(Service="bedrock-agentcore.amazonaws.com")
    _add(place, AB_TEST, service, {"split": policy(["bedrock-agentcore:*"])})
    _add(place, gateway, service, {"call": policy(["bedrock-agentcore:InvokeAgentRuntime", "lambda:InvokeFunction"])})


def in_shared_account(shared: AccountRegion, account: str, gateway: str) -> None:
    """Make in the account of the shared services what an environment's account uses there.

    Args:
        shared: The shared account.
        account: The environment's account.
        gateway: The name of a gateway, which has a role of its own.
    """
    iam = shared.cloud.iam
    iam.account(shared.account).providers.add(f"arn:aws:iam::{shared.account}:oidc-provider/{OIDC}")
    service = trust(Service="bedrock-agentcore.amazonaws.com")
    _add(shared, gateway, service, {"call": policy(["bedrock-agentcore:InvokeAgentRuntime", "lambda:InvokeFunction"])})
    targets = iam.account(shared.account).roles.get(f"arn:aws:iam::{shared.account}:role/{GATEWAY_TARGETS}")
    trusted = {*(targets.trust["Statement"]["Principal"]["AWS"] if targets else ()), account_principals(account)[1]}
    rights = {"targets": policy(_TARGETS), "metrics": policy(["cloudwatch:GetMetricData"])}
    _add(shared, GATEWAY_TARGETS, trust(AWS=sorted(trusted)), rights)


def share(shared: AccountRegion, accounts: Sequence[str], preproduction: str, repository: str) -> None:
    """Let the environments' accounts use what is in the shared account: the images, and the registry.

    Args:
        shared: The shared account and region.
        accounts: The environments' accounts.
        preproduction: The account that may say of an image that it has passed pre-production.
        repository: The component's repository of images.
    """
    roots = [account_principals(account)[1] for account in accounts]
    statements: list[Mapping[str, Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": roots}, "Action": _PULL},
        {"Effect": "Allow", "Principal": {"AWS": account_principals(preproduction)[1]}, "Action": "ecr:PutImage"},
    ]
    iam = shared.cloud.iam
    iam.shared[shared.arn("ecr", f"repository/{repository}")] = {"Version": "2012-10-17", "Statement": statements}
    registry = {"Effect": "Allow", "Principal": {"AWS": roots}, "Action": _PUBLISH}
    iam.shared[shared.arn("agent-registry", "registry/*")] = {"Version": "2012-10-17", "Statement": registry}


def for_pipeline(place: AccountRegion, context: DeploymentContext) -> None:
    """Make the roles that a component's pipeline assumes, as `kit delivery-roles` prints them for the platform.

    Args:
        place: The account, whose parameters have what the platform publishes.
        context: An environment of the component that acts in this account.
    """
    iam = place.cloud.iam.account(place.account)
    published = {word: place.parameters.values.get(name, name) for word, name in delivery_roles.PUBLISHED.items()}
    pipeline = of_context(context)
    roles = delivery_roles.roles(pipeline)
    if own := context.environment.delivery_role:  # one for everything, as earlier releases had it
        roles = {own: [one for purposes in roles.values() for one in purposes]}
    for name, purposes in roles.items():
        rights = [delivery_roles.policies(pipeline, one, published) for one in purposes]
        arn = f"arn:aws:iam::{place.account}:role/{name}"
        trusted = delivery_roles.trust(pipeline, delivery_roles.subjects(pipeline, purposes))
        named: dict[str, Document] = {}
        for purpose, documents in zip(purposes, rights, strict=True):
            named |= {f"{purpose} {key}": one for key, one in documents.items()}
        iam.roles[arn] = Role(arn, trusted, named, tags=names.tags(context.manifest, context.environment))


def _add(place: AccountRegion, name: str, trusts: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]]) -> None:
    arn = f"arn:aws:iam::{place.account}:role/{name}"
    place.cloud.iam.account(place.account).roles[arn] = Role(arn, trusts, dict(policies))
