"""What the page of one kind consists of besides what all pages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import BaseRoute

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Answer = Callable[[Any, Request, Any], Any]
"""Returns what an address answers: called with the settings, the request, and its JSON body, None for a GET."""


class NotThere(Exception):
    """What is asked for is not there; the message says so."""


@dataclass(frozen=True)
class Parts:
    """The page of one kind.

    Attributes:
        folder: Its files for the browser, `page.html.jinja` among them.
        settings: Returns what answers are called with first. It reads files once, and raises ConfigError where one is
            wrong.
        get: What answers GET, by the address below `/page/api/`.
        post: What answers POST, likewise.
        routes: Further addresses, which say themselves who may ask.
        also: Files of another kind's page that this one uses as they are.
        around: By the path of the component's own server, what sees a POST that comes from the page.
    """

    folder: Path
    settings: Callable[[], Any]
    get: Mapping[str, Answer]
    post: Mapping[str, Answer]
    routes: Sequence[BaseRoute] = ()
    also: Sequence[Path] = ()
    around: Mapping[str, Callable[[ASGIApp], ASGIApp]] = field(default_factory=dict)
