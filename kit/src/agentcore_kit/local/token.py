"""`kit token`: make a development token, to call the local server as some user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def token(
    user: Annotated[str, typer.Option(help="Who it names: rows and sessions are kept by user.")] = "developer",
    name: Annotated[str, typer.Option(help="Given name, which an agent may address the user by.")] = "",
    trust: Annotated[str, typer.Option(help="Another repository on this machine, whose server is to be called.")] = "",
    hours: Annotated[float, typer.Option(min=0.01, max=720, help="How long it is valid.")] = 12,
) -> None:
    """Print a token that the local server accepts and nothing else does."""
    from agentcore_kit.runtime.identity import issue_development_token
    from agentcore_kit.runtime.settings import STATE

    if trust:
        os.environ["DEVELOPMENT_SECRETS"] = str(Path(trust) / STATE)
    typer.echo(issue_development_token(user, STATE, first_name=name or None, hours=hours))
