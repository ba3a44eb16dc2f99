"""Whether a new version of the tools would break agents: compared with what is registered, before callers get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import mcp_client, output, registry
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError, error_code, is_denied
from agentcore_kit.delivery.gateway_targets import Gateway, carried, is_own, shown, version_of
from agentcore_kit.delivery.served_tools import ServedTools
from agentcore_kit.delivery.tool_record import tools_in
from agentcore_kit.delivery.tool_usage import CONSUMER_DAYS, calls
from agentcore_kit.tool_contract.breaking_changes import breaking
from agentcore_kit.tool_contract.definitions import Definition

_NOT_IN_USE = ("REJECTED", "CREATE_FAILED")
"""Of a record, which states say that no agent relies on it."""


@dataclass(frozen=True)
class Contract:
    """What agents rely on.

    Attributes:
        where: Where it was read.
        version: Of the component that it is of; empty when that is not known.
        tools: As they are written there.
        on_gateway: Whether they are written as the gateway shows them.
    """

    where: str
    version: str
    tools: list[Definition]
    on_gateway: bool = False


def contract(context: DeploymentContext) -> Contract | None:
    """Return what agents rely on: the registry's record, else what the environment's gateway shows.

    Returns:
        None when neither knows the component yet.

    Raises:
        CommandError: When the gateway should show the tools, and does not.
    """
    return _in_registry(context) or _on_gateway(context)


def of_record(context: DeploymentContext, record: dict[str, Any] | None) -> Contract | None:
    """Return what a record of the registry says; None when there is none, or none that agents may rely on."""
    if record is None or record["status"] in _NOT_IN_USE:
        return None
    version = str(record["recordVersion"])
    return Contract(f"record {context.component} {version} of the registry", version, tools_in(record))


def refuse_breaking(context: DeploymentContext, new: ServedTools, known: Contract | None) -> None:
    """Compare tools with what agents rely on, and say what was compared.

    Args:
        context: The environment.
        new: What would be served.
        known: What agents rely on.

    Raises:
        CommandError: When agents would break and the major version does not say so.
    """
    if known is None:
        output.step("neither the registry nor the gateway knows these tools yet: there is nothing to compare them with")
        return
    version = new.version or context.manifest.metadata.version
    found = breaking(known.tools, shown(context, new.tools) if known.on_gateway else new.tools)
    if not found:
        output.step(f"compared with {known.where}: {version} breaks nothing")
        return
    difference = "".join(f"\n  {line}" for line in found)
    before = known.version or "what is registered"
    if _major(version) <= _major(known.version):
        raise CommandError(
            f"{version} would break agents that use {before} (compared with {known.where}); nothing was changed:"
            f"{difference}",
            f"keep what {before} has, or raise metadata.version to {_major(known.version) + 1}.0.0",
            GATE_NOT_PASSED,
        )
    output.step(
        f"compared with {known.where}: {version} breaks agents that use it, as its major version says:{difference}"
    )
    _tell_consumers(context)


def _tell_consumers(context: DeploymentContext) -> None:
    """Say which tools were called lately, so that who promotes a breaking version can tell those who call them."""
    prefix = context.manifest.spec.prefix
    try:
        gateway = Gateway.published(context)
        known = calls(gateway, [f"{prefix}{SEPARATOR}{name}" for name in gateway.seen(prefix)]) if gateway else {}
    except (CommandError, ClientError, BotoCoreError, mcp_client.NoAnswer) as error:
        output.step(f"who calls the tools cannot be read: {error}")
        return
    for name, number in known.items():
        output.step(f"{name} was called {number:.0f} times in {CONSUMER_DAYS} days: tell those who call it")


def _in_registry(context: DeploymentContext) -> Contract | None:
    try:
        record = registry.find(context)
    except ClientError as error:
        if not is_denied(error):
            raise
        output.step(f"the registry cannot be read from {context.name} ({error_code(error)})")
        return None
    return of_record(context, record)


def _on_gateway(context: DeploymentContext) -> Contract | None:
    gateway, prefix = Gateway.published(context), context.manifest.spec.prefix
    target = gateway.target(prefix) if gateway else None
    if gateway is None or target is None or not is_own(context, target):
        return None
    tools = carried(target)
    if tools is None:
        try:
            tools = [{**tool, "name": name} for name, tool in gateway.seen(prefix).items()]
        except mcp_client.NoAnswer as error:
            raise CommandError(
                f"gateway {gateway.name} does not list its tools: {error}; nothing was changed",
                f"try it again; if it stays so, ask the platform team about gateway {gateway.id}",
            ) from None
    return Contract(f"target {prefix} of gateway {gateway.name}", version_of(target), tools, on_gateway=True)


def _major(version: str) -> int:
    """Return the major version; of a version that is not known, one that allows nothing to break."""
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0
