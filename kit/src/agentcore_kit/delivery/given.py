"""What a template gives to others: the names of its parameters, roles, repositories of images, secrets, log groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery.contract import PARAMETER, PROVIDER, REPOSITORY, ROLE, SECRET, NameType

_NAMED: Mapping[str, tuple[NameType, str]] = {
    "AWS::SSM::Parameter": (PARAMETER, "Name"),
    "AWS::IAM::Role": (ROLE, "RoleName"),
    "AWS::SecretsManager::Secret": (SECRET, "Name"),
    "AWS::ECR::Repository": (REPOSITORY, "RepositoryName"),
    "AWS::IAM::OIDCProvider": (PROVIDER, "Url"),
    "AWS::Logs::LogGroup": ("log group", "LogGroupName"),
}
"""By resource type: what its name is the name of, and the property that has it."""

_PLACEHOLDERS = {
    "Component": "<component>",
    "ComponentName": "<component>",
    "PlatformName": "<component>",
    "EnvironmentName": "<environment>",
    "GatewayName": "<gateway>",
    "RuntimeId": "<runtime>",
}
"""By parameter of a template: the words of the contract."""


@dataclass(frozen=True)
class Given:
    """A name that a template gives.

    Attributes:
        type: What it is the name of.
        name: The name, with `<…>` for what parameters of the template say.
        condition: The condition under which the template makes it; empty for none.
    """

    type: NameType
    name: str
    condition: str


def given(template: str) -> list[Given]:
    """Return what a template gives, in its order; a name that CloudFormation chooses is left out.

    Args:
        template: The text of a CloudFormation template.
    """
    found = []
    for resource in read_template(template).get("Resources", {}).values():
        if not isinstance(resource, Mapping) or resource.get("Type") not in _NAMED:
            continue
        kind, where = _NAMED[resource["Type"]]
        if name := _text(resource.get("Properties", {}).get(where)):
            found.append(Given(kind, name.removeprefix("https://"), resource.get("Condition", "")))
    return found


def _text(value: Any) -> str:
    """Return a name with placeholders; empty for one that is not known from the template."""
    if isinstance(value, str):
        return re.sub(r"\$\{([A-Za-z]+)\}", lambda match: _PLACEHOLDERS.get(match[1], f"<{match[1]}>"), value)
    if isinstance(value, Mapping) and len(value) == 1:
        (function, argument), *_ = value.items()
        if function.removeprefix("Fn::") == "Sub":
            return _text(argument[0] if isinstance(argument, list) else argument)
        if function == "Ref":
            return _PLACEHOLDERS.get(str(argument), f"<{argument}>")
    return ""
