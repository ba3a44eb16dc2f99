"""The gateway's target and the live version of the tools: how they differ, and bringing the target to the version."""

from __future__ import annotations

from typing import Any

from agentcore_kit.delivery import output
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.gateway_contents import address, difference, only_listed_anew, put, settle
from agentcore_kit.delivery.gateway_targets import Gateway, is_own, same, shown, wanted
from agentcore_kit.delivery.served_tools import served_tools


def bring_to_live(context: DeploymentContext, version: str) -> None:
    """Bring the gateway's target to what the live server lists; do nothing where the tools are on no gateway.

    A target that the gateway lists itself is synchronised, one that carries schemas is updated.

    Args:
        context: The environment.
        version: Which version is live, for what is said.

    Raises:
        CommandError: When the gateway could not be brought to it; what it shows then is in the message.
    """
    gateway = Gateway.published(context)
    known = _own_target(context, gateway) if gateway else None
    if gateway is None or known is None:
        return
    try:
        live = served_tools(context)
        tools = shown(context, live.tools)
        expected = wanted(context, address(context), tools, live.version)
        if same(known, expected) and difference(gateway, known["name"], tools) is None:
            return
        how = "synchronizing" if only_listed_anew(known, expected) else "updating"
        output.step(f"{how} target {known['name']} of gateway {gateway.name}: the tools of version {version}")
        put(gateway, known, expected)
        settle(gateway, context, tools)
    except CommandError as error:
        raise CommandError(
            f"target {known['name']} of gateway {gateway.name} was not brought to the tools of version {version}: "
            f"{error.message}",
            f"kit smoke --env {context.name}, then type the same again",
        ) from error


def differs_from_live(context: DeploymentContext) -> str | None:
    """Return in what the gateway differs from what the live server lists; None when in nothing.

    Raises:
        CommandError: When the live server, or the gateway, cannot be asked.
    """
    gateway, prefix = Gateway(context), context.manifest.spec.prefix
    if _own_target(context, gateway) is None:
        return f"gateway {gateway.name} has no target {prefix} of {context.component} in {context.name}"
    problem = difference(gateway, prefix, shown(context, served_tools(context).tools))
    return f"gateway {gateway.name} differs from what is live: {problem}" if problem else None


def _own_target(context: DeploymentContext, gateway: Gateway) -> dict[str, Any] | None:
    """Return this environment's target; None when the prefix is free, or somebody else's."""
    known = gateway.target(context.manifest.spec.prefix)
    return known if known and is_own(context, known) else None
