"""`kit token` of a platform: a token of the issuer on this machine, to call gateway, agents and tools as some user."""

from __future__ import annotations

import re
from typing import Annotated

import typer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 30 * 86400


def token(
    user: Annotated[str, typer.Option(help="Who it names: the subject (sub).")] = "developer",
    name: Annotated[str, typer.Option(help="Given name, which an agent may address the user by.")] = "",
    claim: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, what else it says; as often as needed.")] = None,
    expires: Annotated[str, typer.Option(help="How long it is valid: 90s, 30m, 12h or 7d, 30 days at most.")] = "12h",
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Sign with a new key from now on; tokens that were issued stay valid.")
    ] = False,
) -> None:
    """Print a token that the gateway lets in, and agents and tools that name its discovery document."""
    from agentcore_kit.local.gateway.issuer import Issuer, issuer_url
    from agentcore_kit.local.gateway.settings import read_gateway
    from agentcore_kit.local.token import claims_given
    from agentcore_kit.runtime.settings import STATE

    said = claims_given(claim or [])
    seconds = _seconds(expires)
    gateway = read_gateway()
    issuer = Issuer(STATE, issuer_url(gateway.port), gateway.audience)
    if rotate:
        typer.echo(f"signing with the new key {issuer.rotate()}", err=True)
    named = {"given_name": name} if name else {}
    typer.echo(issuer.issue(user, claims={**said, **named}, seconds=seconds))


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise typer.BadParameter(
            "must be a number and s, m, h or d, at most 30d; for example 12h", param_hint="--expires"
        )
    return seconds
