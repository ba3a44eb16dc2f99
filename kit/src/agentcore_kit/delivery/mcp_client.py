"""One request to an MCP endpoint, as plain HTTP: these servers, and gateways, keep no session between requests."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx

from agentcore_kit.delivery.invoke import SESSION_HEADER, client
from agentcore_kit.runtime.aws_signing import Signed as Signed

_ACCEPTED = "application/json, text/event-stream"
_REVISION, _CLIENT = "2025-11-25", {"name": "agentcore-kit", "version": "1"}


class NoAnswer(Exception):
    """The endpoint did not answer as MCP asks for; the message says what it did instead."""


def request(url: str, who: str | httpx.Auth, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the result of a request as a user, by a token, or as an AWS role. Raises NoAnswer."""
    headers = {"Accept": _ACCEPTED, SESSION_HEADER: f"kit-{uuid4()}"}
    if who and isinstance(who, str):
        headers["Authorization"] = f"Bearer {who}"
    auth = who if isinstance(who, httpx.Auth) else httpx.USE_CLIENT_DEFAULT
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    try:
        reply = client().post(url, headers=headers, json=call, auth=auth)
    except httpx.HTTPError as error:
        raise NoAnswer(f"nobody answers: {error}") from None
    if reply.status_code != 200:
        raise NoAnswer(f"HTTP {reply.status_code}: {reply.text[:200]}")
    try:
        said: dict[str, Any] = json.loads(_message(reply))
        result: dict[str, Any] = said["result"]
    except (ValueError, KeyError, StopIteration):
        raise NoAnswer(f"no result of {method}: {reply.text[:200]}") from None
    return result


def server_version(url: str, who: str | httpx.Auth) -> str:
    """Return the version that a server says it has, empty when it says none. Raises NoAnswer."""
    said = request(url, who, "initialize", {"protocolVersion": _REVISION, "capabilities": {}, "clientInfo": _CLIENT})
    return str(said.get("serverInfo", {}).get("version", ""))


def list_tools(url: str, who: str | httpx.Auth) -> list[dict[str, Any]]:
    """Return the tools that an endpoint offers. Raises NoAnswer."""
    tools: list[dict[str, Any]] = []
    page = request(url, who, "tools/list")
    tools += page["tools"]
    while cursor := page.get("nextCursor"):
        page = request(url, who, "tools/list", {"cursor": cursor})
        tools += page["tools"]
    return tools


def _message(reply: httpx.Response) -> str:
    """Return the JSON of an answer, which may come as one server-sent event."""
    if not reply.headers.get("content-type", "").startswith("text/event-stream"):
        return reply.text
    return next(line.removeprefix("data:") for line in reply.text.splitlines() if line.startswith("data:"))
