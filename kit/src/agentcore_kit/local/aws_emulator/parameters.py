"""SSM Parameter Store and Secrets Manager: names and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
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
    """Secrets Manager.

    Attributes:
        values: The secrets by name.
        forbidden: Names of those that nobody here may read.
        deleted: Names of those that will be gone after their days of grace.
    """

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.values: dict[str, str] = {}
        self.forbidden: set[str] = set()
        self.deleted: set[str] = set()

    def make(self, reference: str) -> None:
        """Make the secret that an environment file names, invented: `name`, or `name#key` for one that is JSON."""
        name, _, key = reference.partition("#")
        known = json.loads(self.values.get(name, "{}")) if key else {}
        self.values[name] = json.dumps({**known, key: f"invented {key}"}) if key else f"invented {name}"

    def get_secret_value(self, p: Mapping[str, Any]) -> dict[str, Any]:
        name = self._found(p)
        if name in self.forbidden:
            who = f"arn:aws:sts::{self.place.account}:assumed-role/deploy/test"
            action = f"secretsmanager:GetSecretValue on resource: {name}"
            raise ApiError("AccessDeniedException", f"User: {who} is not authorized to perform: {action}")
        if name in self.deleted:
            text = "You can't perform this operation on the secret because it was marked for deletion."
            raise ApiError("InvalidRequestException", text)
        arn, version = self._arn(name), "a1b2c3d4-1111-2222-3333-444455556666"
        return {"ARN": arn, "Name": name, "VersionId": version, "SecretString": self.values[name]}

    def describe_secret(self, p: Mapping[str, Any]) -> dict[str, Any]:
        name = self._found(p)
        gone = {"DeletedDate": datetime.now(UTC)} if name in self.deleted else {}
        return {"ARN": self._arn(name), "Name": name, **gone}

    def _arn(self, name: str) -> str:
        return self.place.arn("secretsmanager", f"secret:{name}-a1B2c3")

    def _found(self, p: Mapping[str, Any]) -> str:
        name = str(p["SecretId"])
        if name not in self.values:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return name
