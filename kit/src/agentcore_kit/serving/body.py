"""A request before the SDK sees it, which would read and parse any body on the loop that answers `/ping`.

Who asks comes first. Then no more of the body is read than a request may have, and it is parsed off the loop. The SDK
gets an empty body, and `AgentApp` what was checked here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agentcore_kit.runtime.bodies import BodyRefused, given_again, read_body

if TYPE_CHECKING:
    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.serving.ag_ui import RunInput
    from agentcore_kit.serving.invocation import Feedback, Invocation
    from agentcore_kit.serving.settings import AgentSettings

CHECKED = "agentcore_kit.checked"
"""Where a request's scope has what was checked: a `CheckedRequest`, the refusal to answer with, or what failed."""


@dataclass(frozen=True)
class CheckedRequest:
    """A request that is answered.

    Attributes:
        invocation: What is asked, also by a front end of AG-UI; or feedback, to which nobody answers.
        caller: Who asks.
        session_id: The conversation that it is part of, which may be a new one.
    """

    invocation: Invocation | Feedback | RunInput
    caller: Caller
    session_id: str


class CheckedRequests:
    """ASGI middleware: puts what it checked of each `POST /invocations` into the scope."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Awaitable[AgentSettings | None]]) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            settings: Returns the agent's settings, which are read after the port is open; None where it cannot start.
        """
        self.app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request and hand it on; one whose client left meanwhile ends here."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != "/invocations":
            await self.app(scope, receive, send)
            return
        settings = await self._settings()
        checked: CheckedRequest | JSONResponse | Exception | None = None
        try:
            checked = await _checked(Request(scope, receive), settings) if settings else None
        except ClientDisconnect:
            return
        except Exception as error:
            checked = error
        await self.app({**scope, CHECKED: checked}, given_again(b"null", receive), send)


async def _checked(request: Request, settings: AgentSettings) -> CheckedRequest | JSONResponse:
    from agentcore_kit.runtime.identity import Unauthenticated, authenticate
    from agentcore_kit.serving.ag_ui import RunInput
    from agentcore_kit.serving.invocation import (
        MAX_VALUES,
        SESSION_HEADER,
        BadRequest,
        parse_request,
        session_id_or_new,
    )

    try:
        identity = settings.environment.identity
        caller = authenticate(request.headers, identity.mode, settings.state, identity.discovery_url)
        session_id = session_id_or_new(request.headers.get(SESSION_HEADER))
        body = await read_body(request.receive, settings.environment.limits.turn.max_body_bytes, MAX_VALUES)
        asked = await asyncio.to_thread(parse_request, body)
        if isinstance(asked, RunInput) and SESSION_HEADER not in request.headers:
            session_id = asked.session_id
        return CheckedRequest(asked, caller, session_id)
    except Unauthenticated as error:
        return JSONResponse({"error": str(error)}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
    except BadRequest as error:
        return JSONResponse({"error": error.message, "field": error.field}, status_code=400)
    except BodyRefused as error:
        return JSONResponse({"error": error.message, "field": "payload"}, status_code=error.status)
