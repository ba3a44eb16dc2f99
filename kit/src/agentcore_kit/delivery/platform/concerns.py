"""Which stacks an environment of a platform has, and in which order they are made: one a template, one concern each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from agentcore_kit.config.components import Component, load_components
from agentcore_kit.config.platform import PlatformEnvironment, PlatformManifest
from agentcore_kit.config.platform_agreement import Environments
from agentcore_kit.config.platform_files import platform_environments
from agentcore_kit.config.regions import WITH_REGISTRY
from agentcore_kit.config.repository import repository_path
from agentcore_kit.config.use_cases import load_use_cases
from agentcore_kit.delivery import delivery_roles, names
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.platform import budgets, component_roles, dashboards

PlatformContext = DeploymentContext[PlatformManifest, PlatformEnvironment]

BY_HAND = "all"
"""The folder of what comes first in every account: it makes the pipeline's own role, so only a person changes it."""

ORDER: Mapping[str, tuple[str, ...]] = {
    BY_HAND: ("github", "rights"),
    "shared": ("alarms", "images", "artifacts", "registry", "gateway", "monitoring", "names"),
    "workload": (
        "boundary", "keys", "cognito", "identity", "guardrails", "registry", "gateway", "gateway-roles", "alarms",
        "observability", "litellm-network", "litellm",
    ),
    "organisation": ("service-control-policies", "audit"),
}  # fmt: skip
"""The templates of each folder of infra/, in the order in which they are deployed. One that a team adds comes last."""

OPTIONAL: Mapping[str, tuple[str, ...]] = {
    BY_HAND: (),
    "shared": ("gateway",),
    "workload": ("cognito", "litellm"),
    "organisation": (),
}
"""Sections of an environment file: the template of this name, and those whose name begins with it and a hyphen, are
deployed only while there is such a section."""


@dataclass(frozen=True)
class Concern:
    """One stack that an environment has.

    Attributes:
        name: The last part of the stack's name: `gateway`, `component-market-data`.
        file: Its template below infra/, for example `workload/gateway.yaml`; what it is made of, for one that is made.
        text: The template.
        region: Where it is deployed.
        entry: The component that it is for, if it is for one.
    """

    name: str
    file: str
    text: str
    region: str
    entry: Component | None = None

    @property
    def folder(self) -> str:
        """The folder of its template."""
        return self.file.partition("/")[0]


def concerns(context: PlatformContext) -> list[Concern]:
    """Return the stacks that the files of this repository ask for in an environment, in the order of deployment.

    Raises:
        ConfigError: When a file is wrong.
    """
    return list(_concerns(context))


def stack_name(context: PlatformContext, concern: str) -> str:
    """Return the name of the stack of a concern."""
    return names.stack(context.component, context.name, concern)


def in_region(context: PlatformContext, region: str) -> PlatformContext:
    """Return the same environment with another region."""
    if region == context.region:
        return context
    return replace(context, environment=context.environment.model_copy(update={"region": region}))


def asked_for(context: PlatformContext) -> list[tuple[PlatformContext, str]]:
    """Return the names of the stacks that the files ask for, in order, each with the context of its region.

    Unlike `wanted.wanted` it needs no value of a parameter, so no right in another account.

    Raises:
        ConfigError: When a file is wrong.
    """
    return [(in_region(context, one.region), stack_name(context, one.name)) for one in concerns(context)]


def filled(context: PlatformContext, entry: Component | None, name: str) -> str:
    """Return a name that a template gives, with this environment's words in the place of `<…>` where they are known.

    Args:
        context: The environment.
        entry: The component that the stack of the template is for, if it is for one.
        name: As `delivery.given.given` returns it.
    """
    gateway = context.environment.gateway
    words = {
        "<component>": entry.name if entry else context.component,
        "<environment>": context.name,
        "<gateway>": gateway.name if gateway else "<gateway>",
    }
    for word, value in words.items():
        name = name.replace(word, value)
    return name


def beside(context: PlatformContext) -> Environments:
    """Return the environments that are in the same account, this one among them, in the order of delivery."""
    all_of_them = platform_environments(context.manifest)
    return {name: one for name, one in all_of_them.items() if one.account == context.environment.account}


def is_first(context: PlatformContext) -> bool:
    """Return whether this environment is the first in its account, which makes what an account has once."""
    return next(iter(beside(context)), context.name) == context.name


def registry_region(environment: PlatformEnvironment) -> str:
    """Return the region of the organisation's registry; empty where there is none.

    Args:
        environment: That of the shared account.
    """
    own = environment.region if environment.region in WITH_REGISTRY else ""
    return environment.registry_region or own


def shared_environment(context: PlatformContext) -> PlatformEnvironment | None:
    """Return the environment of the shared services that an account uses; None where this platform has none."""
    known = platform_environments(context.manifest).values()
    ours = context.environment.shared_account
    return next((one for one in known if one.purpose == "shared" and one.account == ours), None)


def other_regions(context: PlatformContext) -> list[str]:
    """Return the regions of components that are others than this environment's."""
    known = platform_environments(context.manifest).values()
    return sorted({one.region for one in known if one.purpose == "workload"} - {context.region})


def _concerns(context: PlatformContext) -> Iterator[Concern]:
    if is_first(context):
        yield from _of_folder(context, BY_HAND)
    yield from _of_folder(context, context.environment.purpose)
    region = context.region
    yield from _made(context)
    if context.environment.purpose == "organisation":
        return
    for entry in load_components().components:
        here = context.environment.purpose == "shared" or context.name in entry.environments
        file = f"component/{context.environment.purpose}.yaml"
        path = repository_path("infra", file)
        has_template = path.is_file() and not (context.environment.purpose == "shared" and entry.kind == "Memory")
        if here and has_template:
            # Images are copied to where components run, into a repository that has to be there.
            for where in [region, *(other_regions(context) if context.environment.purpose == "shared" else ())]:
                yield Concern(f"component-{entry.name}", file, path.read_text(encoding="utf-8"), where, entry)
        roles = component_roles.template(entry, context) if is_first(context) else None
        if roles:
            yield Concern(f"roles-{entry.name}", "components.yaml", _yaml(roles), region, entry)


def _made(context: PlatformContext) -> Iterator[Concern]:
    """Yield the stacks whose templates are made of a list, for the whole environment."""
    if context.environment.purpose == "shared":
        known = platform_environments(context.manifest)
        deployed = [name for name in context.manifest.delivery.environments if known[name].purpose == "workload"]
        made = dashboards.template(load_components().components, deployed, context.region)
        yield Concern("dashboards", "components.yaml", _yaml(made), context.region)
    if context.environment.purpose == "organisation":
        made = budgets.template(load_use_cases().use_cases)
        yield Concern("budgets", "use-cases.yaml", _yaml(made), context.region)


def _of_folder(context: PlatformContext, folder: str) -> Iterator[Concern]:
    order = ORDER[folder]
    files = {path.stem: path for path in repository_path("infra", folder).glob("*.yaml")}
    for name in sorted(files, key=lambda each: (order.index(each) if each in order else len(order), each)):
        if any(f"{name}-".startswith(f"{one}-") and _lacks(context, one) for one in OPTIONAL[folder]):
            continue
        region = context.region
        if name == "registry":  # where the organisation has none, there is nothing to publish either
            shared = context.environment if folder == "shared" else shared_environment(context)
            registry = registry_region(shared) if shared else ""
            region = registry if folder == "shared" or not registry else region
        if region:
            yield Concern(name, f"{folder}/{name}.yaml", files[name].read_text(encoding="utf-8"), region)


def _lacks(context: PlatformContext, section: str) -> bool:
    return getattr(context.environment, section) is None


def _yaml(made: Mapping[str, object]) -> str:
    return delivery_roles.template_text(made)
