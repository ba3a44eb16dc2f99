"""The emulator's state: accounts and regions with their services, who the access keys belong to, planned faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from agentcore_kit.delivery.regions import partition
from agentcore_kit.local.aws_emulator.evaluations import Evaluations
from agentcore_kit.local.aws_emulator.gateways import Gateways
from agentcore_kit.local.aws_emulator.iam import Caller, Iam
from agentcore_kit.local.aws_emulator.iam_policies import Request
from agentcore_kit.local.aws_emulator.images import Images
from agentcore_kit.local.aws_emulator.logs import Logs
from agentcore_kit.local.aws_emulator.metrics import Metrics
from agentcore_kit.local.aws_emulator.parameters import Parameters, Secrets
from agentcore_kit.local.aws_emulator.readings import Guardrails, IamReadings, Traces
from agentcore_kit.local.aws_emulator.registry import Registry
from agentcore_kit.local.aws_emulator.runtimes import Runtimes
from agentcore_kit.local.aws_emulator.stacks import Stacks
from agentcore_kit.local.aws_protocol.wire import ApiError

Answer = tuple[int, str, bytes, dict[str, str]]

Maker = Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, str]]
"""Makes a resource of CloudFormation from its properties, or changes the one with these attributes; returns its own."""

Remover = Callable[[Mapping[str, str]], None]
"""Removes a resource of CloudFormation by its attributes."""

SERVED_BY = "X-Emulated-Version"
"""A header of the emulator's own: which version of a runtime has answered an invocation."""

_SIGNED_BY = re.compile(r"Credential=(\w+)/")

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

    def __init__(self, place: AccountRegion) -> None:
        self.place = place

    def get_caller_identity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        caller = self.place.cloud.caller or Caller(self.place.account)
        return {"Account": caller.account, "UserId": f"AROATEST:{caller.session or 'test'}", "Arn": caller.arn}

    def assume_role(self, p: Mapping[str, Any]) -> dict[str, Any]:
        caller = self.place.cloud.caller or Caller(self.place.account)
        context = {"sts:rolesessionname": p["RoleSessionName"]}
        context |= {"sts:externalid": p["ExternalId"]} if "ExternalId" in p else {}
        key = self.place.cloud.iam.assume(caller, p["RoleArn"], p["RoleSessionName"], context)
        until = now() + timedelta(hours=1)
        given = {"AccessKeyId": key, "SecretAccessKey": "testing", "SessionToken": "testing", "Expiration": until}
        return {"Credentials": given}


class Together:
    """Several parts that share one service's name."""

    def __init__(self, *parts: object) -> None:
        self._parts = parts

    def __getattr__(self, operation: str) -> Any:
        for part in self.__dict__.get("_parts", ()):  # a copy that is being made has none yet
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
            "sts": Identity(self),
            "ssm": self.parameters,
            "secretsmanager": self.secrets,
            "cloudformation": self.stacks,
            "cloudwatch": self.metrics,
            "logs": self.logs,
            "ecr": self.images,
            "bedrock-agentcore-control": Together(self.runtimes, self.gateways),
            "bedrock-agentcore": self.evaluations,
            "agent-registry-control": Registry(self),
            "iam": IamReadings(self),
            "bedrock": Guardrails(self),
            "xray": Traces(self),
        }
        self.others: dict[tuple[str, str], dict[str, Any]] = {}
        """Resources of templates that no service here is behind, by type and identifier, with their properties."""
        self.makers: dict[str, Maker] = {}
        self.removers: dict[str, Remover] = {}
        for extend in EXTENSIONS:
            extend(self)

    def serve(self, name: str, service: Any) -> None:
        """Let a service of a kind's own answer to botocore's name."""
        self._services[name] = service

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something here."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def service(self, name: str) -> Any:
        """Return a service by botocore's name."""
        return self._services[name]


@dataclass
class Cloud:
    """Everything there is. `agent` answers an invocation in the place of a container.

    Attributes:
        iam: The roles and policies of all accounts. Keys of accounts (`access_key`) are administrators', who may all.
        caller: Who has signed the call that is carried out at the moment.
    """

    agent: Callable[[str, Mapping[str, str], bytes], Answer] | None = None
    places: dict[tuple[str, str], AccountRegion] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    address: str = ""
    broken_images: set[str] = field(default_factory=set)
    iam: Iam = field(default_factory=Iam)
    caller: Caller | None = None
    _faults: dict[str, list[ApiError]] = field(default_factory=dict)

    def at(self, account: str, region: str) -> AccountRegion:
        """Return a region of an account."""
        return self.places.setdefault((account, region), AccountRegion(self, account, region))

    def place(self, key: str, region: str) -> AccountRegion:
        """Return where the owner of an access key is calling. Raises ApiError for a key of nobody."""
        return self.at(self.iam.caller(key).account, region)

    @contextmanager
    def called_by(self, key: str) -> Iterator[Caller]:
        """Have a call that somebody signed be carried out within a block. Raises ApiError for a key of nobody."""
        self.caller = self.iam.caller(key)
        try:
            yield self.caller
        finally:
            self.caller = None

    def record(
        self, key: str, region: str, service: str, operation: str, sent: Mapping[str, Any], wrong: list[str]
    ) -> None:
        """Keep a call for tests and the timeline."""
        known = self.iam.sessions.get(key)
        account = known.account if known else key.removeprefix("AKIA")
        self.calls.append(Call(account, region, service, operation, sent, tuple(wrong)))

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
            served = {SERVED_BY: str(runtimes.runtimes[arn.rpartition("/")[2]].endpoints[qualifier].live)}
            if headers.get("Authorization", "").partition(" ")[0] != scheme:
                return 403, "application/json", b'{"message": "Missing Authentication Token"}', {}
            if signed := _SIGNED_BY.search(headers.get("Authorization", "")):
                ends = (arn, f"{arn}/runtime-endpoint/{qualifier}")
                self.iam.check(
                    self.iam.caller(signed[1]), [Request("bedrock-agentcore:InvokeAgentRuntime", one) for one in ends]
                )
        except ApiError as error:
            status = error.status if error.status == 403 else 404
            return status, "application/json", json.dumps({"message": error.message}).encode(), {}
        if image.rpartition("@")[2] in self.broken_images:
            return 500, "application/json", b'{"error": "internal error", "requestId": "broken-image"}', served
        if denied := runtimes.denial(arn, qualifier):
            said = json.dumps({"error": f"AccessDeniedException: {denied.text}", "requestId": "denied"})
            return 500, "application/json", said.encode(), served
        if self.agent is None:
            return 503, "application/json", b'{"message": "no agent behind the emulator"}', {}
        status, kind, content, more = self.agent(image, headers, body)
        return status, kind, content, {**more, **served}
