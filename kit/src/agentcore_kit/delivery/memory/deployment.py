"""What a deployment of a memory is given, and whether it would lose what people said."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from agentcore_kit.delivery import names, ssm, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.memory.changes import current, effects
from agentcore_kit.delivery.memory.state import State, of_service

MEMORY_KEY = "/agentops/kms/memory-key-arn"
"""Where the platform publishes the KMS key of memories."""


@dataclass(frozen=True)
class MemoryStack(stacks.Stack):
    """The stack of the memory itself. Its template is no file of infra/: it is made from a manifest."""

    text: str = ""

    @property
    def body(self) -> str:
        """The template's text."""
        return self.text


def memory_stack(context: DeploymentContext, text: str) -> MemoryStack:
    """Return the memory's stack.

    Args:
        context: The environment.
        text: The template, of this commit or of an earlier one; it gets the parameters that it declares.

    Raises:
        CommandError: When the platform does not publish what a parameter needs; the message names it.
    """
    name = names.stack(context.component, context.name, "memory")
    tags = names.tags(context.manifest, context.environment)
    return MemoryStack(name, "memory.yaml", _parameters(context, set(yaml.safe_load(text)["Parameters"])), tags, text)


def _parameters(context: DeploymentContext, declared: set[str]) -> dict[str, str]:
    wanted = {"EncryptionKeyArn": MEMORY_KEY} if "EncryptionKeyArn" in declared else {}
    if context.environment.permissions_boundary and "PermissionsBoundary" in declared:
        wanted["PermissionsBoundary"] = names.BOUNDARY
    published = ssm.required(context, wanted.values()) if wanted else {}
    values = {
        "MemoryName": names.snake(context.component, context.name),
        "MemoryDescription": context.manifest.metadata.description,
        "Component": context.component,
        "EnvironmentName": context.name,
        "PermissionsBoundary": "",
        **tag_parameters(context),
        **{parameter: published[name] for parameter, name in wanted.items()},
    }
    return {name: value for name, value in values.items() if name in declared}


def tag_parameters(context: DeploymentContext) -> dict[str, str]:
    """Return the tags as parameters of a template."""
    about = context.manifest.metadata
    return {"Owner": about.owner, "CostCenter": about.cost_center, "UseCaseId": about.use_case_id}


def refuse_losses(context: DeploymentContext, wanted: State, next_step: str) -> None:
    """Do nothing when a configuration loses nothing that people said.

    Args:
        context: The environment.
        wanted: The configuration that is to be deployed.
        next_step: What to do when the loss is meant.

    Raises:
        CommandError: When it loses something; the message says what.
    """
    if lost := losses(context, wanted):
        raise CommandError(f"this change loses what is remembered: {'; '.join(lost)}", next_step, GATE_NOT_PASSED)


def losses(context: DeploymentContext, wanted: State) -> list[str]:
    """Return what a configuration would lose of what the memory holds."""
    now = current(context)
    return [each.text for each in effects(of_service(now), wanted) if each.loses] if now else []
