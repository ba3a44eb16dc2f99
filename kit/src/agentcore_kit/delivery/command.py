"""How every verb that acts in AWS begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from agentcore_kit.delivery import output
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.errors import reported_errors

Env = Annotated[str, typer.Option("--env", envvar="ENV", help="The environment: dev, preprod or prod.")]


@contextmanager
def deployment(verb: str, env: str) -> Iterator[DeploymentContext]:
    """Say where a verb acts, with credentials of the right account; when it stops, say why and what to do next."""
    with reported_errors():
        context = open_context(env)
        output.header(verb, context)
        context.check_account()
        yield context
