"""HTTP around the MCP server: who calls, within which trace, and whether the process is well."""

from __future__ import annotations

import logging
from http import HTTPStatus

from opentelemetry import baggage
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentcore_kit.mcp_server import call_metrics
from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.mcp_server.identity import calling
from agentcore_kit.mcp_server.server import ToolSettings, build_server
from agentcore_kit.runtime import secrets, telemetry
from agentcore_kit.runtime.bodies import BodyRefused, given_again, read_body
from agentcore_kit.runtime.health import shortage, unhealthy
from agentcore_kit.runtime.identity import Caller, Unauthenticated, authenticate

MCP_PATH, PING_PATH = "/mcp", "/ping"
MAX_BODY_BYTES, MAX_VALUES = 4 * 1024 * 1024, 200_000
"""What a call may have: bytes, and lists, objects and fields, which are what takes time to parse."""

logger = logging.getLogger(__name__)


def build_app(settings: ToolSettings, host: str) -> ASGIApp:
    """Return the ASGI application. It keeps no session: any `Mcp-Session-Id` that the Runtime sets is right.

    Args:
        settings: The manifest and the environment.
        host: The address that it is going to listen on.

    Raises:
        Misdeclared: When a tool cannot be offered.
    """
    app = build_server(settings).streamable_http_app(
        streamable_http_path=MCP_PATH, json_response=True, stateless_http=True, host=host
    )
    return Gate(app, settings)


def health() -> JSONResponse:
    """Return what `/ping` answers: busy while a call is running, so that the Runtime keeps the session.

    Status 503 when the process could not take another call, so that it is replaced.
    """
    if why := shortage():
        logger.error("cannot serve: %s", why)
        return unhealthy(why)
    busy = any(one.busy for one in TOOLS.values())
    return JSONResponse({"status": "HealthyBusy" if busy else "Healthy"})


class Gate:
    """Lets only requests with a usable identity through, and runs them with it, within the caller's trace."""

    def __init__(self, app: Starlette, settings: ToolSettings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the server's start and end are let through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == PING_PATH:
            await health()(scope, receive, send)
            return
        await secrets.keep_fresh()
        headers = Headers(scope=scope)
        try:
            caller = self._caller(headers)
        except Unauthenticated as error:
            refusal = JSONResponse({"error": str(error)}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        if scope["path"] == MCP_PATH and scope["method"] != "POST":  # a stream of what no session ever sends
            only_calls = {"error": f"{MCP_PATH} takes POST alone: no session is kept, so there is no stream"}
            await JSONResponse(only_calls, status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        try:
            body = await read_body(receive, MAX_BODY_BYTES, MAX_VALUES)
        except ClientDisconnect:
            return
        except BodyRefused as refused:
            await JSONResponse({"error": refused.message}, status_code=refused.status)(scope, receive, send)
            return
        token = calling.set(caller)
        try:
            with call_metrics.counted(), telemetry.request_span(f"{scope['method']} {MCP_PATH}", headers):
                await self.app(scope, given_again(body, receive), _errors_as_data(scope, receive, send))
        finally:
            calling.reset(token)

    def _caller(self, headers: Headers) -> Caller | None:
        """Return who calls. With IAM inbound the Runtime has checked the gateway's signature, and no user is known."""
        identity = self.settings.environment.identity
        if identity.mode == "runtime" and self.settings.manifest.spec.auth.inbound == "iam":
            return None
        tokens = {"Authorization": ", ".join(headers.getlist("Authorization"))}  # one, or else refused
        return authenticate(tokens, identity.mode, self.settings.state, identity.discovery_url)


def _errors_as_data(scope: Scope, receive: Receive, send: Send) -> Send:
    """Return what sends an application's answers; a refusal in words, or none, becomes JSON with `error`."""
    refusal: Message = {}
    words = bytearray()

    async def send_next(message: Message) -> None:
        nonlocal refusal
        if message["type"] == "http.response.start" and message["status"] >= 400:
            kind = Headers(raw=message["headers"]).get("content-type", "")
            refusal = {} if kind.startswith("application/json") else message
        if not refusal:
            await send(message)
            return
        words.extend(message.get("body", b""))
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            error = words.decode(errors="replace") or HTTPStatus(refusal["status"]).phrase
            await JSONResponse({"error": error}, status_code=refusal["status"])(scope, receive, send)

    return send_next


def ids() -> dict[str, str | None]:
    """Return the ids of the request that is being answered, for the log."""
    session = baggage.get_baggage("session.id")
    return {"sessionId": str(session) if session else None}
