"""What the page asks its server: addresses below `/page/api/`, each only with the key. All else are files."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.local.page import about, rows, traces
from agentcore_kit.local.page.conversations import Conversations, NotThere
from agentcore_kit.local.page.files import answer_file, answer_report
from agentcore_kit.runtime.bodies import BodyRefused, read_body
from agentcore_kit.serving.settings import AgentSettings

_MOST_BYTES, _MOST_VALUES = 1_000_000, 50_000
"""How large a request may be: a row with what was asked and called."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Answer = Callable[[AgentSettings, Request, Any], Any]
"""Returns what an address answers: called with the settings, the request, and its JSON body, None for a GET."""


def build(conversations: Conversations, has_key: Callable[[Headers], bool]) -> Starlette:
    """Return the application.

    Args:
        conversations: Those that were held on the page.
        has_key: Whether the headers of a request are those of the page that was opened by who started the server.
    """
    settings = cache(AgentSettings.from_files)

    def route(method: str, path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            if not has_key(request.headers):
                return _told("open the address that `make dev` printed: it has the key", 403)
            try:
                body = await _body(request) if method == "POST" else None
                found = await run_in_threadpool(lambda: answer(settings(), request, body))
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
            route("GET", "agent", about.agent),
            route("POST", "token", about.token),
            route("GET", "report", about.report),
            route("GET", "sessions", lambda *_: {"sessions": conversations.all()}),
            route("GET", "sessions/{id}", lambda _, request, __: conversations.session(request.path_params["id"])),
            route("GET", "traces/{id}", traces.trace),
            route("POST", "rows", rows.row),
            Route(about.REPORT + "{key}", answer_report),
            Route("/{name:path}", answer_file),
        ]
    )


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request has. Raises BodyRefused when it has none."""
    raw = await read_body(request.receive, _MOST_BYTES, _MOST_VALUES)
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BodyRefused(400, "the body must be a JSON object")
    return body


def _told(error: str, status: int, **more: str) -> JSONResponse:
    return JSONResponse({"error": error, **more}, status, _HEADERS)
