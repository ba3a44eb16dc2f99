"""Calls an HTTP API by the operations of its OpenAPI description, and checks what it answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx2
from opentelemetry import trace

from agentcore_kit.runtime.deadline import seconds_left
from agentcore_kit.runtime.http_api import sample
from agentcore_kit.runtime.http_api.credentials import ClientCredentials
from agentcore_kit.runtime.http_api.description import Operation, absolute
from agentcore_kit.runtime.http_api.errors import Misdescribed, Refused, UnexpectedAnswer
from agentcore_kit.runtime.http_api.media_types import json_content
from agentcore_kit.runtime.http_api.reading import read_description

MAX_BYTES = 5_000_000
"""How large an answer may be."""

_AGAIN = {408, 425, 429}
_WITHOUT_CONTENT = {204, 205}
_tracer = trace.get_tracer("http_api")


class HttpApi:
    """An HTTP API. It may be used by several threads at once."""

    def __init__(
        self,
        description: Path,
        *,
        url: str = "",
        credentials: tuple[str, str] = ("CLIENT_ID", "CLIENT_SECRET"),
        timeout_seconds: float = 2.0,
        auth: httpx2.Auth | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Read the description; the first connection is made with the first call.

        Args:
            description: An OpenAPI description of version 3.0 or 3.1, in YAML or JSON.
            url: Where the API is, as the environment has it: its sandbox is elsewhere. Empty: the examples of the
                description answer, within this process.
            credentials: The environment variables that have client id and client secret, for operations that need
                OAuth client credentials.
            timeout_seconds: How long one request may take, and how long one waits for the token.
            auth: What signs requests in another way than the description says.
            transport: What sends requests; for tests.

        Raises:
            Misdescribed: When the file is no such description, or an address is not https.
        """
        self.description = read_description(description)
        self._seconds = timeout_seconds
        self._signs_otherwise = auth is not None
        self._server, self._given_auth, self._transport = url.rstrip("/"), auth, transport
        self._variables = credentials
        self._values: Mapping[str, str] = os.environ
        if not url:
            self._transport = found = sample.SampleApi(self.description)
            self._server, self._given_auth = sample.SERVER, None
            self._variables, self._values = sample.VARIABLES, found.values
        self._refuse_plain(self._server)
        self._auth: dict[tuple[str, tuple[str, ...]], httpx2.Auth] = {}
        self._lock = Lock()
        self._client: httpx2.Client | None = None

    def call(self, operation: str, parameters: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Call an operation.

        Args:
            operation: Its `operationId`.
            parameters: Its parameters by name, wherever they go: path, query or header.
            body: What is sent as JSON.

        Returns:
            The JSON of the answer; None where it has none.

        Raises:
            Misdescribed: When there is no such operation, or one that needs what is not supported. Nothing was sent.
            ConnectionError: When asking again may help: no connection, no answer in time, 408, 425, 429, 5xx.
            Refused: For every other status of 400 to 499.
            UnexpectedAnswer: When the answer is not what the description says.
            ValueError: When the description does not allow the call. Nothing was sent.
        """
        described = self.description.operation(operation)
        if described.token.lacks and not self._signs_otherwise:
            raise Misdescribed(f"{self.description.name}: {operation}: {described.token.lacks}")
        given = parameters or {}
        if problem := self.description.problem_of_call(described, given, body):
            raise ValueError(f"{operation}: {problem}")
        request = self._open().build_request(
            described.method,
            self._server + described.path(given),
            params=described.query(given),
            headers={**described.headers(given), "Accept": described.accepted, **_content_type(described, body)},
            json=body,
            timeout=max(0.001, seconds_left(self._seconds)),
        )
        attributes = {
            "http.request.method": described.method,
            "server.address": request.url.host,
            "url.template": described.template,
        }
        name = f"{described.method} {described.template}"
        with _tracer.start_as_current_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes) as span:
            try:
                status, content = self._answer(described, request)
            except httpx2.TransportError as error:
                span.set_attribute("error.type", type(error).__name__)
                raise ConnectionError(f"{operation}: {type(error).__name__}") from error
            except httpx2.DecodingError as error:
                raise UnexpectedAnswer(f"{operation}: the answer cannot be decoded") from error
            span.set_attribute("http.response.status_code", status)
            return self._read(described, status, content)

    def _answer(self, operation: Operation, request: httpx2.Request) -> tuple[int, bytes]:
        """Send a request, and return status and content of the answer."""
        until = monotonic() + seconds_left(self._seconds)
        response = self._open().send(request, auth=self._signed(operation), stream=True)
        try:
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_BYTES:
                    raise UnexpectedAnswer(f"{operation.id}: the answer has more than {MAX_BYTES:,} bytes")
                if monotonic() > until:
                    raise httpx2.ReadTimeout("the answer takes too long", request=request)
            return response.status_code, bytes(content)
        finally:
            response.close()

    def _read(self, operation: Operation, status: int, content: bytes) -> Any:
        """Return what an answer says, held against the description."""
        if status in _AGAIN or status >= 500:
            raise ConnectionError(f"{operation.id}: HTTP status {status}")
        if status >= 400:
            raise Refused(operation.id, status, _message(content))
        response = operation.response(status)
        if response is None or not 200 <= status < 300:
            raise UnexpectedAnswer(f"{operation.id}: HTTP status {status}, of which the description says nothing")
        described = json_content(response.get("content", {}))
        if described is None or status in _WITHOUT_CONTENT or operation.method == "HEAD":
            return None
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            raise UnexpectedAnswer(f"{operation.id}: the answer is no JSON") from None
        if problem := self.description.problem_of_answer(dict(described[1].get("schema", {})), value):
            raise UnexpectedAnswer(f"{operation.id}: the answer is not as described: {problem}")
        return value

    def _signed(self, operation: Operation) -> httpx2.Auth | None:
        if self._given_auth is not None or not operation.token.url:
            return self._given_auth
        key = (absolute(self._server, operation.token.url), operation.token.scopes)
        with self._lock:
            if key not in self._auth:
                self._refuse_plain(key[0])
                self._auth[key] = ClientCredentials(*key, self._variables, self._values, self._seconds)
            return self._auth[key]

    def _open(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                # Follows no redirects, as they could lead away, and keeps no cookies, as they are of one caller.
                no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
                self._client = httpx2.Client(transport=self._transport, cookies=no_cookies)
            return self._client

    def _refuse_plain(self, address: str) -> None:
        parts = urlsplit(address)
        is_here = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_here)):
            raise Misdescribed(f"{self.description.name}: {address or 'no address'}: needed: https://…")


def _content_type(operation: Operation, body: Any) -> dict[str, str]:
    return {} if body is None else {"Content-Type": operation.body_type}


def _message(content: bytes) -> str:
    """Return what a refusal says, as JSON or text, shortened."""
    text = content[:2000].decode("utf-8", "replace")
    try:
        said = json.loads(content)
        text = str(said.get("message") or said.get("detail") or said.get("title") or text)
    except (ValueError, AttributeError, RecursionError):
        pass
    return " ".join(text.split())[:300]
