"""Would the organisation's policies bind the person who deploys them? Better said before than after."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from agentcore_kit.delivery.context import in_pipeline
from agentcore_kit.delivery.platform.concerns import PlatformContext, stack_name

POLICIES = "service-control-policies"
"""The template whose policies leave only exempt roles alone."""


def locked_out(context: PlatformContext, changes: list[str]) -> Iterator[str]:
    """Yield that who is signed in is not exempt from policies that a deployment changes; nothing in the pipeline.

    Args:
        context: The environment.
        changes: What the deployment changes, one line each, beginning with the stack's name.
    """
    stack = stack_name(context, POLICIES)
    if in_pipeline() or not any(line.startswith(f"{stack}: ") for line in changes):
        return
    arn = str(context.client("sts").get_caller_identity()["Arn"])
    if not is_exempt(arn, context.environment.exempt_roles):
        yield (
            f"! {stack}: who is signed in ({arn}) is not among exemptRoles of environments/{context.name}.yaml, so the "
            "policies will refuse what a person types: what is for dev, and a change of infra/all"
        )


def is_exempt(arn: str, roles: list[str]) -> bool:
    """Return whether a caller has one of some roles.

    Args:
        arn: As STS names the caller. Of a role's path it says nothing, so only names are compared.
        roles: Names of roles with their paths, * for any characters.
    """
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return kind == "assumed-role" and any(fnmatchcase(rest.partition("/")[0], one.rpartition("/")[2]) for one in roles)
