"""The gateway through which agents reach the tools, and this component's target there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import mcp_client, names
from agentcore_kit.delivery.access_token import user_token
from agentcore_kit.delivery.context import DeploymentContext, as_role
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.delivery.polling import TookTooLong, wait_until
from agentcore_kit.delivery.ssm import optional, required
from agentcore_kit.tool_contract.definitions import Definition
from agentcore_kit.tool_contract.lambda_schema import lambda_schema

_MOVING = ("CREATING", "UPDATING", "SYNCHRONIZING", "DELETING")
_KEPT = ("name", "description", "targetConfiguration", "credentialProviderConfigurations")


@dataclass(frozen=True)
class Wanted:
    """What the target should be."""

    name: str
    description: str
    configuration: dict[str, Any]
    credentials: list[dict[str, Any]]

    @property
    def lists_itself(self) -> bool:
        """Whether the gateway lists the tools, so that it can synchronise them; else the target carries them."""
        return "mcpToolSchema" not in self.configuration["mcp"].get("mcpServer", {"mcpToolSchema": {}})

    def parameters(self) -> dict[str, Any]:
        """Return it as CreateGatewayTarget and UpdateGatewayTarget take it."""
        return {
            "name": self.name,
            "description": self.description,
            "targetConfiguration": self.configuration,
            "credentialProviderConfigurations": self.credentials,
        }


class Gateway:
    """A gateway that the platform made. Organisation-wide ones are in the shared account, under a role of theirs."""

    def __init__(self, context: DeploymentContext) -> None:
        """Find it. Raises CommandError when it is not there, or not ready."""
        spec = context.manifest.spec
        parameter = names.gateway_arn(spec.gateway.name)
        found = required(context, needed(context))
        self.name, self.id = spec.gateway.name, found[parameter].rpartition("/")[2]
        self.arn = found[parameter]
        self._place = context
        shared = spec.gateway.scope == "shared"
        self.home = as_role(context, found[names.GATEWAY_TARGETS_ROLE]) if shared else context
        self._control = self.home.client("bedrock-agentcore-control")
        try:
            about = self._control.get_gateway(gatewayIdentifier=self.id)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            raise self._unusable("is not there") from None
        if about["status"] != "READY":
            raise self._unusable(f"is {about['status']}")
        self.url: str = about["gatewayUrl"]
        self._by_credentials = about["authorizerType"] == "AWS_IAM"

    @classmethod
    def published(cls, context: DeploymentContext) -> Gateway | None:
        """Return the gateway; None where the platform publishes none. Raises CommandError when it is not ready."""
        wanted = needed(context)
        return cls(context) if optional(context, wanted).keys() >= set(wanted) else None

    def target(self, name: str) -> dict[str, Any] | None:
        """Return a target in full by its name, None when there is none."""
        pages = self._control.get_paginator("list_gateway_targets").paginate(gatewayIdentifier=self.id)
        ids = [one["targetId"] for page in pages for one in page["items"] if one["name"] == name]
        return self._get(ids[0]) if ids else None

    def create(self, wanted: Wanted) -> str:
        """Make the target and return its id."""
        return str(self._control.create_gateway_target(gatewayIdentifier=self.id, **wanted.parameters())["targetId"])

    def update(self, target_id: str, parameters: dict[str, Any]) -> None:
        """Change a target. What the gateway knows of its tools is read anew."""
        self._control.update_gateway_target(gatewayIdentifier=self.id, targetId=target_id, **parameters)

    def synchronize(self, target_id: str) -> None:
        """Have the gateway list the target's tools anew. The API takes exactly one target."""
        self._control.synchronize_gateway_targets(gatewayIdentifier=self.id, targetIdList=[target_id])

    def delete(self, target_id: str) -> None:
        """Remove a target, and wait until it is gone. Raises CommandError when it stays."""
        self._control.delete_gateway_target(gatewayIdentifier=self.id, targetId=target_id)
        going = (*_MOVING, "READY")
        try:
            left = wait_until(lambda: self._get(target_id), lambda seen: (seen or {}).get("status") not in going)
        except TookTooLong:
            left = self._get(target_id)
        if left is not None:
            raise CommandError(
                f"gateway {self.name} has not removed target {left['name']}: {_state(left)}",
                f"kit deregister --env {self._place.name}, in a while; if it stays, ask the platform team to remove "
                f"target {target_id} of gateway {self.id}",
            )

    def settle(self, target_id: str) -> None:
        """Wait until a target is ready. Raises CommandError when it never is."""
        env = self._place.name
        try:
            found = wait_until(lambda: self._get(target_id), lambda seen: (seen or {}).get("status") not in _MOVING)
        except TookTooLong:
            raise CommandError(
                f"gateway {self.name} did not make the target ready in time", f"kit register --env {env}, in a while"
            ) from None
        if found is None or found["status"] != "READY":
            state = _state(found) if found else "it is gone"
            raise CommandError(
                f"gateway {self.name} says {state}", f"kit smoke --env {env}, then kit register --env {env}"
            )

    @cached_property
    def visitor(self) -> str | mcp_client.Signed:
        """What opens the gateway, whatever opens the tools behind it: a user's token, or AWS credentials."""
        return mcp_client.Signed(self.home.region) if self._by_credentials else user_token(self._place)

    def seen(self, prefix: str) -> dict[str, Definition]:
        """Return the tools under a prefix as agents see them, by the names they have without it. Raises NoAnswer."""
        listed = mcp_client.list_tools(self.url, self.visitor)
        begin = f"{prefix}{SEPARATOR}"
        return {tool["name"].removeprefix(begin): tool for tool in listed if tool["name"].startswith(begin)}

    def _get(self, target_id: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._control.get_gateway_target(gatewayIdentifier=self.id, targetId=target_id)
            return found
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return None
            raise

    def _unusable(self, why: str) -> CommandError:
        return CommandError(
            f"gateway {self.name} {why}; nothing was registered",
            f"the platform repository makes gateways: ask there, then kit register --env {self._place.name}",
        )


def needed(context: DeploymentContext) -> list[str]:
    """Return the SSM parameters by which a tool finds its gateway, and who may change what is behind it."""
    spec = context.manifest.spec
    return [names.gateway_arn(spec.gateway.name)] + [names.GATEWAY_TARGETS_ROLE] * (spec.gateway.scope == "shared")


def _state(target: dict[str, Any]) -> str:
    return f"{target['status']}: {'; '.join(target.get('statusReasons', [])) or 'no reason given'}"


def shown(context: DeploymentContext, tools: Sequence[Definition]) -> list[Definition]:
    """Return the tools as agents see them through the gateway: as they are, or as a Lambda target can say them."""
    return [lambda_schema(tool) for tool in tools] if context.manifest.spec.target == "lambda" else list(tools)


def wanted(context: DeploymentContext, address: str, tools: Sequence[Definition], version: str = "") -> Wanted:
    """Return what the target should be.

    Args:
        context: The environment.
        address: Where the tools are: a URL, or the ARN of a function.
        tools: As agents see them.
        version: Of the component that serves them; empty for the one that is checked out.
    """
    about, spec = context.manifest.metadata, context.manifest.spec
    credentials: dict[str, Any] = {"credentialProviderType": "JWT_PASSTHROUGH"}
    server: dict[str, Any] = {"endpoint": address, "listingMode": "DEFAULT"}
    if spec.auth.outbound == "gateway-iam-role":
        provider = {"iamCredentialProvider": {"service": "bedrock-agentcore", "region": context.region}}
        credentials = {"credentialProviderType": "GATEWAY_IAM_ROLE", "credentialProvider": provider}
    else:
        # Without a user the gateway has no token to list the tools with, so it is told which there are.
        server["mcpToolSchema"] = {"inlinePayload": json.dumps({"tools": tools}, ensure_ascii=False)}
    configuration: dict[str, Any] = {"mcp": {"mcpServer": server}}
    if spec.target == "lambda":
        credentials = {"credentialProviderType": "GATEWAY_IAM_ROLE"}
        configuration = {"mcp": {"lambda": {"lambdaArn": address, "toolSchema": {"inlinePayload": list(tools)}}}}
    return Wanted(spec.prefix, f"{about.name} {context.name} {version or about.version}", configuration, [credentials])


def owner(target: dict[str, Any]) -> str:
    """Return the component and the environment that a target says it is of."""
    return " ".join(str(target.get("description", "")).split(" ")[:2])


def is_own(context: DeploymentContext, target: dict[str, Any]) -> bool:
    """Return whether a target says that it is of this component in this environment."""
    return owner(target) == f"{context.component} {context.name}"


def version_of(target: dict[str, Any]) -> str:
    """Return the version of the component that a target says it is of; empty when it says none."""
    return " ".join(str(target.get("description", "")).split(" ")[2:])


def carried(target: dict[str, Any]) -> list[Definition] | None:
    """Return the tools that a target carries; None when the gateway lists them itself."""
    configuration = target["targetConfiguration"]["mcp"]
    if "lambda" in configuration:
        inline: list[Definition] = configuration["lambda"]["toolSchema"]["inlinePayload"]
        return inline
    schema = configuration["mcpServer"].get("mcpToolSchema")
    return json.loads(schema["inlinePayload"])["tools"] if schema else None


def same(target: dict[str, Any], expected: Wanted) -> bool:
    """Return whether a target is what it should be, in whatever order its schemas are written."""
    return all(_read(target.get(key)) == _read(value) for key, value in expected.parameters().items())


def _read(value: Any) -> Any:
    """Return a part of a target with the text of its schemas as what it says, the tools in the order of their names."""
    if isinstance(value, list):
        found = [_read(one) for one in value]
        are_tools = all(isinstance(one, dict) and "name" in one for one in found)
        return sorted(found, key=lambda one: str(one["name"])) if are_tools else found
    if isinstance(value, dict):
        return {key: _read(_json(one) if key == "inlinePayload" else one) for key, one in value.items()}
    return value


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def kept(target: dict[str, Any]) -> dict[str, Any]:
    """Return what must be sent to put a target back to what it is now."""
    return {key: target[key] for key in _KEPT if key in target}
