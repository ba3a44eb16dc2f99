"""What a deployment of a memory is given, and whether it would lose what people said."""

from __future__ import annotations

import os

from agentcore_kit.delivery import names, ssm
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.memory.changes import current, effects
from agentcore_kit.delivery.memory.state import State, of_service
from agentcore_kit.delivery.memory.template import needs_role

MEMORY_KEY = "/agentops/kms/memory-key-arn"
"""Where the platform publishes the KMS key of memories."""


def allow_state(context: DeploymentContext, wanted: State, next_step: str) -> None:
    """Raise Stop when a configuration would lose what people said, unless ALLOW_LOSS=1 says that this is meant."""
    lost = losses(context, wanted)
    if lost and os.environ.get("ALLOW_LOSS") != "1":
        raise CommandError(f"this change loses what is remembered: {'; '.join(lost)}", next_step)


def losses(context: DeploymentContext, wanted: State) -> list[str]:
    """Return what a configuration would lose of what the memory holds."""
    now = current(context)
    return [each.text for each in effects(of_service(now), wanted) if each.loses] if now else []


def memory_parameters(context: DeploymentContext) -> dict[str, str]:
    """Return the parameters of infra/memory.yaml. Raises Stop that names what the platform does not publish."""
    spec, wanted = context.manifest.spec, []
    boundary = context.environment.permissions_boundary and needs_role(spec)
    if spec.encryption == "platform":
        wanted.append(MEMORY_KEY)
    if boundary:
        wanted.append(names.BOUNDARY)
    found = ssm.required(context, wanted) if wanted else {}
    about = context.manifest.metadata
    return {
        "MemoryName": names.snake(context.component, context.name),
        "MemoryDescription": about.description,
        "Component": about.name,
        "EnvironmentName": context.name,
        **tags(context),
        **({"PermissionsBoundary": found.get(names.BOUNDARY, "")} if needs_role(spec) else {}),
        **({"EncryptionKeyArn": found[MEMORY_KEY]} if spec.encryption == "platform" else {}),
    }


def tags(context: DeploymentContext) -> dict[str, str]:
    about = context.manifest.metadata
    """Return the tags as parameters of a template."""
    return {"Owner": about.owner, "CostCenter": about.cost_center, "UseCaseId": about.use_case_id}
