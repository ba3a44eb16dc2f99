"""What the rights of a component's pipeline depend on: its environments with their accounts, and what it uses there.

A component's own repository says it in manifest and environment files; a platform in an entry of components.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agentcore_kit.config.environment import Environment
from agentcore_kit.delivery import names
from agentcore_kit.delivery.context import DeploymentContext, neighbour


@dataclass(frozen=True)
class Place:
    """An environment of a component.

    Attributes:
        name: The environment's name.
        account: Its account.
        shared_account: The account of the shared services.
        region: Its region.
        facts: What is so of the component there: the words of `When` in delivery_roles.yaml.
        test_users: The secret with the sign-in of test users; empty for none.
        own_role: ARN of an execution role of the team's own; empty for none.
    """

    name: str
    account: str
    shared_account: str
    region: str
    facts: frozenset[str]
    test_users: str = ""
    own_role: str = ""


@dataclass(frozen=True)
class Pipeline:
    """The pipeline of a component, as one account sees it.

    Attributes:
        component: The component's name.
        kind: Agent, Tool or Memory.
        repository: Its repository at GitHub, as `ORG/NAME`.
        account: The account that the roles are for.
        region: A region of it, which says the partition of AWS.
        places: All environments of the component.
        publisher: The environment that writes its record in the registry; empty where it has none.
        memory: The memory that an agent uses; empty for none.
        tags: Of its resources.
    """

    component: str
    kind: str
    repository: str
    account: str
    region: str
    places: tuple[Place, ...]
    publisher: str
    memory: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def here(self) -> list[Place]:
        """Its environments that are in the account."""
        return [one for one in self.places if one.account == self.account]

    @property
    def built_here(self) -> list[Place]:
        """Its environments that get their images from the account; a memory has no image."""
        return [one for one in self.places if one.shared_account == self.account and self.kind != "Memory"]


def of_context(context: DeploymentContext) -> Pipeline:
    """Return the pipeline of this repository's component, for the account that a context acts in."""
    manifest = context.manifest
    environments = [neighbour(context, name).environment for name in manifest.delivery.environments]
    tags = names.tags(manifest, context.environment)
    return Pipeline(
        component=context.component,
        kind=manifest.kind,
        repository=f"{manifest.metadata.github_org}/{context.component}",
        account=context.account,
        region=context.region,
        places=tuple(_place(context, one) for one in environments),
        publisher=manifest.delivery.publisher,
        memory=str(getattr(manifest.spec, "memory", None) or ""),
        tags={key: value for key, value in tags.items() if key != "environment"},
    )


def _place(context: DeploymentContext, environment: Environment) -> Place:
    return Place(
        name=environment.name,
        account=str(environment.account),
        shared_account=str(environment.shared_account),
        region=environment.region,
        facts=frozenset(_facts(context, environment)),
        test_users=getattr(environment, "test_users", None) or "",
        own_role=getattr(environment, "role", None) or "",
    )


def _facts(context: DeploymentContext, environment: Environment) -> Iterator[str]:
    manifest, spec = context.manifest, context.manifest.spec
    network, gateway = getattr(environment, "network", None), getattr(spec, "gateway", None)
    bounded = getattr(environment, "permissions_boundary", False)
    yield from stage_facts(
        manifest.kind,
        bounded=bounded,
        preproduction=manifest.delivery.stage(environment.name) == "preproduction",
        publisher=environment.name == manifest.delivery.publisher,
    )
    uses = {
        "test-users": getattr(environment, "test_users", None),
        "own-role": getattr(environment, "role", None),
        "vpc": network and network.subnets,
        "memory": manifest.kind == "Agent" and spec.memory,
        "ab-test": getattr(spec, "canary_gateway", None),
        "lambda": getattr(spec, "target", "") == "lambda",
        "inbound-iam": manifest.kind == "Tool" and spec.auth.inbound == "iam",
        "gateway-targets": gateway and gateway.scope == "shared",
        "own-gateway": gateway and gateway.scope != "shared",
    }
    yield from (name for name, holds in uses.items() if holds)


def stage_facts(kind: str, *, bounded: bool, preproduction: bool, publisher: bool) -> Iterator[str]:
    """Yield what is so of an environment whatever the component uses there.

    Args:
        kind: The kind of component.
        bounded: Whether its roles get the platform's permissions boundary.
        preproduction: Whether each version is tested there first.
        publisher: Whether the record in the registry is written from there.
    """
    facts = {
        kind: True,
        "runtime": kind != "Memory",
        "preproduction": preproduction,
        "publisher": publisher,
        "reads-record": kind == "Tool" or publisher,
        "bounded": bounded,
        "unbounded": not bounded,
    }
    yield from (name for name, holds in facts.items() if holds)
