"""HTTP before the MCP server: who calls, how often, within which trace, and the interceptors around each request."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.shared.inbound import encode_header_value
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentcore_kit.local.gateway import interceptors
from agentcore_kit.local.gateway.audit import Audit, Decided
from agentcore_kit.local.gateway.direct_calls import DirectCalls
from agentcore_kit.local.gateway.interceptors import InterceptorFailed, Interceptors
from agentcore_kit.local.gateway.issuer import Issuer, TokenRefused
from agentcore_kit.local.gateway.limits import UserLimits
from agentcore_kit.runtime import telemetry
from agentcore_kit.runtime.bodies import BodyRefused, given_again, read_body

if TYPE_CHECKING:
    from agentcore_kit.config.platform import Gateway

MCP_PATH = "/mcp"
MAX_BODY_BYTES, MAX_VALUES = 4 * 1024 * 1024, 200_000
"""What a request may have: bytes, and lists, objects and fields, which are what takes time to parse."""

THROTTLED, INTERNAL = -32029, -32603
"""Codes of JSON-RPC errors: too many requests of a user, and a fault of the gateway or of an interceptor."""

_NO_MESSAGE = {
    "code": -32600,
    "message": 'not a request of JSON-RPC: it needs "jsonrpc": "2.0", "method" and, to be answered, "id"',
}

logger = logging.getLogger(__name__)


class Door:
    """Lets in who has a right token and has not asked too often. Everything else on the port is public."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Callable[[], Gateway],
        hooks: Callable[[], Interceptors],
        direct: DirectCalls,
        issuer: Issuer,
        audit: Audit,
    ) -> None:
        """Stand before an application.

        Args:
            app: The MCP server, behind fastmcp's reading of the token.
            settings: Returns the gateway's section of the environment file.
            hooks: Returns the interceptors that it names.
            direct: Answers what needs no MCP server.
            issuer: Says what is wrong with a token that was not accepted.
            audit: Takes a line for each request that is refused here.
        """
        self._app, self._settings, self._hooks = app, settings, hooks
        self._direct, self._issuer, self._audit = direct, issuer, audit
        self._limits = UserLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != MCP_PATH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with telemetry.request_span(f"{scope['method']} {MCP_PATH}", headers):
            user = scope.get("user")
            if not isinstance(user, AuthenticatedUser):
                await self._unauthenticated(headers)(scope, receive, send)
                return
            who = str(user.access_token.subject)
            if wait := self._limits.wait_seconds(who, self._settings().requests_per_minute):
                await self._throttled(who, wait)(scope, receive, send)
                return
            if scope["method"] != "POST":
                await self._app(scope, receive, send)
                return
            await self._posted(scope, receive, send)

    async def _posted(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raw = await read_body(receive, MAX_BODY_BYTES, MAX_VALUES)
        except ClientDisconnect:
            return
        except BodyRefused as refused:
            await JSONResponse({"error": refused.message}, refused.status)(scope, receive, send)
            return
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            await self._app(scope, given_again(raw, receive), send)  # which says what is wrong with it
            return
        if isinstance(body, dict) and not _is_message(body):
            await JSONResponse(_error(body.get("id"), _NO_MESSAGE), 400)(scope, receive, send)
        elif hooks := self._hooks():
            await self._intercepted(hooks, body, scope, receive, send)
        elif (answer := await self._direct.answer(Headers(scope=scope), body)) is not None:
            await _json(200, answer)(scope, receive, send)
        else:
            await self._app(scope, given_again(raw, receive), send)

    def _unauthenticated(self, headers: Headers) -> Response:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        challenge = f'resource_metadata="{self._issuer.url}/.well-known/oauth-protected-resource{MCP_PATH}"'
        why = "no bearer token in the Authorization header; make one with kit token, in the platform's repository"
        if scheme.lower() == "bearer" and token:
            try:
                self._issuer.verify(token)
                why = "the token is not accepted"  # it expired between two looks at it
            except TokenRefused as error:
                why = str(error)
            challenge = f'error="invalid_token", error_description="{why}", {challenge}'
        self._note(Decided("", "", None, "unauthenticated", reason=why))
        body = {"error": "invalid_token", "error_description": why}
        return JSONResponse(body, 401, headers={"WWW-Authenticate": f"Bearer {challenge}"})

    def _throttled(self, user: str, wait: int) -> Response:
        limit = self._settings().requests_per_minute
        why = f"more than {limit} requests in a minute (gateway.requestsPerMinute); try again in {wait} s"
        self._note(Decided(user, "", None, "throttled", reason=why))
        error = {"code": THROTTLED, "message": why, "data": {"retryAfterSeconds": wait}}
        return JSONResponse(_error(None, error), 429, headers={"Retry-After": str(wait)})

    def _note(self, decided: Decided) -> None:
        try:
            self._audit.write(decided)
        except OSError as error:  # the request is refused in any case
            logger.error("the audit line cannot be written: %s: %s", self._audit.path, error.strerror)

    async def _intercepted(self, hooks: Interceptors, body: Any, scope: Scope, receive: Receive, send: Send) -> None:
        request = interceptors.Message(body, dict(Headers(scope=scope)))
        number = body.get("id") if isinstance(body, dict) else None
        named = _name(body)
        try:
            changed, answer = await hooks.request(MCP_PATH, request)
            if answer is None:
                answer = await self._answer(scope, changed, receive, is_renamed=_name(changed) != named)
            answer = await hooks.response(MCP_PATH, request, answer)
        except InterceptorFailed as error:
            logger.exception("%s", error)
            why = "an interceptor of the gateway failed; its operators find the cause in the log"
            answer = interceptors.Message(_error(number, {"code": INTERNAL, "message": why}), {}, 500)
        if answer.body is None:
            await Response(None, answer.status)(scope, receive, send)
        else:
            await _json(answer.status, answer.body)(scope, receive, send)

    async def _answer(self, scope: Scope, body: Any, receive: Receive, *, is_renamed: bool) -> interceptors.Message:
        """Return what the MCP server answers to a body."""
        raw = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        inner = {**scope, "headers": list(scope["headers"])}
        headers = MutableHeaders(scope=inner)
        headers["content-length"] = str(len(raw))
        if is_renamed and "mcp-name" in headers:  # the body and its header name one tool
            headers["mcp-name"] = encode_header_value(_name(body))
        if (direct := await self._direct.answer(Headers(scope=inner), body)) is not None:
            return interceptors.Message(direct, {}, 200)
        started: Message = {}
        parts = bytearray()

        async def collect(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message
            else:
                parts.extend(message.get("body", b""))

        await self._app(inner, given_again(raw, receive), collect)
        answered = dict(Headers(raw=started["headers"]))
        try:
            said = json.loads(parts) if parts else None
        except ValueError:
            said = {"error": parts.decode(errors="replace")}
        return interceptors.Message(said, answered, started["status"])


def _name(body: Any) -> str:
    """Return the name of the tool that a body is about; empty where it is about none."""
    params = body.get("params") if isinstance(body, dict) else None
    return str(params.get("name", "")) if isinstance(params, dict) else ""


def _is_message(body: dict[str, Any]) -> bool:
    """Return whether a body is a request, a notification or a response of JSON-RPC."""
    return body.get("jsonrpc") == "2.0" and bool({"method", "result", "error"} & body.keys())


def _json(status: int, body: Any) -> Response:
    """Return a response; half a character that somebody's tool answered becomes a question mark."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Response(content, status, media_type="application/json")


def _error(number: Any, error: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": error}
