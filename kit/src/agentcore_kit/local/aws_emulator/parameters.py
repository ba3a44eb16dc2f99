"""SSM Parameter Store and Secrets Manager: names and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion


class Parameters:
    """SSM."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.values: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    def put_parameter(self, p: Mapping[str, Any]) -> dict[str, Any]:
        name = p["Name"]
        if name in self.values and not p.get("Overwrite"):
            raise ApiError("ParameterAlreadyExists", f"The parameter {name} already exists.")
        if p.get("Overwrite") and p.get("Tags"):
            raise ApiError("ValidationException", "tags and overwrite can't be used together.")
        self.values[name] = p["Value"]
        self.versions[name] = self.versions.get(name, 0) + 1
        return {"Version": self.versions[name], "Tier": "Standard"}

    def get_parameter(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["Name"] not in self.values:
            raise ApiError("ParameterNotFound", f"Parameter {p['Name']} not found.")
        return {"Parameter": self._described(p["Name"])}

    def get_parameters(self, p: Mapping[str, Any]) -> dict[str, Any]:
        found = [self._described(name) for name in p["Names"] if name in self.values]
        return _named("Parameters", found, [name for name in p["Names"] if name not in self.values])

    def get_parameters_by_path(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"Parameters": [self._described(name) for name in self.values if name.startswith(p["Path"])]}

    def delete_parameters(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gone = [name for name in p["Names"] if self.values.pop(name, None) is not None]
        return _named("DeletedParameters", gone, [name for name in p["Names"] if name not in gone])

    def _described(self, name: str) -> dict[str, Any]:
        arn = self.place.arn("ssm", f"parameter{name}")
        return {
            "Name": name,
            "Type": "String",
            "Value": self.values[name],
            "Version": self.versions.get(name, 1),
            "ARN": arn,
        }


def _named(member: str, found: list[Any], unknown: list[str]) -> dict[str, Any]:
    """Return an answer whose lists are left out where they are empty."""
    answer = {member: found, "InvalidParameters": unknown}
    return {name: items for name, items in answer.items() if items}


class Secrets:
    """Secrets Manager."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get_secret_value(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["SecretId"] not in self.values:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {"Name": p["SecretId"], "SecretString": self.values[p["SecretId"]]}
