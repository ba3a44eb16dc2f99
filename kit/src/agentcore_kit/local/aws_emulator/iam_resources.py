"""Roles and managed policies as templates make them, in the IAM of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_emulator.iam import Role, tags_in
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion


def make_role(place: AccountRegion, name: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """Make or change a role.

    Args:
        place: Where CloudFormation works; the role is the account's.
        name: The role's name, where the template gives it none.
        properties: Of AWS::IAM::Role, resolved.

    Returns:
        Its attributes.

    Raises:
        ApiError: When a managed policy or the boundary is not there.
    """
    name = str(properties.get("RoleName", name))
    arn = f"arn:aws:iam::{place.account}:role/{name}"
    boundary = str(properties.get("PermissionsBoundary", ""))
    account = place.cloud.iam.account(place.account)
    attached = [str(one) for one in properties.get("ManagedPolicyArns", ())]
    for wanted in [*attached, *([boundary] if boundary else [])]:
        if wanted not in account.policies:
            raise ApiError("NoSuchEntity", f"Policy {wanted} does not exist or is not attachable.", 404)
    own = {str(policy["PolicyName"]): policy["PolicyDocument"] for policy in properties.get("Policies", ())}
    tags = tags_in(properties.get("Tags"))
    account.roles[arn] = Role(arn, properties["AssumeRolePolicyDocument"], own, attached, boundary, tags)
    return {"": name, "Arn": arn, "RoleId": "AROATEST"}


def make_policy(place: AccountRegion, name: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """Make or change a managed policy.

    Args:
        place: Where CloudFormation works; the policy is the account's.
        name: The policy's name, where the template gives it none.
        properties: Of AWS::IAM::ManagedPolicy, resolved.

    Returns:
        Its attributes.

    Raises:
        ApiError: When a role that it is for is not there.
    """
    arn = f"arn:aws:iam::{place.account}:policy/{properties.get('ManagedPolicyName', name)}"
    account = place.cloud.iam.account(place.account)
    roles = [f"arn:aws:iam::{place.account}:role/{one}" for one in properties.get("Roles", ())]
    if missing := [one for one in roles if one not in account.roles]:
        raise ApiError("NoSuchEntity", f"The role with name {missing[0].rpartition('/')[2]} cannot be found.", 404)
    account.policies[arn], account.given[arn] = properties["PolicyDocument"], roles
    return {"": arn, "PolicyArn": arn}


def remove(place: AccountRegion, attributes: Mapping[str, str]) -> None:
    """Remove a role or a managed policy.

    Raises:
        ApiError: When a role still has the policy.
    """
    account = place.cloud.iam.account(place.account)
    if "Arn" in attributes:
        account.roles.pop(attributes["Arn"], None)
        return
    arn = attributes[""]
    if users := [role.arn for role in account.roles.values() if arn in (*role.attached, role.boundary)]:
        text = f"Cannot delete a policy attached to entities: {', '.join(users)}"
        raise ApiError("DeleteConflict", text, 409)
    account.policies.pop(arn, None)
    account.given.pop(arn, None)
