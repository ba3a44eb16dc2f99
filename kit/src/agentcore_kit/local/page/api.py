"""What the page asks its server: addresses below `/page/api/`, each only with the key. All else are files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.local.page.files import answers_files
from agentcore_kit.local.page.parts import Answer, NotThere, Parts
from agentcore_kit.runtime.bodies import BodyRefused, read_body

_MOST_BYTES, _MOST_VALUES = 1_000_000, 50_000
"""How large a request may be: a row with what was asked and called."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def build(parts: Parts, has_key: Callable[[Headers], bool]) -> Starlette:
    """Return the application.

    Args:
        parts: The page of one kind.
        has_key: Whether the headers of a request are those of the page that was opened by who started the server.
    """

    def route(method: str, path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            if not has_key(request.headers):
                return _told("open the address that `make dev` printed: it has the key", 403)
            try:
                body = await _body(request) if method == "POST" else None
                found = await run_in_threadpool(lambda: answer(parts.settings(), request, body))
                return JSONResponse(found, headers=_HEADERS)
            except BodyRefused as refused:
                return _told(refused.message, refused.status)
            except CommandError as error:
                return _told(str(error), 400, next=error.next_step)
            except ConfigError as error:
                return _told(str(error), 400)
            except NotThere as error:
                return _told(str(error), 404)

        return Route(f"/page/api/{path}", endpoint, methods=[method])

    return Starlette(
        routes=[
            *(route("GET", path, answer) for path, answer in parts.get.items()),
            *(route("POST", path, answer) for path, answer in parts.post.items()),
            *parts.routes,
            Route("/{name:path}", answers_files(parts.folder, parts.also)),
        ]
    )


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request has. Raises BodyRefused when it has none."""
    raw = await read_body(request.receive, _MOST_BYTES, _MOST_VALUES)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BodyRefused(400, "the body must be a JSON object")
    return body


def _told(error: str, status: int, **more: str) -> JSONResponse:
    return JSONResponse({"error": error, **more}, status, _HEADERS)
