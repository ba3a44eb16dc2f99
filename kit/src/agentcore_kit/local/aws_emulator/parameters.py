"""SSM Parameter Store and Secrets Manager: names and values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


class Parameters:
    """SSM."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.values: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.earlier: dict[str, str] = {}

    def put_parameter(self, p: Mapping[str, Any]) -> dict[str, Any]:
        name = p["Name"]
        if name in self.values and not p.get("Overwrite"):
            raise ApiError("ParameterAlreadyExists", f"The parameter {name} already exists.")
        if p.get("Overwrite") and p.get("Tags"):
            raise ApiError("ValidationException", "tags and overwrite can't be used together.")
        self.values[name] = p["Value"]
        self.versions[name] = self.versions.get(name, 0) + 1
        self.earlier[f"{name}:{self.versions[name]}"] = p["Value"]
        return {"Version": self.versions[name], "Tier": "Standard"}

    def get_parameter(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["Name"] not in self.values:
            raise ApiError("ParameterNotFound", f"Parameter {p['Name']} not found.")
        return {"Parameter": self._described(p["Name"])}

    def get_parameters(self, p: Mapping[str, Any]) -> dict[str, Any]:
        known = {**self.values, **self.earlier}
        found = [self._described(name) for name in p["Names"] if name in known]
        return _named("Parameters", found, [name for name in p["Names"] if name not in known])

    def get_parameters_by_path(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"Parameters": [self._described(name) for name in self.values if name.startswith(p["Path"])]}

    def delete_parameters(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gone = [name for name in p["Names"] if self.values.pop(name, None) is not None]
        self.versions = {name: version for name, version in self.versions.items() if name not in gone}
        self.earlier = {asked: value for asked, value in self.earlier.items() if asked.partition(":")[0] not in gone}
        return _named("DeletedParameters", gone, [name for name in p["Names"] if name not in gone])

    def _described(self, asked: str) -> dict[str, Any]:
        """Return a parameter: as it is, by `name`, or as it was, by `name:version`."""
        name, _, version = asked.partition(":")
        return {
            "Name": name,
            "Type": "String",
            "Value": self.earlier[asked] if version else self.values[name],
            "Version": int(version or self.versions.get(name, 1)),
            "ARN": self.place.arn("ssm", f"parameter{name}"),
        }


def with_references(place: AccountRegion, value: Any) -> Any:
    """Return properties with their dynamic references, `{{resolve:ssm:…}}` and such, replaced by what they refer to.

    Args:
        place: The account and region that are asked.
        value: The properties of a resource, or a part of them.

    Raises:
        ApiError: A parameter or a secret is not there.
    """
    if isinstance(value, Mapping):
        return {name: with_references(place, item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_references(place, item) for item in value]
    return REFERENCE.sub(lambda found: _referred(place, *found.groups()), value) if isinstance(value, str) else value


def _referred(place: AccountRegion, service: str, name: str) -> str:
    if service.startswith("ssm"):
        return str(place.parameters.get_parameter({"Name": name})["Parameter"]["Value"])
    arn = re.match(r"arn:[^}]+?:secret:[^:]+", name)  # which has colons itself
    secret = arn[0] if arn else name.partition(":")[0]
    text = str(place.secrets.get_secret_value({"SecretId": secret})["SecretString"])
    rest = name[len(secret) + 1 :]
    key = rest.removeprefix("SecretString").removeprefix(":").partition(":")[0]
    return str(json.loads(text)[key]) if key else text


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
        name = re.sub(r"^arn:(?:[^:]*:){4}secret:(.+)-[A-Za-z0-9]{6}$", r"\1", str(p["SecretId"]))
        if name not in self.values:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return name
