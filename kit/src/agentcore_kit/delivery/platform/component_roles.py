"""The roles of a component's pipeline, from its entry of components.yaml: its repository need not be at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentcore_kit.config.components import Component
from agentcore_kit.config.environment import Environment
from agentcore_kit.delivery import delivery_roles
from agentcore_kit.delivery.context import DeploymentContext, neighbour
from agentcore_kit.delivery.pipeline import Pipeline, Place, stage_facts
from agentcore_kit.delivery.regions import partition

BOUNDARY = "agentops-delivery-boundary"
"""The managed policy that bounds whatever roles the platform's own pipeline makes; infra/all/github.yaml makes it."""


def template(entry: Component, context: DeploymentContext) -> dict[str, Any] | None:
    """Return the template of the roles that a component's pipeline assumes in an account.

    Args:
        entry: The component.
        context: An environment of the platform; its account is the one that the roles are for.

    Returns:
        The template as plain data, as `kit delivery-roles` prints it, and with the boundary of the platform's pipeline;
        None when the component has nothing in the account.

    Raises:
        CommandError: When a policy is longer than IAM takes.
    """
    pipeline = pipeline_of(entry, context)
    if not delivery_roles.roles(pipeline):
        return None
    return delivery_roles.template(
        pipeline, f"arn:{partition(context.region)}:iam::{context.account}:policy/{BOUNDARY}"
    )


def pipeline_of(entry: Component, context: DeploymentContext) -> Pipeline:
    """Return the pipeline of a component, for the account of an environment of the platform.

    Args:
        entry: The component.
        context: The environment of the platform.
    """
    published = publisher(entry, context)
    environments = [neighbour(context, name).environment for name in entry.environments]
    return Pipeline(
        component=entry.name,
        kind=entry.kind,
        repository=repository(entry, context),
        account=context.account,
        region=context.region,
        places=tuple(_place(entry, context, one, published) for one in environments),
        publisher=published,
        memory=entry.memory or "",
        tags={
            "owner": entry.owner,
            "cost-center": entry.cost_center,
            "use-case-id": entry.use_case_id,
            "component": entry.name,
        },
    )


def repository(entry: Component, context: DeploymentContext) -> str:
    """Return a component's repository at GitHub, as `ORG/NAME`; the platform's own organisation where it says none."""
    return entry.repository or f"{context.manifest.metadata.github_org}/{entry.name}"


def publisher(entry: Component, context: DeploymentContext) -> str:
    """Return the environment that writes a component's record in the registry: its first of production, or none."""
    production = [name for name in context.manifest.delivery.production if name in entry.environments]
    return production[0] if production else ""


def _place(entry: Component, context: DeploymentContext, environment: Environment, published: str) -> Place:
    return Place(
        name=environment.name,
        account=str(environment.account),
        shared_account=str(environment.shared_account),
        region=environment.region,
        facts=frozenset(_facts(entry, context, environment.name, published)),
        test_users=entry.test_users or "",
        own_role=entry.role or "",
    )


def _facts(entry: Component, context: DeploymentContext, environment: str, published: str) -> Iterator[str]:
    stage = context.manifest.delivery.stage(environment)
    yield from stage_facts(
        entry.kind,
        bounded=stage != "development",
        preproduction=stage == "preproduction",
        publisher=environment == published,
    )
    uses = {
        "test-users": entry.test_users,
        "own-role": entry.role,
        "vpc": entry.vpc,
        "memory": entry.memory,
        "ab-test": entry.canary_gateway,
        "lambda": entry.target == "lambda",
        "inbound-iam": entry.kind == "Tool" and entry.inbound == "iam",
        "gateway-targets": entry.kind == "Tool" and entry.gateways,
    }
    yield from (name for name, holds in uses.items() if holds)
