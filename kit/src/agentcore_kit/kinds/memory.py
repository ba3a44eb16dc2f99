"""What delivery must know of a memory: its stacks, their parameters, what a change loses, what the registry is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from agentcore_kit.delivery.memory.changes import current, effects
from agentcore_kit.delivery.memory.state import State, of_manifest, of_service
from agentcore_kit.delivery.memory.template import needs_role
from agentcore_kit.delivery import names, ssm
from agentcore_kit.delivery import stacks as formation
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.stacks import UNKNOWN, Stack
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.delivery.memory.revision import commit
from agentcore_kit.delivery.memory.revision import good as good_ones

MEMORY_KEY = "/agentops/kms/memory-key-arn"
"""Where the platform publishes the KMS key of memories."""


def release(context: DeploymentContext, digest: str) -> str:
    """Return the commit: a memory has no image; what is promoted is its configuration."""
    return digest or commit()


def allow(context: DeploymentContext, release: str) -> None:
    """Raise Stop when deploying would lose what people said, unless ALLOW_LOSS=1 says that this is meant."""
    meant = f"make deploy ENV={context.name} ALLOW_LOSS=1"
    allow_state(
        context,
        of_manifest(context.manifest.spec),
        f"make plan ENV={context.name} shows all of it; when it is meant: {meant}",
    )


def allow_state(context: DeploymentContext, wanted: State, next_step: str) -> None:
    """Raise Stop when a configuration would lose what people said, unless ALLOW_LOSS=1 says that this is meant."""
    lost = losses(context, wanted)
    if lost and os.environ.get("ALLOW_LOSS") != "1":
        raise CommandError(f"this change loses what is remembered: {'; '.join(lost)}", next_step)


def losses(context: DeploymentContext, wanted: State) -> list[str]:
    """Return what a configuration would lose of what the memory holds."""
    now = current(context)
    return [each.text for each in effects(of_service(now), wanted) if each.loses] if now else []


def stack_names(context: DeploymentContext) -> list[str]:
    """Return the names of the stacks, in the order in which they are made."""
    return [names.stack(context.component, context.name, concern) for concern in ("memory", "observability")]


def stacks(context: DeploymentContext, release: str) -> list[Stack]:
    """Return the stacks that a deployment brings, in order."""
    about = names.tags(context.manifest, context.environment)
    memory, observability = stack_names(context)
    return [
        Stack(memory, "memory.yaml", memory_parameters(context), about),
        Stack(observability, "observability.yaml", _observability(context), about),
    ]


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
        **_tags(context),
        **({"PermissionsBoundary": found.get(names.BOUNDARY, "")} if needs_role(spec) else {}),
        **({"EncryptionKeyArn": found[MEMORY_KEY]} if spec.encryption == "platform" else {}),
    }


def deployed(context: DeploymentContext, release: str) -> str:
    """Return what a deployment has brought, and the next step."""
    return f"configuration of {release[:12]} is active; {live(context)}; next: make smoke ENV={context.name}"


def live(context: DeploymentContext) -> str:
    """Return what is live, as the service says."""
    now = current(context)
    if now is None:
        return "nothing is live"
    return f"live: memory {now['id']}, {now['status']}, {len(now.get('strategies', []))} strategies"


def status(context: DeploymentContext) -> list[str]:
    """Return where one could go back to, and what is live."""
    good = good_ones(context)
    back = ", ".join(version[:12] for version in good[:-1][-5:]) or "nowhere"
    return [f"good configurations to go back to: {back}", f"{live(context)}; next: make drift ENV={context.name}"]


def extras(context: DeploymentContext) -> list[tuple[str, Callable[[], object]]]:
    """Return what is there besides the stacks: nothing."""
    return []


def descriptor(manifest: Manifest) -> Descriptor:
    """Return what the registry is told: what is kept, where, for whom, and where to find the memory."""
    about, spec = manifest.metadata, manifest.spec
    contract = {
        "name": about.name,
        "description": about.description,
        "version": about.version,
        "owner": about.owner,
        "useCaseId": about.use_case_id,
        "published": f"/agentops/memories/{about.name}/prod/id",
        "eventExpiryDays": spec.event_expiry_days,
        "strategies": [
            {"name": each.name, "type": each.type, "namespaceTemplate": each.namespace_template, "shared": each.shared}
            for each in spec.strategies
        ],
        "consumers": [each.model_dump() for each in spec.consumers],
    }
    return Descriptor("CUSTOM", "custom", json.dumps(contract, ensure_ascii=False))


def _observability(context: DeploymentContext) -> dict[str, str]:
    limits = context.environment.alarms
    memory = formation.outputs(context, names.stack(context.component, context.name, "memory"))
    return {
        "MemoryName": names.snake(context.component, context.name),
        "MemoryArn": memory.get("MemoryArn", UNKNOWN),
        "AlarmTopicArn": ssm.optional(context, [names.ALARM_TOPIC]).get(names.ALARM_TOPIC, ""),
        "MaxErrors": str(limits.errors),
        "MaxLatencyMs": str(limits.latency_p95_ms),
        "MaxThrottles": str(limits.throttles),
        **_tags(context),
    }


def _tags(context: DeploymentContext) -> dict[str, str]:
    about = context.manifest.metadata
    return {"Owner": about.owner, "CostCenter": about.cost_center, "UseCaseId": about.use_case_id}
