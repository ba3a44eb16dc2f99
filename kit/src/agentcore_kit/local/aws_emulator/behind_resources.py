"""What a resource of CloudFormation is for the emulated services once it is made: what is there, and who may use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_emulator.gateways import Gateway
from agentcore_kit.local.aws_emulator.iam_conditions import as_list
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

Properties = Mapping[str, Any]
Attributes = Mapping[str, str]


def _provider(place: AccountRegion, _: Properties, attributes: Attributes) -> None:
    place.cloud.iam.account(place.account).providers.add(attributes["Arn"])


def _no_provider(place: AccountRegion, _: Properties, attributes: Attributes) -> None:
    place.cloud.iam.account(place.account).providers.discard(attributes["Arn"])


def _repository(place: AccountRegion, properties: Properties, attributes: Attributes) -> None:
    place.images.repositories.setdefault(attributes[""], {})
    if policy := properties.get("RepositoryPolicyText"):
        place.cloud.iam.shared[attributes["Arn"]] = policy if isinstance(policy, Mapping) else json.loads(policy)
    else:
        place.cloud.iam.shared.pop(attributes["Arn"], None)


def _no_repository(place: AccountRegion, properties: Properties, attributes: Attributes) -> None:
    if place.images.repositories.get(attributes[""]) and not properties.get("EmptyOnDelete"):
        raise ApiError("RepositoryNotEmptyException", f"The repository {attributes['']} has images and is not deleted.")
    place.images.repositories.pop(attributes[""], None)
    place.cloud.iam.shared.pop(attributes["Arn"], None)


def _gateway(place: AccountRegion, properties: Properties, attributes: Attributes) -> None:
    role = str(properties["RoleArn"])
    if place.cloud.iam.role(role) is None:
        raise ApiError("ValidationException", f"The role {role} does not exist or cannot be assumed.")
    name = str(properties["Name"])
    place.gateways.gateways.setdefault(attributes[""], Gateway(attributes[""], name)).name = name


def _no_gateway(place: AccountRegion, _: Properties, attributes: Attributes) -> None:
    known = place.gateways.gateways.get(attributes[""])
    if known and known.targets:
        raise ApiError("ConflictException", f"Gateway {known.name} has {len(known.targets)} targets.", 409)
    place.gateways.gateways.pop(attributes[""], None)


def _registry(place: AccountRegion, _: Properties, attributes: Attributes) -> None:
    place.service("agent-registry-control").registries.add(attributes["RegistryArn"])


def _no_registry(place: AccountRegion, _: Properties, attributes: Attributes) -> None:
    service = place.service("agent-registry-control")
    if service.records:
        raise ApiError("ConflictException", f"The registry has {len(service.records)} records.", 409)
    service.registries.discard(attributes["RegistryArn"])


def _secret(place: AccountRegion, properties: Properties, attributes: Attributes) -> None:
    generated = properties.get("GenerateSecretString")
    text = str(properties.get("SecretString", ""))
    if generated is not None:
        known = json.loads(generated.get("SecretStringTemplate", "{}"))
        key = generated.get("GenerateStringKey")
        text = json.dumps({**known, key: f"generated for {key}"}) if key else "generated"
    name = _secret_name(attributes)
    if generated is None or name not in place.secrets.values:
        place.secrets.values[name] = text


def _no_secret(place: AccountRegion, _: Properties, attributes: Attributes) -> None:
    place.secrets.values.pop(_secret_name(attributes), None)


def _secret_name(attributes: Attributes) -> str:
    return attributes[""].partition(":secret:")[2].removesuffix("-a1B2c3")


def _share(place: AccountRegion, properties: Properties, _: Attributes) -> None:
    """Let the accounts that a share of RAM names use its resources."""
    accounts = [f"arn:aws:iam::{one}:root" if str(one).isdigit() else "*" for one in properties.get("Principals", ())]
    for arn in properties.get("ResourceArns", ()):
        action = f"{str(arn).split(':')[2]}:*"
        statement = {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": action}
        place.cloud.iam.shared[f"{arn}*"] = {"Version": "2012-10-17", "Statement": statement}


def _no_share(place: AccountRegion, properties: Properties, _: Attributes) -> None:
    for arn in properties.get("ResourceArns", ()):
        place.cloud.iam.shared.pop(f"{arn}*", None)


def _policy_of_roles(place: AccountRegion, properties: Properties, _: Attributes) -> None:
    """Give roles a policy of their own, for AWS::IAM::Policy and AWS::IAM::RolePolicy."""
    for name in _roles(properties):
        role = place.cloud.iam.role(f"arn:aws:iam::{place.account}:role/{name}")
        if role is None:
            raise ApiError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        role.policies[str(properties["PolicyName"])] = properties.get("PolicyDocument", {"Statement": []})


def _no_policy_of_roles(place: AccountRegion, properties: Properties, _: Attributes) -> None:
    for name in _roles(properties):
        if role := place.cloud.iam.role(f"arn:aws:iam::{place.account}:role/{name}"):
            role.policies.pop(str(properties["PolicyName"]), None)


def _roles(properties: Properties) -> list[str]:
    return [str(one) for one in as_list(properties.get("Roles", properties.get("RoleName", [])))]


Behind = Callable[["AccountRegion", Properties, Attributes], None]

MADE: Mapping[str, Behind] = {
    "AWS::AgentRegistry::Registry": _registry,
    "AWS::BedrockAgentCore::Gateway": _gateway,
    "AWS::ECR::Repository": _repository,
    "AWS::IAM::OIDCProvider": _provider,
    "AWS::IAM::Policy": _policy_of_roles,
    "AWS::IAM::RolePolicy": _policy_of_roles,
    "AWS::RAM::ResourceShare": _share,
    "AWS::SecretsManager::Secret": _secret,
}
"""By type: brings the services to what a resource is now, when it was made or changed. Raises ApiError."""

REMOVED: Mapping[str, Behind] = {
    "AWS::AgentRegistry::Registry": _no_registry,
    "AWS::BedrockAgentCore::Gateway": _no_gateway,
    "AWS::ECR::Repository": _no_repository,
    "AWS::IAM::OIDCProvider": _no_provider,
    "AWS::IAM::Policy": _no_policy_of_roles,
    "AWS::IAM::RolePolicy": _no_policy_of_roles,
    "AWS::RAM::ResourceShare": _no_share,
    "AWS::SecretsManager::Secret": _no_secret,
}
"""By type: takes a resource away from the services. Raises ApiError where something of others hangs on it."""
