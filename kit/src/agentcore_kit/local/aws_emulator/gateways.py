"""AgentCore Gateway: targets that become ready after a while or never, and the tools that agents see through them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Answer

SHARED = "company-tools"
"""The organisation-wide gateway that the platform has made."""

POLLS = 2
MOST_TARGETS = 100
"""The quota of targets a gateway."""

_TEXTS = ("name", "description", "targetConfiguration", "credentialProviderConfigurations")


@dataclass
class Target:
    """A target: what it was given, what it is doing, and the tools that the gateway knows of it."""

    id: str
    given: dict[str, Any]
    status: str
    polls: int = POLLS
    reasons: list[str] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Gateway:
    """A gateway and its targets."""

    id: str
    name: str
    status: str = "READY"
    targets: dict[str, Target] = field(default_factory=dict)


class Gateways:
    """The gateways of a place. With `stuck` no target ever becomes ready; with `failing` each fails for that reason.

    With `staying` no target can be removed, for that reason.
    """

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.gateways: dict[str, Gateway] = {}
        self.stuck = False
        self.failing = ""
        self.staying = ""

    def add(self, name: str) -> Gateway:
        """Make a gateway, as the platform does."""
        gateway_id = f"{name}-a1b2c3d4e5"
        return self.gateways.setdefault(gateway_id, Gateway(gateway_id, name))

    def answer(self, gateway_id: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer an agent: list the tools under their prefixes, or call one with the agent's own token."""
        if not headers.get("Authorization", "").startswith("Bearer "):
            return 401, "application/json", b'{"message": "Missing bearer token"}', {}
        call, targets = json.loads(body), self._gateway(gateway_id).targets.values()
        if call["method"] == "tools/list":
            tools = [{**tool, "name": f"{one.given['name']}___{tool['name']}"} for one in targets for tool in one.tools]
            said = {"jsonrpc": "2.0", "id": call["id"], "result": {"tools": tools}}
            return 200, "application/json", json.dumps(said).encode(), {}
        prefix, _, name = call["params"]["name"].partition("___")
        (target,) = [one for one in targets if one.given["name"] == prefix]
        forwarded = {**call, "params": {**call["params"], "name": name}}
        return self._forward(target, headers, json.dumps(forwarded).encode())

    def get_gateway(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway, here = self._gateway(p["gatewayIdentifier"]), self.place
        return {
            "gatewayArn": self._arn(gateway),
            "gatewayId": gateway.id,
            "gatewayUrl": f"{here.cloud.address}/gateways-of/{here.account}/{here.region}/{gateway.id}/mcp",
            "createdAt": self._now(),
            "updatedAt": self._now(),
            "status": gateway.status,
            "name": gateway.name,
            "authorizerType": "CUSTOM_JWT",
        }

    def create_gateway_target(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway = self._gateway(p["gatewayIdentifier"])
        if any(one.given["name"] == p["name"] for one in gateway.targets.values()):
            raise ApiError("ConflictException", f"A target with name {p['name']} already exists", 409)
        if len(gateway.targets) >= MOST_TARGETS:
            raise ApiError("ServiceQuotaExceededException", f"{MOST_TARGETS} targets a gateway", 402)
        target = Target(f"TARGET{len(self.place.cloud.made('CreateGatewayTarget')):04d}", self._given(p), "CREATING")
        gateway.targets[target.id] = target
        return self._described(gateway, target)

    def update_gateway_target(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway, target = self._target(p)
        target.given, target.status, target.polls = self._given(p), "UPDATING", POLLS
        return self._described(gateway, target)

    def get_gateway_target(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway, target = self._target(p)
        self._look(gateway, target)
        if target.id not in gateway.targets:
            raise self._unknown(f"target {target.id}")
        return self._described(gateway, target)

    def list_gateway_targets(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway = self._gateway(p["gatewayIdentifier"])
        kept = ("targetId", "name", "status", "createdAt", "updatedAt", "description")
        full = [self._described(gateway, target) for target in gateway.targets.values()]
        return {"items": [{key: one[key] for key in kept if key in one} for one in full]}

    def delete_gateway_target(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway, target = self._target(p)
        target.status, target.polls = "DELETING", POLLS
        return {"gatewayArn": self._arn(gateway), "targetId": target.id, "status": target.status}

    def synchronize_gateway_targets(self, p: Mapping[str, Any]) -> dict[str, Any]:
        gateway = self._gateway(p["gatewayIdentifier"])
        _, target = self._target({**p, "targetId": p["targetIdList"][0]})
        if "mcpToolSchema" in target.given["targetConfiguration"]["mcp"].get("mcpServer", {}):
            raise ApiError("ValidationException", "A target with a static tool schema cannot be synchronized")
        target.status, target.polls = "SYNCHRONIZING", POLLS
        return {"targets": [self._described(gateway, target)]}

    def _look(self, gateway: Gateway, target: Target) -> None:
        """Move on a little, as time passes."""
        if target.status == "READY" or (self.stuck and target.status != "DELETING"):
            return
        target.polls -= 1
        if target.polls > 0:
            return
        if target.status == "DELETING" and self.staying:
            target.status, target.reasons = "FAILED", [self.staying]
        elif target.status == "DELETING":
            del gateway.targets[target.id]
        elif self.failing:
            target.status, target.reasons = "FAILED", [self.failing]
        else:
            target.tools, target.status = self._read_tools(target), "READY"

    def _read_tools(self, target: Target) -> list[dict[str, Any]]:
        configuration = target.given["targetConfiguration"]["mcp"]
        if "lambda" in configuration:
            tools: list[dict[str, Any]] = configuration["lambda"]["toolSchema"]["inlinePayload"]
            return tools
        if schema := configuration["mcpServer"].get("mcpToolSchema"):
            listed: list[dict[str, Any]] = json.loads(schema["inlinePayload"])["tools"]
            return listed
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
        _, _, body, _ = self._forward(target, {"Authorization": "AWS4-HMAC-SHA256 gateway"}, call)
        found: list[dict[str, Any]] = json.loads(body)["result"]["tools"]
        return found

    def _forward(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(target.given["targetConfiguration"]["mcp"]["mcpServer"]["endpoint"])
        return self.place.cloud.invoke(f"{parts.path}?{parts.query}", headers, body)

    def _given(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {key: p[key] for key in _TEXTS if key in p}

    def _described(self, gateway: Gateway, target: Target) -> dict[str, Any]:
        return {
            **target.given,
            "gatewayArn": self._arn(gateway),
            "targetId": target.id,
            "createdAt": self._now(),
            "updatedAt": self._now(),
            "status": target.status,
            "statusReasons": target.reasons,
        }

    def _gateway(self, gateway_id: str) -> Gateway:
        if gateway_id not in self.gateways:
            raise self._unknown(f"gateway {gateway_id}")
        return self.gateways[gateway_id]

    def _target(self, p: Mapping[str, Any]) -> tuple[Gateway, Target]:
        gateway = self._gateway(p["gatewayIdentifier"])
        if p["targetId"] not in gateway.targets:
            raise self._unknown(f"target {p['targetId']}")
        return gateway, gateway.targets[p["targetId"]]

    def _unknown(self, what: str) -> ApiError:
        return ApiError("ResourceNotFoundException", f"There is no {what}.", 404)

    def _arn(self, gateway: Gateway) -> str:
        return self.place.arn("bedrock-agentcore", f"gateway/{gateway.id}")

    def _now(self) -> datetime:
        return datetime.now(UTC)
