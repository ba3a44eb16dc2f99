"""What CloudFormation checks before it makes anything: types, capabilities, parameters that SSM has the value of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from agentcore_kit.local.aws_emulator.resource_schemas import exists_in
from agentcore_kit.local.aws_protocol.wire import ApiError

_FROM_SSM = "AWS::SSM::Parameter::Value<"

_NAMED_IAM = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
"""Resources that may give themselves rights, and the property with which they have a name of their own."""

_IAM = {*_NAMED_IAM, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserToGroupAddition"}


def check_types(template: Mapping[str, Any], region: str, holds: Callable[[str], bool]) -> None:
    """Raise ApiError for resource types that CloudFormation does not know in a region.

    A resource whose condition does not hold is not looked at: users of CloudFormation report so, and cfn-lint does it.

    Args:
        template: The template as plain data.
        region: The code of the region.
        holds: Returns whether a condition of the template holds.
    """
    wanted = (one for one in template["Resources"].values() if "Condition" not in one or holds(one["Condition"]))
    unknown = {one["Type"] for one in wanted if not exists_in(one["Type"], region)}
    if unknown:
        text = f"Template format error: Unrecognized resource types: [{', '.join(sorted(unknown))}] in {region}"
        raise ApiError("ValidationError", text)


def check_capabilities(template: Mapping[str, Any], given: Collection[str]) -> None:
    """Raise ApiError unless who deploys a template, its loops written out, has agreed to rights that it gives."""
    resources = list(template["Resources"].values())
    named = any(_NAMED_IAM.get(one["Type"], "?") in one.get("Properties", {}) for one in resources)
    enough = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}
    if any(one["Type"] in _IAM for one in resources) and not enough & {*given}:
        raise ApiError("InsufficientCapabilitiesException", f"Requires capabilities : [{min(enough)}]")


def published(template: Mapping[str, Any], values: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the values of parameters, of those that name an SSM parameter the value that it has.

    Args:
        template: The template.
        values: Its parameters as they were given.
        known: The SSM parameters of the account and region.

    Raises:
        ApiError: An SSM parameter is not there.
    """
    declared = template.get("Parameters", {})
    asked = [name for name in values if str(declared[name]["Type"]).startswith(_FROM_SSM)]
    if missing := [values[name] for name in asked if values[name] not in known]:
        text = f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account."
        raise ApiError("ValidationError", text)
    return {**values, **{name: known[values[name]] for name in asked}}
