"""SSM parameters: what the platform publishes, and what a component remembers."""

from __future__ import annotations

from collections.abc import Iterable

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.names import memory


def required(context: DeploymentContext, names: Iterable[str]) -> dict[str, str]:
    """Return the values of parameters. Raises CommandError that names all that are missing."""
    wanted = sorted(set(names))
    found = optional(context, wanted)
    if missing := [name for name in wanted if name not in found]:
        raise CommandError(
            f"account {context.account} has no SSM parameter {', '.join(missing)} in {context.region}; "
            "nothing was changed",
            "the platform repository publishes them: deploy it there, or correct what manifest.yaml and "
            f"environments/{context.name}.yaml name",
        )
    return found


def optional(context: DeploymentContext, names: Iterable[str]) -> dict[str, str]:
    """Return the values of those parameters that are there."""
    wanted = sorted(set(names))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 10):  # the most that one call takes
        page = context.client("ssm").get_parameters(Names=wanted[start : start + 10])
        found |= {one["Name"]: one["Value"] for one in page.get("Parameters", [])}
    return found


def remembered(context: DeploymentContext, what: str) -> str:
    """Return what the component remembers under a name, else an empty text."""
    name = memory(context.component, context.name) + what
    return optional(context, [name]).get(name, "")


def remember(context: DeploymentContext, what: str, value: str, description: str) -> None:
    """Remember something in this environment."""
    name = memory(context.component, context.name) + what
    context.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True, Description=description)


def forget(context: DeploymentContext) -> None:
    """Remove all that the component remembers in this environment."""
    ssm, below = context.client("ssm"), memory(context.component, context.name)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=below)
    names = [one["Name"] for page in pages for one in page["Parameters"]]
    for start in range(0, len(names), 10):  # the most that one call takes
        ssm.delete_parameters(Names=names[start : start + 10])
