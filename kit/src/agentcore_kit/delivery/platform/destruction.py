"""`kit destroy` of a platform: only while nothing stands on it, and only after the environment's name was typed."""

from __future__ import annotations

import sys

from agentcore_kit.config.components import load_components
from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery import output, ssm, stacks
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import in_pipeline
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.delivery.platform.concerns import ORDER, PlatformContext, beside, is_first, stack_name
from agentcore_kit.delivery.platform.removals import deployed, kept_resources, stack_names, stacks_of


def destroy(env: Env = "") -> None:
    """Remove the platform from an account, last things first. Keys, images, logs and users stay."""
    with deployment("destroy", env) as context:
        there = _in_order(context)
        _refuse_in_use(context)
        lines = []
        for place, name in there:
            stays = kept_resources(read_template(stacks.template(place, name)))
            about = f"; stays: {', '.join(stays)}" if stays else ""
            lines.append(f"delete stack {name}{about}")
        output.plan(lines)
        if there:
            _confirm(context)
        for place, name in there:
            output.step(f"delete stack {name}")
            stacks.delete(place, name)
        ssm.forget(context)
        output.done(
            f"{env}: nothing of the platform is deployed; what the plan names as staying is in the account until "
            "somebody deletes it there, and has to be deleted before the platform is deployed there again"
        )


def _in_order(context: PlatformContext) -> list[tuple[PlatformContext, str]]:
    """Return the stacks that are there, those first that were made last."""
    order = [stack_name(context, one) for folder in ("all", context.environment.purpose) for one in ORDER[folder]]
    found = sorted(deployed(context), key=lambda one: order.index(one[1]) if one[1] in order else len(order))
    return found[::-1]


def _refuse_in_use(context: PlatformContext) -> None:
    """Do nothing unless something stands on what would go.

    Raises:
        CommandError: When components are deployed here, or another environment uses the pipeline's role of this one.
    """
    there, entries = {*stack_names(context)}, load_components().components
    for entry in entries:
        if used := stacks_of(entry.name, context.name, there, [one.name for one in entries]):
            raise CommandError(
                f"{entry.name} is deployed here ({', '.join(used)}) and needs the platform; nothing was changed",
                f"first, in the repository of {entry.name}: kit destroy --env {context.name}",
            )
    others = [name for name in beside(context) if name != context.name]
    for other in others if is_first(context) else ():
        if stacks_of(context.component, other, there):
            raise CommandError(
                f"{other} is in the same account and uses the pipeline's role that goes with {context.name}; nothing "
                "was changed",
                f"first: kit destroy --env {other}",
            )


def _confirm(context: PlatformContext) -> None:
    """Ask in every environment: others live of a platform. In CI GitHub has asked.

    Raises:
        CommandError: Unless the environment's name is typed.
    """
    if in_pipeline():
        return
    if not sys.stdin.isatty():
        raise CommandError(
            "the platform is removed only after a yes, and nobody can be asked here", "type it in a terminal"
        )
    asked = f"This removes the platform from {context.name} ({context.account}). Type the environment's name to go on: "
    if input(asked) != context.name:
        raise CommandError("not confirmed; nothing was changed", "type the same again when you are ready", WRONG_INPUT)
