"""What delivery must know of a memory: its stacks, their parameters, what a change loses, what the registry is told."""

from __future__ import annotations

import json

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.memory import MemoryEnvironment, MemoryManifest
from agentcore_kit.delivery import names, ssm
from agentcore_kit.delivery import stacks as formation
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.memory.changes import current
from agentcore_kit.delivery.memory.deployment import left_behind, memory_stack, needed, refuse_losses
from agentcore_kit.delivery.memory.revision import commit
from agentcore_kit.delivery.memory.revision import good as good_ones
from agentcore_kit.delivery.memory.revision import left as left_ones
from agentcore_kit.delivery.memory.state import of_manifest
from agentcore_kit.delivery.memory.template import template, text
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.delivery.stacks import UNKNOWN, Stack
from agentcore_kit.kinds.base import Delivered, Kind

MemoryContext = DeploymentContext[MemoryManifest, MemoryEnvironment]


class MemoryKind(Kind[MemoryContext]):
    """A memory: what agents remember, as configuration."""

    def release(self, context: MemoryContext, digest: str) -> str:
        """Return the commit: a memory has no image; what is promoted is its configuration."""
        return digest or commit()

    def allow(self, context: MemoryContext, release: str) -> None:
        """Raise CommandError when deploying would lose what people said."""
        again = f"kit deploy --env {context.name} --allow-loss"
        next_step = f"kit plan --env {context.name} shows all of it; when it is meant: {again}"
        refuse_losses(context, of_manifest(context.manifest.spec), next_step)

    def needed(self, context: MemoryContext) -> list[str]:
        """Return the key and the boundary, as far as the memory's template asks for them."""
        return [*needed(context, template(context.manifest.spec)["Parameters"]).values()]

    def stack_names(self, context: MemoryContext) -> list[str]:
        """Return the names of the stacks, in the order in which they are made."""
        return [names.stack(context.component, context.name, concern) for concern in ("memory", "observability")]

    def stacks(self, context: MemoryContext, release: str) -> list[Stack]:
        """Return the stacks that a deployment brings, in order."""
        _, observability = self.stack_names(context)
        tags = names.tags(context.manifest, context.environment)
        return [
            memory_stack(context, text(context.manifest.spec)),
            Stack(observability, "observability.yaml", _observability(context), tags),
        ]

    def deployed(self, context: MemoryContext, release: str) -> str:
        """Return what a deployment has brought, and the next step."""
        return f"configuration of {release[:12]} is active; {self.live(context)}; next: kit smoke --env {context.name}"

    def live(self, context: MemoryContext) -> str:
        """Return what is live, as the service says."""
        now = current(context)
        if now is None:
            return "nothing is live"
        return f"live: memory {now['id']}, {now['status']}, {len(now.get('strategies', []))} strategies"

    def status(self, context: MemoryContext) -> list[str]:
        """Return where one could go back to, and what is live."""
        good = good_ones(context)
        back = ", ".join(version[:12] for version in good[:-1][-5:]) or "nowhere"
        following = "drift" if current(context) else "plan"
        return [
            f"good configurations to go back to: {back}",
            f"{self.live(context)}; next: kit {following} --env {context.name}",
        ]

    def left_behind(self, context: MemoryContext) -> str:
        """Return what of it stays in the account when its stacks are deleted: the memory itself."""
        return left_behind(context)

    def delivered(self, context: MemoryContext) -> list[Delivered]:
        """Return the commit that is good and active, and those that were left."""
        live = [Delivered(each, "live") for each in good_ones(context)[-1:]]
        return [*live, *(Delivered(each, "left") for each in left_ones(context))]

    def descriptor(self, manifest: Manifest) -> Descriptor:
        """Return what the registry is told: what is kept, where, for whom, and where to find the memory."""
        about, spec, production = manifest.metadata, manifest.spec, manifest.delivery.production
        published = {name: f"/agentops/memories/{about.name}/{name}/id" for name in production}
        contract = {
            "name": about.name,
            "description": about.description,
            "version": about.version,
            "owner": about.owner,
            "useCaseId": about.use_case_id,
            "published": published[manifest.delivery.publisher],
            **({"publishedIn": published} if len(published) > 1 else {}),
            "eventExpiryDays": spec.event_expiry_days,
            "strategies": [
                {
                    "name": each.name,
                    "type": each.type,
                    "namespaceTemplate": each.namespace_template,
                    "shared": each.shared,
                }
                for each in spec.strategies
            ],
            "consumers": [each.model_dump() for each in spec.consumers],
        }
        return Descriptor("CUSTOM", "custom", json.dumps(contract, ensure_ascii=False))


def _observability(context: MemoryContext) -> dict[str, str]:
    limits = context.environment.alarms
    memory = formation.outputs(context, names.stack(context.component, context.name, "memory"))
    return {
        "MemoryName": names.snake(context.component, context.name),
        "MemoryArn": memory.get("MemoryArn", UNKNOWN),
        "AlarmTopicArn": ssm.optional(context, [names.ALARM_TOPIC]).get(names.ALARM_TOPIC, ""),
        "MaxErrors": str(limits.errors),
        "MaxLatencyMs": str(limits.latency_p95_ms),
        "MaxThrottles": str(limits.throttles),
        **names.tag_parameters(context.manifest),
    }
