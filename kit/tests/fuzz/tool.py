"""The tools' server: MCP over streamable HTTP, in both revisions of the protocol."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Any

import httpx

from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.telemetry import local_defaults
from tests.fuzz import values
from tests.fuzz.agent import not_http, odd_token
from tests.fuzz.processes import Running, serving
from tests.fuzz.wire import LEAVING, Headers, Manner, Reply, Request
from tests.homes import environment_of, free_port, home_in, instrumented

STATUSES = frozenset((200, 202, 307, 400, 401, 403, 404, 405, 406, 408, 413, 415, 421, 429, 431, 503))
"""What the server may answer: success, and the caller's mistakes."""

REVISIONS = ("2025-11-25", "2026-07-28")

_METHODS = ("initialize", "ping", "server/discover", "tools/list", "tools/call")
_OTHER_METHODS = (
    "prompts/list", "prompts/get", "resources/list", "resources/read", "resources/subscribe", "logging/setLevel",
    "completion/complete", "tasks/get", "tasks/list", "tasks/result", "tasks/cancel", "sampling/createMessage",
    "roots/list", "elicitation/create", "subscriptions/listen", "notifications/initialized", "notifications/progress",
    "notifications/cancelled", "notifications/roots/list_changed", "tools/call/", "", "rpc.discover", "__init__",
)  # fmt: skip
_TOOLS: dict[str, tuple[str, ...]] = {
    "getMarketData": ("region", "dataType"), "listWatchedMarkets": (),
    "addWatchedMarket": ("region", "dataType"), "removeWatchedMarket": ("region", "dataType"),
}  # fmt: skip
_VALUES = {"region": ("EMEA", "APAC", "AMER"), "dataType": ("revenue", "sales", "customers")}
_HEADERS = (b"MCP-Protocol-Version", b"Mcp-Method", b"Mcp-Name", b"Mcp-Session-Id", b"Accept", b"Content-Type",
            b"Mcp-Param-Region")  # fmt: skip
_OTHER_HEADERS = (b"Origin", b"Accept-Encoding", b"Content-Encoding", b"Cookie", b"Last-Event-ID", b"Expect")
_TARGETS = (b"/mcp", b"/mcp/", b"/ping", b"/", b"/sse", b"/messages", b"/mcp?x=%ff", b"/" + b"a" * 20_000,
            b"/.well-known/oauth-protected-resource")  # fmt: skip
_PREFIX = "io.modelcontextprotocol/"


class ToolTarget:
    """A tool server whose clients speak the protocol, and nearly so."""

    name = "tool"

    def __init__(self) -> None:
        self._tokens: list[str] = []

    def serving(self, folder: Path) -> AbstractContextManager[Running]:
        """Start the server as the image does."""
        home = home_in(folder / "tool")
        self._tokens = [issue_development_token(f"user-{number}", home / ".local") for number in range(20)]
        port = free_port()
        env = environment_of(home) | local_defaults() | {"PORT": str(port)}
        return serving(instrumented("tool.app"), home, env, home / "server.log", port)

    def check_works(self, port: int) -> None:
        """Ask for a figure in both revisions of the protocol."""
        for revision in REVISIONS:
            call = {"name": "getMarketData", "arguments": {"region": "EMEA", "dataType": "revenue"}}
            headers, body = _message(revision, "tools/call", call, 1)
            sent = {name.decode(): value.decode() for name, value in headers}
            sent |= {"Authorization": f"Bearer {self._tokens[0]}"}
            reply = httpx.post(f"http://127.0.0.1:{port}/mcp", json=body, headers=sent, timeout=300)
            assert reply.status_code == 200, reply.text
            assert reply.json()["result"]["structuredContent"]["value"] == 18.4, reply.text

    def request(self, rng: Random, number: int) -> Request:
        """Return a right message of a session of its own, or one with something odd."""
        session = f"fuzz-session-{number:06d}-{'s' * 20}"
        kinds = ("right", "body", "headers", "stream", "message", "batch", "target", "not http")
        kind = rng.choices(kinds, (26, 20, 14, 10, 16, 6, 4, 4))[0]
        request, body = self._right(rng, session)
        match kind:
            case "right":
                return request
            case "body":
                request.body = values.mutated(rng, body)
                request.manner = rng.choice((Manner.WHOLE, Manner.WHOLE, Manner.SLOW, Manner.CHUNKED, Manner.CUT))
                return request.odd("an odd body")
            case "headers":
                request.headers = self._odd_headers(rng, request.headers)
                return request.odd("odd headers")
            case "stream":
                request.manner = rng.choice(LEAVING)
                return request.odd(f"a client that {request.manner.value}")
            case "message":
                request.headers, request.body = self._odd_message(rng, request.headers)
                return request.odd("an odd message")
            case "batch":
                several = [self._odd_message(rng, [])[1] for _ in range(values.size(rng, 200))]
                request.body = b"[" + b",".join(several) + b"]"
                return request.odd("a batch")
            case "target":
                request.method = rng.choice((b"GET", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"PATCH", b"POST"))
                request.target = rng.choice(_TARGETS)
                if rng.random() < 0.3:
                    request.headers.append((b"Last-Event-ID", rng.choice((b"1", values.header_value(rng)))))
                return request.odd("another address or method")
            case _:
                return not_http(rng)

    def objection(self, request: Request, reply: Reply) -> str | None:
        """Return why an answer is none of MCP's."""
        shown = reply.body[:300].decode("utf-8", "replace")
        if reply.status not in STATUSES:
            return f"status {reply.status} is not documented: {shown}"
        if request.right and (reply.status != 200 or b'"result"' not in reply.body):
            return f"a right message: status {reply.status}: {shown}"
        if b"-32603" in reply.body:
            return f"an internal error: {shown}"
        no_http = (
            reply.body == b"Invalid HTTP request received."
        )  # of the HTTP server itself, as with a control character
        if no_http or request.target != b"/mcp" or request.method != b"POST" or reply.status == 202:
            return None
        try:
            said = json.loads(reply.body)
            told = all("result" in each or "error" in each for each in (said if isinstance(said, list) else [said]))
        except (ValueError, TypeError):
            told = False
        return None if told else f"status {reply.status} without a result or an error as data: {shown}"

    def _right(self, rng: Random, session: str) -> tuple[Request, dict[str, Any]]:
        revision = rng.choice(REVISIONS)
        method = rng.choice(
            ("tools/call",) * 6 + ("tools/list", "server/discover" if revision == REVISIONS[1] else "ping")
        )
        params: dict[str, Any] = {}
        if method == "tools/call":
            name = rng.choice([*_TOOLS])
            params = {"name": name, "arguments": {each: rng.choice(_VALUES[each]) for each in _TOOLS[name]}}
        headers, body = _message(revision, method, params, rng.choice((1, 0, "a", 2**40)))
        headers.append((b"Mcp-Session-Id", session.encode()))
        headers.append((b"Authorization", b"Bearer " + rng.choice(self._tokens).encode()))
        manner = rng.choice((Manner.WHOLE, Manner.WHOLE, Manner.SLOW, Manner.CHUNKED))
        about = f"a right {method} of {revision}"
        return Request(about, b"POST", b"/mcp", headers, json.dumps(body).encode(), manner, True, session), body

    def _odd_message(self, rng: Random, headers: Headers) -> tuple[Headers, bytes]:
        """Return a message of another method, id, tool or argument, with the headers that belong to it."""
        revision = rng.choice(REVISIONS)
        method = rng.choice(_METHODS + _OTHER_METHODS)
        name = rng.choice((*_TOOLS, "getMarketFigure", values.text(rng)))
        arguments = {each: rng.choice(_VALUES[each]) for each in _TOOLS.get(name, ("region",))}
        ids: tuple[Any, ...] = (1, -1, 1.5, "", None, True, [], {}, 10**30, values.text(rng)[:200])
        right, body = _message(revision, method, {"name": name, "arguments": arguments}, rng.choice(ids))
        kept = [each for each in headers if each[0].lower() in (b"authorization", b"mcp-session-id")]
        match rng.randrange(5):
            case 0:
                body["params"] = {
                    "requestId": rng.choice(ids), "reason": values.text(rng)[:500], "cursor": "x", "level": "loud",
                    "progressToken": rng.choice(ids), "uri": values.text(rng)[:500],
                }  # fmt: skip
            case 1:
                body.pop("id", None)
            case 2:
                body["jsonrpc"] = rng.choice(("1.0", 2.0, None, "2.0 "))
            case _:
                return kept + right, values.mutated(rng, body)
        return kept + right, json.dumps(body).encode()

    def _odd_headers(self, rng: Random, headers: Headers) -> Headers:
        found = list(headers)
        for _ in range(rng.randint(1, 3)):
            match rng.randrange(5):
                case 0:
                    found = [each for each in found if each[0] != b"Authorization"]
                    found += [(b"Authorization", odd_token(rng, self._tokens)) for _ in range(rng.choice((0, 1, 1, 2)))]
                case 1:
                    found += values.trace_headers(rng)
                case 2:
                    name = rng.choice(_HEADERS)
                    wrong = (b"", b"2024-11-05", b"2099-01-01", b"*/*", b"text/event-stream", b"tools/list",
                             values.header_value(rng), values.header_value(rng))  # fmt: skip
                    found = [each for each in found if each[0] != name or rng.random() < 0.3]
                    found.append((name, rng.choice(wrong)))
                case 3:
                    name, odd = rng.choice(_OTHER_HEADERS), (b"gzip", b"http://evil.example", values.header_value(rng))
                    found.append((name, rng.choice(odd)))
                case _:
                    found += [(b"X-Many-%d" % one, b"v" * 50) for one in range(values.size(rng, 300))]
        return found


def _message(revision: str, method: str, params: dict[str, Any], number: Any) -> tuple[Headers, dict[str, Any]]:
    """Return a message with the headers that a revision of the protocol has for it."""
    client = {"name": "fuzz", "version": "1"}
    headers = [(b"Content-Type", b"application/json"), (b"Accept", b"application/json, text/event-stream"),
               (b"MCP-Protocol-Version", revision.encode())]  # fmt: skip
    if method == "initialize":
        params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": client}
    if revision == "2026-07-28":
        told = {"protocolVersion": revision, "clientCapabilities": {}, "clientInfo": client}
        params = {**params, "_meta": {f"{_PREFIX}{name}": one for name, one in told.items()}}
        headers.append((b"Mcp-Method", method.encode()))
        if isinstance(params.get("name"), str):
            headers.append((b"Mcp-Name", _plain(params["name"])))
    return headers, {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _plain(text: str) -> bytes:
    """Return what of a text a header can carry."""
    return "".join(letter for letter in text if " " < letter <= "~")[:1000].encode()
