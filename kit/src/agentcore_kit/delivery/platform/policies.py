"""Brings the Cedar policies to the gateway's policy engine: first only logged, then, by a step of its own, enforced.

A deployment changes nothing that is enforced: a policy that is new or changed comes beside the others as LOG_ONLY, and
one that a file no longer has, or has in another form, stays enforced. `kit policies --activate` then makes exactly the
policies of this repository ACTIVE and takes the former ones away, in one update of the stack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import names, output, stacks
from agentcore_kit.delivery.delivery_roles import template_text
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.platform.concerns import PlatformContext, stack_name
from agentcore_kit.delivery.stacks import Stack
from agentcore_kit.policies.engine import load
from agentcore_kit.policies.statements import Statement
from agentcore_kit.policies.table import policies_folder

CONCERN = "policies"
"""The last part of the stack's name."""

_TYPE = "AWS::BedrockAgentCore::Policy"
_MOST_BYTES = 51_200
_DIGITS = 8

Resources = Mapping[str, dict[str, Any]]
"""Resources of a template by their logical ids; each is one policy."""


@dataclass(frozen=True)
class Plan:
    """The policies of an environment: what is there, and what the files of this repository ask for.

    Attributes:
        there: As they are deployed.
        wanted: Those of the files whose tools are at the gateway, as LOG_ONLY.
        waiting: What is said of those whose tools are not there yet, by the policy's logical id.
    """

    there: Resources
    wanted: Resources
    waiting: Mapping[str, str]

    @property
    def logged(self) -> Resources:
        """What a deployment brings: what is enforced as it is, and what else is wanted as LOG_ONLY."""
        return {**self.wanted, **{key: one for key, one in self.there.items() if _mode(one) == "ACTIVE"}}

    @property
    def active(self) -> Resources:
        """What `kit policies --activate` brings: what is wanted, enforced."""
        kept = {key: one for key, one in self.there.items() if key in self.waiting and _mode(one) == "ACTIVE"}
        return {**{key: _in_mode(one, "ACTIVE") for key, one in self.wanted.items()}, **kept}

    def lines(self, after: Resources) -> list[str]:
        """Return what becomes different, one line a policy.

        Args:
            after: `logged` or `active`.
        """
        return list(self._lines(after))

    def _lines(self, after: Resources) -> Iterator[str]:
        for key, one in after.items():
            before = self.there.get(key)
            if before is None:
                yield f"policy {_name(one)}: new, {_mode(one)}"
            elif _mode(before) != _mode(one):
                yield f"policy {_name(one)}: {_mode(before)} -> {_mode(one)}"
        for key, one in self.there.items():
            if key not in after:
                yield f"policy {_name(one)}: delete, was {_mode(one)}"


def changes(context: PlatformContext) -> list[str]:
    """Return what a deployment changes of the policies, one line each; none where an environment has no gateway."""
    if context.environment.gateway is None:
        return [f"{stack_name(context, CONCERN)}: delete, with the gateway"] if _is_there(context) else []
    if not _gateway(context):
        count = len(load(policies_folder()).files.statements)
        return [f"policies: {count}, after the gateway, each when its tools are there"] if count else []
    plan = plan_of(context)
    return plan.lines(plan.logged)


def bring(context: PlatformContext) -> None:
    """Deploy the policies that are not enforced yet as LOG_ONLY, and say what waits for a tool or for activation.

    Raises:
        ConfigError: When a policy is wrong.
        CommandError: When the service refuses a policy.
    """
    if context.environment.gateway is None:
        stacks.delete(context, stack_name(context, CONCERN))
        return
    if not _gateway(context):
        return
    plan = plan_of(context)
    _deploy(context, plan, plan.logged)
    for line in plan.waiting.values():
        output.step(line)
    if plan.lines(plan.active):
        output.step(
            "policies wait to be enforced; when their decisions have been read in the logs of the gateway: "
            f"kit policies --activate --env {context.name}"
        )


def activate(context: PlatformContext) -> str:
    """Enforce exactly the policies of this repository whose tools are there, after the plan was shown.

    Returns:
        What is enforced now, in a few words.

    Raises:
        ConfigError: When a policy is wrong.
        CommandError: When there is no gateway, a policy was not LOG_ONLY before, or the service refuses one.
    """
    again = f"kit deploy --env {context.name}"
    if context.environment.gateway is None or not _gateway(context):
        raise CommandError(f"{context.name} has no gateway, so no policies", again)
    plan = plan_of(context)
    if unseen := [_name(one) for key, one in plan.wanted.items() if key not in plan.there]:
        raise CommandError(
            f"{', '.join(unseen)}: not deployed as LOG_ONLY yet, so nobody has seen what they decide; nothing changed",
            f"{again}; read the decisions in the logs of the gateway; then this again",
        )
    lines = plan.lines(plan.active)
    output.plan(lines)
    if lines:
        output.confirm(context)
    _deploy(context, plan, plan.active)
    for line in plan.waiting.values():
        output.step(line)
    mode = context.environment.gateway.policy_mode
    but = "" if mode == "ENFORCE" else "; the gateway itself only logs: gateway.policyMode in the environment file"
    return f"{len(plan.active)} policies are ACTIVE{but}"


def rendered(context: PlatformContext) -> dict[str, str]:
    """Return the text of each policy as an environment has it, by its id.

    Raises:
        CommandError: When there is no gateway whose ARN they could name.
    """
    gateway = _gateway(context)
    if not gateway:
        raise CommandError(f"{context.name} has no gateway yet", f"kit deploy --env {context.name}")
    return {one.id: one.rendered(gateway["GatewayArn"]) for one in load(policies_folder()).files.statements}


def plan_of(context: PlatformContext) -> Plan:
    """Return what is there and what is wanted, in an environment that has a gateway."""
    gateway = _gateway(context)
    body = stacks.template(context, stack_name(context, CONCERN))
    there = read_template(body)["Resources"] if body else {}
    targets = _targets(context, gateway["GatewayId"])
    wanted, waiting = {}, {}
    for one in load(policies_folder()).files.statements:
        key, resource = _resource(one, gateway)
        missing = sorted({tool.partition(SEPARATOR)[0] for tool in one.tools} - targets)
        if missing:
            waiting[key] = (
                f"policy {one.id} is left out: the gateway has no target {', '.join(missing)} that is ready; first, in "
                f"the repository of that tool: kit register --env {context.name}"
            )
        else:
            wanted[key] = resource
    return Plan(there, wanted, waiting)


def template(resources: Resources) -> str:
    """Return the text of the stack's template."""
    about = "The Cedar policies of policies/*.cedar, made by kit deploy"
    return template_text(
        {"AWSTemplateFormatVersion": "2010-09-09", "Description": about, "Resources": dict(sorted(resources.items()))}
    )


def _deploy(context: PlatformContext, plan: Plan, resources: Resources) -> None:
    if not plan.lines(resources):
        return
    name = stack_name(context, CONCERN)
    if not resources:
        output.step(f"delete stack {name}: no policy is left")
        stacks.delete(context, name)
        return
    body = template(resources)
    if len(body.encode()) > _MOST_BYTES:
        raise CommandError(
            f"{name}: {len(resources)} policies are {len(body.encode())} bytes; a template has {_MOST_BYTES} at most",
            "join policies, or shorten their comments",
        )
    tags = names.tags(context.manifest, context.environment)
    stacks.bring(context, Stack(name, "policies", {}, tags, body), f": {len(resources)} policies")


def _resource(one: Statement, gateway: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the logical id and the resource of a policy. Another text is another resource, beside the former."""
    text = one.rendered(gateway["GatewayArn"])
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    properties = {
        "PolicyEngineId": gateway["PolicyEngineId"],
        "Name": f"{one.id}_{digest}",
        "Definition": {"Cedar": {"Statement": text}},
        "ValidationMode": "FAIL_ON_ANY_FINDINGS",
        "EnforcementMode": "LOG_ONLY",
    }
    return f"{one.id.replace('_', '')}{digest}", {"Type": _TYPE, "Properties": properties}


def _in_mode(one: dict[str, Any], mode: str) -> dict[str, Any]:
    return {**one, "Properties": {**one["Properties"], "EnforcementMode": mode}}


def _mode(one: Mapping[str, Any]) -> str:
    return str(one["Properties"]["EnforcementMode"])


def _name(one: Mapping[str, Any]) -> str:
    return str(one["Properties"]["Name"])


def _is_there(context: PlatformContext) -> bool:
    return stacks.describe(context, stack_name(context, CONCERN)) is not None


def _gateway(context: PlatformContext) -> dict[str, str]:
    """Return the outputs of the gateway's stack; empty when it is not there."""
    found = stacks.outputs(context, stack_name(context, "gateway"))
    return found if {"GatewayArn", "GatewayId", "PolicyEngineId"} <= found.keys() else {}


def _targets(context: PlatformContext, gateway: str) -> set[str]:
    """Return the names of the gateway's targets that are ready, so that it knows their tools."""
    pages = context.client("bedrock-agentcore-control").get_paginator("list_gateway_targets")
    items = (one for page in pages.paginate(gatewayIdentifier=gateway) for one in page["items"])
    return {one["name"] for one in items if one["status"] == "READY"}
