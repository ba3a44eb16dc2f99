"""What a deployment of a memory is given, and whether it would lose what people said."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from agentcore_kit.delivery import names, ssm, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError
from agentcore_kit.delivery.memory.changes import current, effects
from agentcore_kit.delivery.memory.state import State, of_service, of_template


def memory_stack(context: DeploymentContext, text: str) -> stacks.Stack:
    """Return the stack of the memory itself. Its template is no file of infra/: it is made from a manifest.

    Args:
        context: The environment.
        text: The template, of this commit or of an earlier one; it gets the parameters that it declares.

    Raises:
        CommandError: When the platform does not publish what a parameter needs; the message names it. When the memory
            would have to be replaced, or a memory that an earlier stack left has its name.
    """
    now = current(context)
    if now is None:
        _refuse_taken_name(context)
    else:
        refuse_replacement(context, now, of_template(text))
    name = names.stack(context.component, context.name, "memory")
    tags = names.tags(context.manifest, context.environment)
    return stacks.Stack(
        name, "memory.yaml", _parameters(context, set(yaml.safe_load(text)["Parameters"]), now), tags, text
    )


def needed(context: DeploymentContext, declared: Collection[str]) -> dict[str, str]:
    """Return the SSM parameters that a new memory needs, by the parameter of its template that gets the value.

    Args:
        context: The environment.
        declared: The parameters that the template has.
    """
    wanted = {"EncryptionKeyArn": names.MEMORY_KEY} if "EncryptionKeyArn" in declared else {}
    if context.environment.permissions_boundary and "PermissionsBoundary" in declared:
        wanted["PermissionsBoundary"] = names.BOUNDARY
    return wanted


def _parameters(context: DeploymentContext, declared: set[str], now: Mapping[str, Any] | None) -> dict[str, str]:
    key = (now or {}).get("encryptionKeyArn")  # a memory keeps the key that it was made with
    wanted = needed(context, declared)
    if key:
        wanted.pop("EncryptionKeyArn", None)
    published = ssm.required(context, wanted.values()) if wanted else {}
    values = {
        "MemoryName": names.snake(context.component, context.name),
        "MemoryDescription": context.manifest.metadata.description,
        "Component": context.component,
        "EnvironmentName": context.name,
        "PermissionsBoundary": "",
        "EncryptionKeyArn": key or "",
        **names.tag_parameters(context.manifest),
        **{parameter: published[name] for parameter, name in wanted.items()},
    }
    return {name: value for name, value in values.items() if name in declared}


def existing(context: DeploymentContext) -> str | None:
    """Return the id of the memory that has this component's name in this environment, whatever stack it is of."""
    named = re.compile(re.escape(names.snake(context.component, context.name)) + "-[a-zA-Z0-9]{10}")
    pages = context.client("bedrock-agentcore-control").get_paginator("list_memories").paginate()
    return next((one["id"] for page in pages for one in page["memories"] if named.fullmatch(one["id"])), None)


def deletion(context: DeploymentContext, memory_id: str) -> str:
    """Return the command that deletes a memory with all that it holds."""
    return f"aws bedrock-agentcore-control delete-memory --memory-id {memory_id} --region {context.region}"


def _refuse_taken_name(context: DeploymentContext) -> None:
    if found := existing(context):
        raise CommandError(
            f"memory {found}, which an earlier stack left, has the name of the one to be made; nothing was changed",
            f"when nobody needs what it holds, delete it: {deletion(context, found)}, then type the same again",
        )


def refuse_replacement(context: DeploymentContext, now: Mapping[str, Any], wanted: State) -> None:
    """Do nothing when a configuration changes the memory in place.

    Args:
        context: The environment.
        now: The memory as the service has it.
        wanted: The configuration that is to be deployed.

    Raises:
        CommandError: When CloudFormation would make another memory, which cannot be, as the name is taken.
    """
    before = of_service(now).encryption
    if before == wanted.encryption:
        return
    memory_id, env = now["id"], context.name
    raise CommandError(
        f"the encryption of memory {memory_id} cannot be changed ({before} → {wanted.encryption}): it is chosen when a "
        "memory is made; nothing was changed",
        f"keep spec.encryption: {before} in manifest.yaml; or begin with an empty memory, where the old one goes and "
        f"all that it holds is lost: kit destroy --env {env}, then {deletion(context, memory_id)}, "
        f"then kit deploy --env {env}",
        WRONG_INPUT,
    )


def refuse_losses(context: DeploymentContext, wanted: State, next_step: str) -> None:
    """Do nothing when a configuration loses nothing that people said.

    Args:
        context: The environment.
        wanted: The configuration that is to be deployed.
        next_step: What to do when the loss is meant.

    Raises:
        CommandError: When it loses something, or cannot be brought at all; the message says what.
    """
    if now := current(context):
        refuse_replacement(context, now, wanted)
    if lost := losses(context, wanted):
        raise CommandError(f"this change loses what is remembered: {'; '.join(lost)}", next_step, GATE_NOT_PASSED)


def losses(context: DeploymentContext, wanted: State) -> list[str]:
    """Return what a configuration would lose of what the memory holds."""
    now = current(context)
    return [each.text for each in effects(of_service(now), wanted) if each.loses] if now else []


def kept_key(context: DeploymentContext, now: Mapping[str, Any] | None) -> str:
    """Return a sentence when the platform publishes another key than the memory was made with; else nothing."""
    key = (now or {}).get("encryptionKeyArn")
    published = ssm.optional(context, [names.MEMORY_KEY]).get(names.MEMORY_KEY) if key else None
    if published in (None, key):
        return ""
    return f"encryption: the memory keeps its key {key}; {published}, which the platform publishes, is for new ones"


def left_behind(context: DeploymentContext) -> str:
    """Return what stays in the account when the stacks are deleted, and how it goes."""
    found = existing(context)
    if found is None:
        return "no memory is left"
    return f"memory {found} stays, with all that it holds; to delete it: {deletion(context, found)}"
