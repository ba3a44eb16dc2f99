"""How every command that acts in AWS begins and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Annotated

import typer

from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT, environment_names
from agentcore_kit.delivery import output
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.errors import reported_errors


def _in_aws() -> list[str]:
    """Return what a shell completes after `--env`."""
    return [name for name in environment_names() if name != LOCAL_ENVIRONMENT]


Env = Annotated[
    str, typer.Option("--env", help="The environment: a name that kit environments lists.", autocompletion=_in_aws)
]


@contextmanager
def deployment(
    command: str, env: str, *, data: bool = False, before: Callable[[DeploymentContext], None] = lambda _: None
) -> Iterator[DeploymentContext]:
    """Say where a command acts, with credentials of the right account; when it cannot go on, say why and what next.

    Args:
        command: Its name, as it was typed.
        env: The environment, as it was typed.
        data: Whether standard output is read by a program, so that what people read goes to standard error.
        before: Says what can be said without AWS, so that it is said where there are no credentials, too.
    """
    with reported_errors():
        context = open_context(env)
        with redirect_stdout(sys.stderr if data else sys.stdout):
            output.header(command, context)
            before(context)
        context.check_account()
        yield context
