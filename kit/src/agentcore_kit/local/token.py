"""`kit token`: make a development token, to call the local server as some user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def token(
    user: Annotated[
        str, typer.Option(help="Who it names: any name, or a user of evals/users.yaml with what that says.")
    ] = "developer",
    name: Annotated[str, typer.Option(help="Given name, which an agent may address the user by.")] = "",
    trust: Annotated[str, typer.Option(help="Another repository on this machine, whose server is to be called.")] = "",
    claim: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, what else it says; as often as needed.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=720, help="How long it is valid.")] = 12,
) -> None:
    """Print a token that the local server accepts and nothing else does."""
    from agentcore_kit.evaluation.users import developer
    from agentcore_kit.runtime.identity import issue_development_token
    from agentcore_kit.runtime.settings import STATE

    said = claims_given(claim or [])
    if trust:
        os.environ["DEVELOPMENT_SECRETS"] = str(Path(trust) / STATE)
    who = developer(user)
    claims = {**who.claims, **said}
    typer.echo(issue_development_token(who.user_id, STATE, first_name=name or None, claims=claims, hours=hours))


def claims_given(options: list[str]) -> dict[str, str]:
    """Return the claims that the options `--claim` give. Raises BadParameter for one that is not NAME=VALUE."""
    said = {name: value for name, given, value in (each.partition("=") for each in options) if given and name}
    if len(said) < len(options):
        raise typer.BadParameter("must be NAME=VALUE, each name once", param_hint="--claim")
    return said
