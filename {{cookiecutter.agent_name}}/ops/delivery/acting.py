"""How every verb that acts in AWS begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from ops.delivery import show
from ops.delivery.place import Place, open_place
from ops.delivery.stop import stops

Env = Annotated[str, typer.Option("--env", envvar="ENV", help="The environment: dev, preprod or prod.")]


@contextmanager
def acting(verb: str, env: str) -> Iterator[Place]:
    """Say where a verb acts, with credentials of the right account; when it stops, say why and what to do next."""
    with stops():
        place = open_place(env)
        show.header(verb, place)
        place.check_account()
        yield place
