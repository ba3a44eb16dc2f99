"""What is deployed in an environment and no file of this repository asks for any more: it goes with the next deploy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from agentcore_kit.config.components import load_components
from agentcore_kit.config.infrastructure import Template, read_template
from agentcore_kit.config.regions import WITH_REGISTRY
from agentcore_kit.delivery import names, stacks
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.delivery.platform.concerns import PlatformContext, asked_for, in_region, other_regions, stack_name
from agentcore_kit.delivery.regions import partition

_COMPONENT, _ROLES = "component-", "roles-"
_LOSES = {
    "cognito": "users can no longer sign in with what the user pool has given them",
    "litellm": "keys and budgets of components in it are gone",
    "gateway": "what tools have registered at it is gone, and its address",
}
"""Concerns whose removal takes something from people, and what."""

_NOT_LISTED = ("github", "rights", "policies")
"""Concerns that go by `kit destroy` only: what an account has once, and what is made of policies/."""


@dataclass(frozen=True)
class Removal:
    """A stack that is to be deleted.

    Attributes:
        context: The environment, in the region of the stack.
        name: Of the stack.
        concern: The last part of its name.
        stays: The resources that stay in the account.
        loses: What somebody loses by it; empty for nothing.
    """

    context: PlatformContext
    name: str
    concern: str
    stays: tuple[str, ...] = ()
    loses: str = ""

    @property
    def component(self) -> str:
        """The component that the stack is for; empty where it is for none."""
        found = (self.concern.removeprefix(one) for one in (_COMPONENT, _ROLES) if self.concern.startswith(one))
        return next(found, "")

    @property
    def line(self) -> str:
        """What the plan says of it."""
        stays = f"; stays in the account: {', '.join(self.stays)}" if self.stays else ""
        return f"{'! ' if self.loses else ''}{self.name}: delete{stays}{f'; {self.loses}' if self.loses else ''}"


def removals(context: PlatformContext) -> list[Removal]:
    """Return what goes, the last made first.

    Args:
        context: The environment.
    """
    kept = {(place.region, name) for place, name in asked_for(context)}
    found = [
        _removal(place, name)
        for place, name in deployed(context)
        if (place.region, name) not in kept and _own(context, name) not in _NOT_LISTED
    ]
    return sorted(found, key=lambda one: (one.concern.startswith(_COMPONENT), one.concern.startswith(_ROLES)))[::-1]


def refuse_in_use(context: PlatformContext, gone: list[Removal]) -> None:
    """Do nothing unless a component would lose what it stands on.

    Raises:
        CommandError: When a component that is to be removed is still deployed here.
    """
    there, others = [*stack_names(context)], [one.name for one in load_components().components]
    for one in gone:
        if one.component and (used := stacks_of(one.component, context.name, there, others)):
            raise CommandError(
                f"{one.component} is no longer in components.yaml for {context.name}, but it is deployed there "
                f"({', '.join(used)}); nothing was changed",
                f"in its repository: kit destroy --env {context.name}; or put its entry back into components.yaml",
            )


def stacks_of(component: str, environment: str, there: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Return which of the stacks in an account are a component's, or a platform's, of an environment.

    Args:
        component: Its name.
        environment: The environment.
        there: The names of the stacks.
        others: Other components. A stack of `market-dev` in dev begins with what those of `market` begin with, too.
    """
    prefix = names.stack(component, environment, "")
    longer = tuple(one for other in others if (one := names.stack(other, environment, "")).startswith(prefix))
    theirs = tuple(one for one in longer if one != prefix)
    return sorted(name for name in there if name.startswith(prefix) and not name.startswith(theirs))


def deployed(context: PlatformContext) -> Iterator[tuple[PlatformContext, str]]:
    """Yield the stacks of this platform that are in an environment, each with the context of its region."""
    known = {(place.region, name) for place, name in asked_for(context)}
    for region in _regions(context):
        place = in_region(context, region)
        for name in sorted(stack_names(place)):
            if _own(context, name) and ((region, name) in known or _is_tagged(place, name)):
                yield place, name


def images(context: PlatformContext, component: str) -> int:
    """Return how many images of a component the account has."""
    pages = context.client("ecr").get_paginator("describe_images").paginate(repositoryName=component)
    try:
        return sum(len(page["imageDetails"]) for page in pages)
    except ClientError as error:
        if error_code(error) != "RepositoryNotFoundException":
            raise
        return 0


def kept_resources(template: Template) -> tuple[str, ...]:
    """Return the resources that stay in the account when their stack is deleted, each with its type."""
    return tuple(
        f"{name} ({about['Type'].partition('::')[2]})"
        for name, about in template["Resources"].items()
        if isinstance(about, Mapping)  # a Fn::ForEach is a list
        and str(about.get("DeletionPolicy", "")).startswith("Retain")
    )


def _regions(context: PlatformContext) -> list[str]:
    """Return where an environment may have stacks: of shared services the registry and images may be elsewhere too."""
    others = {*WITH_REGISTRY, *other_regions(context)} if context.environment.purpose == "shared" else ()
    return [context.region, *sorted(one for one in others if one != context.region and _same_partition(context, one))]


def _same_partition(context: PlatformContext, region: str) -> bool:
    return partition(region) == partition(context.region)


def _own(context: PlatformContext, name: str) -> str:
    """Return the concern of a stack of this platform in this environment; empty for any other stack."""
    prefix = stack_name(context, "")
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def _is_tagged(context: PlatformContext, name: str) -> bool:
    """Return whether a stack says that it is of this platform and environment.

    Its name alone does not: stacks of another environment `shared-eu` begin with what those of `shared` begin with.
    """
    found = stacks.describe(context, name) or {}
    tags = {one["Key"]: one["Value"] for one in found.get("Tags", ())}
    return (tags.get("component"), tags.get("environment")) == (context.component, context.name)


def _removal(context: PlatformContext, name: str) -> Removal:
    concern = _own(context, name)
    stays = kept_resources(read_template(stacks.template(context, name)))
    loses = _LOSES.get(concern, "")
    component = concern.removeprefix(_COMPONENT)
    if component != concern and context.environment.purpose == "shared" and (found := images(context, component)):
        loses = f"{found} images stay, but nobody can push any more, and a new entry cannot take their name"
    return Removal(context, name, concern, stays, loses)


def stack_names(context: PlatformContext) -> Iterator[str]:
    """Yield the names of all stacks in the account and region that are there in any state."""
    for page in context.client("cloudformation").get_paginator("list_stacks").paginate():
        for one in page["StackSummaries"]:
            if one["StackStatus"] not in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS"):
                yield one["StackName"]
