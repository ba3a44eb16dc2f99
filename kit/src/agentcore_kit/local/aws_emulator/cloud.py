"""The emulator's state: accounts and regions with their services, who the access keys belong to, planned faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from agentcore_kit.local.aws_emulator.evaluations import Evaluations
from agentcore_kit.local.aws_emulator.gateways import Gateways
from agentcore_kit.local.aws_emulator.images import Images
from agentcore_kit.local.aws_emulator.logs import Logs
from agentcore_kit.local.aws_emulator.metrics import Metrics
from agentcore_kit.local.aws_emulator.parameters import Parameters, Secrets
from agentcore_kit.local.aws_emulator.registry import Registry
from agentcore_kit.local.aws_emulator.runtimes import Runtimes
from agentcore_kit.local.aws_emulator.stacks import Stacks
from agentcore_kit.local.aws_protocol.wire import ApiError

Answer = tuple[int, str, bytes, dict[str, str]]

Maker = Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, str]]
"""Makes a resource of CloudFormation from its properties, or changes the one with these attributes; returns its own."""

EXTENSIONS: list[Callable[[AccountRegion], None]] = []
"""What a kind adds to every account and region; the fakes of that kind fill this."""


def access_key(account: str) -> str:
    """Return the access key of an account: its digits are in it."""
    return f"AKIA{account}"


def now() -> datetime:
    """Return the time, as services stamp it."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Call:
    """One call that reached the emulator."""

    account: str
    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    wrong: tuple[str, ...]


class Identity:
    """STS."""

    def __init__(self, account: str) -> None:
        self.account = account

    def get_caller_identity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:sts::{self.account}:assumed-role/deploy/test"
        return {"Account": self.account, "UserId": "AROATEST:test", "Arn": arn}

    def assume_role(self, p: Mapping[str, Any]) -> dict[str, Any]:
        key = access_key(p["RoleArn"].split(":")[4])
        until = now() + timedelta(hours=1)
        given = {"AccessKeyId": key, "SecretAccessKey": "testing", "SessionToken": "testing", "Expiration": until}
        return {"Credentials": given}


class Together:
    """Several parts that share one service's name."""

    def __init__(self, *parts: object) -> None:
        self._parts = parts

    def __getattr__(self, operation: str) -> Any:
        for part in self._parts:
            if hasattr(part, operation):
                return getattr(part, operation)
        raise AttributeError(operation)


class AccountRegion:
    """One region of one account."""

    def __init__(self, cloud: Cloud, account: str, region: str) -> None:
        self.cloud, self.account, self.region = cloud, account, region
        self.runtimes = Runtimes(self)
        self.gateways = Gateways(self)
        self.evaluations = Evaluations(self)
        self.parameters = Parameters(self)
        self.secrets = Secrets(self)
        self.stacks = Stacks(self)
        self.metrics = Metrics()
        self.logs = Logs()
        self.images = Images(self)
        self._services: dict[str, Any] = {
            "sts": Identity(account),
            "ssm": self.parameters,
            "secretsmanager": self.secrets,
            "cloudformation": self.stacks,
            "cloudwatch": self.metrics,
            "logs": self.logs,
            "ecr": self.images,
            "bedrock-agentcore-control": Together(self.runtimes, self.gateways),
            "bedrock-agentcore": self.evaluations,
            "agent-registry-control": Registry(self),
        }
        self.makers: dict[str, Maker] = {}
        for extend in EXTENSIONS:
            extend(self)

    def serve(self, name: str, service: Any) -> None:
        """Let a service of a kind's own answer to botocore's name."""
        self._services[name] = service

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something here."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def service(self, name: str) -> Any:
        """Return a service by botocore's name."""
        return self._services[name]


@dataclass
class Cloud:
    """Everything there is. `agent` answers an invocation in the place of a container."""

    agent: Callable[[str, Mapping[str, str], bytes], Answer] | None = None
    places: dict[tuple[str, str], AccountRegion] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    address: str = ""
    broken_images: set[str] = field(default_factory=set)
    _faults: dict[str, list[ApiError]] = field(default_factory=dict)

    def at(self, account: str, region: str) -> AccountRegion:
        """Return a region of an account."""
        return self.places.setdefault((account, region), AccountRegion(self, account, region))

    def place(self, key: str, region: str) -> AccountRegion:
        """Return where the owner of an access key is calling. Raises ApiError for a key of nobody."""
        account = key.removeprefix("AKIA")
        if not key.startswith("AKIA") or len(account) != 12 or not account.isdigit():
            raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        return self.at(account, region)

    def record(
        self, key: str, region: str, service: str, operation: str, sent: Mapping[str, Any], wrong: list[str]
    ) -> None:
        """Keep a call for tests and the timeline."""
        self.calls.append(Call(key.removeprefix("AKIA"), region, service, operation, sent, tuple(wrong)))

    def made(self, operation: str) -> list[Call]:
        """Return the calls of an operation."""
        return [call for call in self.calls if call.operation == operation]

    def plan_fault(self, operation: str, code: str, message: str = "planned by the test", times: int = 1) -> None:
        """Make the next calls of an operation fail."""
        self._faults.setdefault(operation, []).extend([ApiError(code, message)] * times)

    def raise_planned_fault(self, operation: str) -> None:
        """Raise the next planned fault of an operation, if any."""
        if planned := self._faults.get(operation):
            raise planned.pop(0)

    def through_gateway(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer POST /gateways-of/{account}/{region}/{id}/mcp, where agents reach the tools behind a gateway."""
        _, _, account, region, gateway, _ = path.split("/")
        return self.at(account, region).gateways.answer(gateway, headers, body)

    def invoke(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Carry out POST /runtimes/{arn}/invocations with a bearer token, as the Runtime's JWT authorizer wants it."""
        parts = urlsplit(path)
        arn = unquote(parts.path.split("/")[2])
        qualifier = parse_qs(parts.query).get("qualifier", ["DEFAULT"])[0]
        try:
            runtimes = self.at(arn.split(":")[4], arn.split(":")[3]).runtimes
            image, scheme = runtimes.image_behind(arn, qualifier), runtimes.scheme_of(arn)
            if headers.get("Authorization", "").partition(" ")[0] != scheme:
                return 403, "application/json", b'{"message": "Missing Authentication Token"}', {}
        except ApiError as error:
            return 404, "application/json", f'{{"message": "{error.message}"}}'.encode(), {}
        if image.rpartition("@")[2] in self.broken_images:
            return 500, "application/json", b'{"error": "internal error", "requestId": "broken-image"}', {}
        if self.agent is None:
            return 503, "application/json", b'{"message": "no agent behind the emulator"}', {}
        return self.agent(image, headers, body)
