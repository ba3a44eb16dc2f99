"""What delivery must know of a memory: its stacks, their parameters, what a change loses, what the registry is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from ops.changes import current, effects
from ops.configuration.state import State, of_manifest, of_service
from ops.configuration.template import needs_role
from ops.delivery import names, parameters
from ops.delivery import stacks as formation
from ops.delivery.place import Place
from ops.delivery.registry import Descriptor
from ops.delivery.stacks import UNKNOWN, Stack
from ops.delivery.stop import Stop
from ops.manifest import Manifest
from ops.revision import commit
from ops.revision import good as good_ones

MEMORY_KEY = "/agentops/kms/memory-key-arn"
"""Where the platform publishes the KMS key of memories."""


def release(place: Place, digest: str) -> str:
    """Return the commit: a memory has no image; what is promoted is its configuration."""
    return digest or commit()


def allow(place: Place, release: str) -> None:
    """Raise Stop when deploying would lose what people said, unless ALLOW_LOSS=1 says that this is meant."""
    meant = f"make deploy ENV={place.name} ALLOW_LOSS=1"
    allow_state(
        place,
        of_manifest(place.manifest.spec),
        f"make plan ENV={place.name} shows all of it; when it is meant: {meant}",
    )


def allow_state(place: Place, wanted: State, next_step: str) -> None:
    """Raise Stop when a configuration would lose what people said, unless ALLOW_LOSS=1 says that this is meant."""
    lost = losses(place, wanted)
    if lost and os.environ.get("ALLOW_LOSS") != "1":
        raise Stop(f"this change loses what is remembered: {'; '.join(lost)}", next_step)


def losses(place: Place, wanted: State) -> list[str]:
    """Return what a configuration would lose of what the memory holds."""
    now = current(place)
    return [each.text for each in effects(of_service(now), wanted) if each.loses] if now else []


def stack_names(place: Place) -> list[str]:
    """Return the names of the stacks, in the order in which they are made."""
    return [names.stack(place.component, place.name, concern) for concern in ("memory", "observability")]


def stacks(place: Place, release: str) -> list[Stack]:
    """Return the stacks that a deployment brings, in order."""
    about = names.tags(place.manifest, place.environment)
    memory, observability = stack_names(place)
    return [
        Stack(memory, "memory.yaml", memory_parameters(place), about),
        Stack(observability, "observability.yaml", _observability(place), about),
    ]


def memory_parameters(place: Place) -> dict[str, str]:
    """Return the parameters of infra/memory.yaml. Raises Stop that names what the platform does not publish."""
    spec, wanted = place.manifest.spec, []
    boundary = place.environment.permissions_boundary and needs_role(spec)
    if spec.encryption == "platform":
        wanted.append(MEMORY_KEY)
    if boundary:
        wanted.append(names.BOUNDARY)
    found = parameters.required(place, wanted) if wanted else {}
    about = place.manifest.metadata
    return {
        "MemoryName": names.snake(place.component, place.name),
        "MemoryDescription": about.description,
        "Component": about.name,
        "EnvironmentName": place.name,
        **_tags(place),
        **({"PermissionsBoundary": found.get(names.BOUNDARY, "")} if needs_role(spec) else {}),
        **({"EncryptionKeyArn": found[MEMORY_KEY]} if spec.encryption == "platform" else {}),
    }


def deployed(place: Place, release: str) -> str:
    """Return what a deployment has brought, and the next step."""
    return f"configuration of {release[:12]} is active; {live(place)}; next: make smoke ENV={place.name}"


def live(place: Place) -> str:
    """Return what is live, as the service says."""
    now = current(place)
    if now is None:
        return "nothing is live"
    return f"live: memory {now['id']}, {now['status']}, {len(now.get('strategies', []))} strategies"


def status(place: Place) -> list[str]:
    """Return where one could go back to, and what is live."""
    good = good_ones(place)
    back = ", ".join(version[:12] for version in good[:-1][-5:]) or "nowhere"
    return [f"good configurations to go back to: {back}", f"{live(place)}; next: make drift ENV={place.name}"]


def extras(place: Place) -> list[tuple[str, Callable[[], object]]]:
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


def _observability(place: Place) -> dict[str, str]:
    limits = place.environment.alarms
    memory = formation.outputs(place, names.stack(place.component, place.name, "memory"))
    return {
        "MemoryName": names.snake(place.component, place.name),
        "MemoryArn": memory.get("MemoryArn", UNKNOWN),
        "AlarmTopicArn": parameters.optional(place, [names.ALARM_TOPIC]).get(names.ALARM_TOPIC, ""),
        "MaxErrors": str(limits.errors),
        "MaxLatencyMs": str(limits.latency_p95_ms),
        "MaxThrottles": str(limits.throttles),
        **_tags(place),
    }


def _tags(place: Place) -> dict[str, str]:
    about = place.manifest.metadata
    return {"Owner": about.owner, "CostCenter": about.cost_center, "UseCaseId": about.use_case_id}
