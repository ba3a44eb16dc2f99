"""The stacks of an environment as CloudFormation is to have them, with a value for each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.infrastructure import missing_parameters, read_template
from agentcore_kit.delivery import names, stacks
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.delivery.platform.concerns import Concern, PlatformContext, concerns, in_region, stack_name
from agentcore_kit.delivery.platform.sources import sources
from agentcore_kit.delivery.stacks import UNKNOWN, Stack


@dataclass(frozen=True)
class Wanted:
    """A stack as it is wanted.

    Attributes:
        concern: What it is for.
        context: The environment, in the region of the stack.
        stack: Name, template, values of its parameters, and tags.
    """

    concern: Concern
    context: PlatformContext
    stack: Stack


def wanted(context: PlatformContext) -> list[Wanted]:
    """Return the stacks of an environment in the order of deployment; UNKNOWN for what an earlier one will give.

    Raises:
        CommandError: As `resolved` does.
    """
    return list(resolved(context))


def resolved(context: PlatformContext) -> Iterator[Wanted]:
    """Yield the stacks of an environment in the order of deployment, each with what the ones before it give by then.

    Raises:
        CommandError: When a parameter of a template has no value, or what the shared account has cannot be read.
    """
    listed = concerns(context)
    if problems := list(_missing(context, listed)):
        raise CommandError("\n       ".join(problems), "write it there; kit check looks for the same", WRONG_INPUT)
    outputs: dict[str, str] = {}
    for concern in listed:
        one = _resolved(context, concern, outputs)
        if one is None:
            continue  # the shared account does not publish yet what the stack is about
        yield one
        outputs |= outputs_of(context, concern)


def parameter_problems(context: PlatformContext) -> Iterator[str]:
    """Yield what a deployment would stop at, and what under `parameters` has no effect; asks no service.

    Args:
        context: The environment.
    """
    listed = concerns(context)
    yield from _missing(context, listed)
    given = {name for concern in listed for name in sources(context, concern)}
    asked = {name for concern in listed for name in read_template(concern.text).get("Parameters", {})}
    for name in context.environment.parameters:
        if name in given:
            said = "follows from manifest.yaml and the rest of this file; remove it"
        elif name not in asked:
            said = "no template of this environment in infra/ has this parameter; correct it or remove it"
        else:
            continue
        yield f"environments/{context.name}.yaml: parameters.{name}: {said}"


def values_of(
    context: PlatformContext, concern: Concern, outputs: Mapping[str, str], parameters: Iterable[str]
) -> dict[str, str | None]:
    """Return values of parameters of a stack; without those for which the template has to have a Default.

    Args:
        context: The environment.
        concern: The stack.
        outputs: What the stacks before it give.
        parameters: The names of the parameters that are asked for.

    Returns:
        The values by name; None for what is nowhere yet, without which the stack is left out.
    """
    given, own = sources(context, concern), context.environment.parameters
    known = {**own, **outputs}
    return {name: given[name]() if name in given else known[name] for name in parameters if name in {**known, **given}}


def outputs_of(context: PlatformContext, concern: Concern) -> dict[str, str]:
    """Return the outputs of a stack that its template has; UNKNOWN for those that are not there yet."""
    declared = read_template(concern.text).get("Outputs", {})
    name, place = stack_name(context, concern.name), in_region(context, concern.region)
    there = stacks.outputs(place, name) if declared else {}
    return {name: there.get(name, UNKNOWN) for name, about in declared.items() if name in there or _always(about)}


def _resolved(context: PlatformContext, concern: Concern, outputs: Mapping[str, str]) -> Wanted | None:
    asked = read_template(concern.text).get("Parameters", {})
    values = {}
    for name, value in values_of(context, concern, outputs, asked).items():
        if value is None:
            return None
        values[name] = value
    place = in_region(context, concern.region)
    stack = Stack(stack_name(context, concern.name), concern.file, values, _tags(context, concern), concern.text)
    return Wanted(concern, place, stack)


def _always(about: Any) -> bool:
    """Return whether an output is there whatever the stack's conditions are."""
    return "Condition" not in about


def _missing(context: PlatformContext, listed: list[Concern]) -> Iterator[str]:
    before: set[str] = set()
    for concern in listed:
        template = read_template(concern.text)
        known = {*sources(context, concern), *before, *context.environment.parameters}
        yield from missing_parameters(concern.file.removesuffix(".yaml"), template, known, context.name)
        before |= {*template.get("Outputs", {})}


def _tags(context: PlatformContext, concern: Concern) -> dict[str, str]:
    """Return the tags of a stack: the platform's, and of one that is for a component its owner, costs and use case."""
    found = names.tags(context.manifest, context.environment)
    if entry := concern.entry:
        found |= {"owner": entry.owner, "cost-center": entry.cost_center, "use-case-id": entry.use_case_id}
    return found
