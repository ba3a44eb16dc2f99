"""What every command says first: account, region, environment and plan; and the question before production changes."""

from __future__ import annotations

import sys

from agentcore_kit.delivery.context import DeploymentContext, in_pipeline
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError


def header(command: str, context: DeploymentContext) -> None:
    """Say which command acts where."""
    about = context.manifest.metadata
    of = "" if context.owner == "environment" else ", shared services"
    print(f"{command}: {about.name} {about.version}")
    print(f"  environment {context.name}   account {context.account}{of}   region {context.region}", flush=True)


def plan(lines: list[str]) -> None:
    """Say what will change."""
    print("plan:")
    for line in lines or ["nothing to change"]:
        print(f"  - {line}")
    sys.stdout.flush()


def cost(lines: list[str]) -> None:
    """Say what an environment costs, or why that is not known; nothing where there is nothing to say."""
    if lines:
        print("cost:")
    for line in lines:
        print(f"  - {line}")
    sys.stdout.flush()


def confirm(context: DeploymentContext) -> None:
    """Ask before production changes; in CI GitHub has asked. Raises CommandError unless the answer is yes."""
    if not context.is_production or in_pipeline():
        return
    if not sys.stdin.isatty():
        raise CommandError(
            "production is changed only after a yes, and nobody can be asked here", "type it in a terminal"
        )
    if input(f"This changes production ({context.account}). Type the component's name to go on: ") != context.component:
        raise CommandError(
            "not confirmed; production is untouched", "type the same again when you are ready", WRONG_INPUT
        )


def step(text: str) -> None:
    """Say what is being done."""
    print(f"… {text}", flush=True)


def done(text: str) -> None:
    """Say in one line what is live now."""
    print(f"= {text}", flush=True)
