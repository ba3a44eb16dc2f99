"""AgentCore Runtime: versions that never change, DEFAULT that follows the newest, endpoints that move when told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_emulator import iam_versions
from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion
    from agentcore_kit.local.aws_emulator.iam import Denial

POLLS = 2
"""How often an endpoint must be looked at until it has moved."""


@dataclass
class Endpoint:
    """A named endpoint: what it serves, and what it is on its way to."""

    name: str
    live: str | None
    target: str
    polls: int = POLLS
    stuck: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    moved: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def status(self) -> str:
        if self.live == self.target:
            return "READY"
        return "CREATING" if self.live is None else "UPDATING"

    def look(self) -> None:
        """Move on a little, as time passes."""
        if self.live != self.target and not self.stuck:
            self.polls -= 1
            if self.polls <= 0:
                self.live = self.target

    def move(self, version: str) -> None:
        self.target, self.polls, self.moved = version, POLLS, datetime.now(UTC)


@dataclass
class Runtime:
    """A runtime and all its versions, the oldest first."""

    name: str
    id: str
    arn: str
    versions: list[dict[str, Any]]
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        return str(len(self.versions))


class Runtimes:
    """The runtimes, and the control plane's part of online evaluation, which shares its client."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.runtimes: dict[str, Runtime] = {}
        self._made = 0
        self.stuck = False

    # What CloudFormation does

    def create(self, properties: Mapping[str, Any]) -> Runtime:
        """Make a runtime; its first version is 1."""
        name = properties["AgentRuntimeName"]
        if any(runtime.name == name for runtime in self.runtimes.values()):
            raise ApiError("ConflictException", f"An agent with the name {name} already exists.")
        self._made += 1  # the id of one that was deleted never comes back
        runtime_id = f"{name}-a1B2c3D{self._made:03}"
        arn = self.place.arn("bedrock-agentcore", f"runtime/{runtime_id}")
        runtime = Runtime(name, runtime_id, arn, [])
        self.add_version(runtime, properties)
        self.runtimes[runtime_id] = runtime
        return runtime

    def add_version(self, runtime: Runtime, properties: Mapping[str, Any]) -> None:
        """Every update makes a version, which never changes; DEFAULT follows. Its image must be in the region's ECR."""
        image = properties["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"]
        registry, _, rest = image.partition("/")
        repository, _, digest = rest.partition("@")
        there = self.place.cloud.at(registry.split(".")[0], registry.split(".")[3]).images
        if registry.split(".")[3] != self.place.region or digest not in there.repositories.get(repository, {}):
            raise ApiError("ValidationException", f"The specified image identifier does not exist: {image}")
        runtime.versions.append(dict(properties))
        default = runtime.endpoints.setdefault("DEFAULT", Endpoint("DEFAULT", None, "1"))
        default.live = default.target = runtime.newest

    def add_endpoint(self, runtime_id: str, name: str, version: str) -> Endpoint:
        """Make a named endpoint, which is not there at once."""
        runtime = self._runtime(runtime_id)
        if name in runtime.endpoints:
            raise ApiError("ConflictException", f"An endpoint with the name {name} already exists.")
        self._version(runtime, version)
        runtime.endpoints[name] = Endpoint(name, None, version)
        return runtime.endpoints[name]

    def image_behind(self, arn: str, qualifier: str) -> str:
        """Return the image that answers at an endpoint."""
        runtime = self._runtime(arn.rpartition("/")[2])
        endpoint = self._endpoint(runtime, qualifier)
        if endpoint.live is None:
            raise ApiError("ResourceNotFoundException", f"endpoint {qualifier} is not ready")
        version = runtime.versions[int(endpoint.live) - 1]
        return str(version["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"])

    def denial(self, arn: str, qualifier: str) -> Denial | None:
        """Return what the version that answers at an endpoint needs, and its execution role does not allow."""
        runtime = self._runtime(arn.rpartition("/")[2])
        version = self._version(runtime, str(self._endpoint(runtime, qualifier).live))
        return iam_versions.denial(self.place, version["RoleArn"], arn, version.get("EnvironmentVariables", {}))

    def scheme_of(self, arn: str) -> str:
        """Return which kind of credentials a runtime takes: tokens with an authorizer, else AWS signatures."""
        properties = self._runtime(arn.rpartition("/")[2]).versions[-1]
        return "Bearer" if properties.get("AuthorizerConfiguration") else "AWS4-HMAC-SHA256"

    # The API

    def get_agent_runtime(self, p: Mapping[str, Any]) -> dict[str, Any]:
        runtime = self._runtime(p["agentRuntimeId"])
        version = p.get("agentRuntimeVersion", runtime.newest)
        properties = self._version(runtime, version)
        container = properties["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"]
        return {
            **self._summary(runtime, version),
            "createdAt": self._now(),
            "roleArn": properties["RoleArn"],
            "networkConfiguration": {"networkMode": "PUBLIC"},
            "lifecycleConfiguration": {},
            "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": container}},
            "environmentVariables": properties.get("EnvironmentVariables", {}),
            **_authorizer(properties),
        }

    def list_agent_runtimes(self, _: Mapping[str, Any]) -> dict[str, Any]:
        found = [{**self._summary(runtime, runtime.newest)} for runtime in self.runtimes.values()]
        return {"agentRuntimes": [{**one, "description": "an agent"} for one in found]}

    def get_agent_runtime_endpoint(self, p: Mapping[str, Any]) -> dict[str, Any]:
        runtime = self._runtime(p["agentRuntimeId"])
        endpoint = self._endpoint(runtime, p["endpointName"])
        endpoint.look()
        return {**self._described(runtime, endpoint), "name": endpoint.name, "id": f"{endpoint.name}-a1B2c3D4e5"}

    def update_agent_runtime_endpoint(self, p: Mapping[str, Any]) -> dict[str, Any]:
        runtime = self._runtime(p["agentRuntimeId"])
        endpoint = self._endpoint(runtime, p["endpointName"])
        if endpoint.name == "DEFAULT":
            raise ApiError("ValidationException", "The DEFAULT endpoint cannot be updated.")
        if endpoint.status != "READY":
            raise ApiError("ConflictException", f"Endpoint {endpoint.name} is in state {endpoint.status}.")
        version = p.get("agentRuntimeVersion", runtime.newest)
        self._version(runtime, version)
        endpoint.move(version)
        endpoint.stuck = self.stuck
        return self._described(runtime, endpoint)

    def create_agent_runtime_endpoint(self, p: Mapping[str, Any]) -> dict[str, Any]:
        runtime = self._runtime(p["agentRuntimeId"])
        endpoint = self.add_endpoint(p["agentRuntimeId"], p["name"], p.get("agentRuntimeVersion", runtime.newest))
        found = self._described(runtime, endpoint)
        return {name: found[name] for name in found if name not in ("liveVersion", "lastUpdatedAt")}

    def delete_agent_runtime_endpoint(self, p: Mapping[str, Any]) -> dict[str, Any]:
        runtime = self._runtime(p["agentRuntimeId"])
        self._endpoint(runtime, p["endpointName"])
        del runtime.endpoints[p["endpointName"]]
        return {"status": "DELETING"}

    def get_online_evaluation_config(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self.place.evaluations.get_online(p)

    def update_online_evaluation_config(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self.place.evaluations.update_online(p)

    def _runtime(self, runtime_id: str) -> Runtime:
        if runtime_id not in self.runtimes:
            raise ApiError("ResourceNotFoundException", f"No agent {runtime_id} was found.", 404)
        return self.runtimes[runtime_id]

    def _endpoint(self, runtime: Runtime, name: str) -> Endpoint:
        if name not in runtime.endpoints:
            raise ApiError("ResourceNotFoundException", f"No endpoint or agent found with qualifier '{name}'.", 404)
        return runtime.endpoints[name]

    def _version(self, runtime: Runtime, version: str) -> dict[str, Any]:
        if not 1 <= int(version) <= len(runtime.versions):
            raise ApiError("ResourceNotFoundException", f"Version {version} of {runtime.id} does not exist.", 404)
        return runtime.versions[int(version) - 1]

    def _summary(self, runtime: Runtime, version: str) -> dict[str, Any]:
        return {
            "agentRuntimeArn": runtime.arn,
            "agentRuntimeId": runtime.id,
            "agentRuntimeName": runtime.name,
            "agentRuntimeVersion": version,
            "lastUpdatedAt": self._now(),
            "status": "READY",
        }

    def _described(self, runtime: Runtime, endpoint: Endpoint) -> dict[str, Any]:
        live = {"liveVersion": endpoint.live} if endpoint.live else {}
        return {
            **live,
            "targetVersion": endpoint.target,
            "agentRuntimeEndpointArn": f"{runtime.arn}/runtime-endpoint/{endpoint.name}",
            "agentRuntimeArn": runtime.arn,
            "status": endpoint.status,
            "createdAt": self._now(),
            "lastUpdatedAt": endpoint.moved,
        }

    def _now(self) -> datetime:
        return datetime.now(UTC)


def _authorizer(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return whose tokens a version takes, as the service writes it; nothing for one that takes AWS signatures."""
    declared = properties.get("AuthorizerConfiguration", {}).get("CustomJWTAuthorizer")
    if declared is None:
        return {}
    found = {name[0].lower() + name[1:]: value for name, value in declared.items()}
    return {"authorizerConfiguration": {"customJWTAuthorizer": found}}
