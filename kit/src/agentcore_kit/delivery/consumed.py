"""What an agent uses of other components: where gateways and its memory are, and what it may do with the memory.

Their repositories publish it as SSM parameters, and it is read when the agent is deployed: nobody copies ids into
files, and a version keeps what it was tested with. What an environment file says itself comes first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from agentcore_kit.config.agent import AgentEnvironment, AgentManifest
from agentcore_kit.delivery import names, ssm
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.rights import Rights

AgentContext = DeploymentContext[AgentManifest, AgentEnvironment]


def published(context: AgentContext) -> dict[str, str]:
    """Return what is published of the gateways and of the memory that the manifest names, by SSM parameter.

    Raises:
        CommandError: When something is missing that the environment file does not have either.
    """
    gateways = [names.gateway_url(name) for name in _unnamed_gateways(context)]
    found = ssm.required(context, gateways) if gateways else {}
    return found | (_of_memory(context) if context.manifest.spec.memory else {})


def needed(context: AgentContext) -> list[str]:
    """Return the SSM parameters that a deployment cannot do without: of gateways and memory that no file names."""
    memory = context.manifest.spec.memory
    found = [names.gateway_url(name) for name in _unnamed_gateways(context)]
    if memory and not _named_memory(context):
        environment, agent = context.name, context.component
        found += [names.memory_id(memory, environment), names.memory_policy(memory, environment, agent)]
    return found


def gateway_urls(context: AgentContext, found: Mapping[str, str]) -> str:
    """Return the URLs of the gateways that the environment file leaves out, as JSON by name; empty for none."""
    urls = {name: found[names.gateway_url(name)] for name in _unnamed_gateways(context)}
    return json.dumps(urls, separators=(",", ":")) if urls else ""


def memory_id(context: AgentContext, found: Mapping[str, str]) -> str:
    """Return the id of the memory where the environment file leaves it out; empty where it does not, or for none."""
    memory = context.manifest.spec.memory
    return found[names.memory_id(memory, context.name)] if memory and not _named_memory(context) else ""


def memory_rights(context: AgentContext, found: Mapping[str, str]) -> Rights:
    """Return what using the memory needs: the policy of the memory's consumer of the agent's name.

    A memory that the environment file names by its id may be nobody's component, and have no such policy. Then the
    agent may write and read conversations and records of all of it.
    """
    memory = context.manifest.spec.memory
    if not memory:
        return Rights()
    policy = found.get(names.memory_policy(memory, context.name, context.component), "")
    named = _named_memory(context)
    if policy and named in ("", found.get(names.memory_id(memory, context.name))):
        return Rights(policies=(policy,))
    where = f"arn:{partition(context.region)}:bedrock-agentcore:{context.region}:{context.account}"
    return Rights(memories=(f"{where}:memory/{named}",)) if named else Rights()


def _of_memory(context: AgentContext) -> dict[str, str]:
    memory, environment, agent = str(context.manifest.spec.memory), context.name, context.component
    where, policy = names.memory_id(memory, environment), names.memory_policy(memory, environment, agent)
    found = ssm.optional(context, [where, policy])
    if _named_memory(context):
        return found
    place = f"account {context.account} in {context.region}"
    if where not in found:
        raise CommandError(
            f"memory {memory} publishes no id for {environment} in {place} ({where}); nothing was changed",
            f"deploy the memory's repository there, or name another memory in spec.memory of manifest.yaml; an id of "
            f"yours goes into environments/{environment}.yaml: memory: {{id: …}}",
        )
    if policy not in found:
        raise CommandError(
            f"memory {memory} names no consumer {agent}, so {environment} publishes no policy for this agent in "
            f"{place} ({policy}); nothing was changed",
            f"add to spec.consumers of the memory's manifest.yaml: {{name: {agent}, read: [events, …], "
            "write: [events]}, with the strategies that the agent recalls, and deploy it there",
        )
    return found


def _unnamed_gateways(context: AgentContext) -> list[str]:
    return [name for name in context.manifest.spec.tools.gateways if name not in context.environment.gateways]


def _named_memory(context: AgentContext) -> str:
    memory = context.environment.memory
    return (memory.id or "") if memory else ""
