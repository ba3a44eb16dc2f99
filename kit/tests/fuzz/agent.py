"""The agent's server, with a memory and a recorded gateway around it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import yaml

from agentcore_kit.local.recorded_gateway import Recording
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.telemetry import local_defaults
from agentcore_kit.serving.invocation import SESSION_HEADER
from tests.domains import DOMAINS
from tests.fuzz import surroundings, values
from tests.fuzz.processes import Running, helper, serving
from tests.fuzz.wire import LEAVING, Headers, Manner, Reply, Request
from tests.homes import environment_of, free_port, home_in, instrumented

OPEN_SESSIONS = 50
"""How many sessions stay open: few, so that a run soon is at this limit, from where on nothing may grow."""

STATUSES = frozenset((200, 307, 400, 401, 403, 404, 405, 408, 413, 415, 429, 431, 503))
"""What the agent may answer: success, the caller's mistakes, and that it cannot answer now."""

_TOOL: dict[str, Any] = {
    "name": "desk___findKey",
    "description": "Finds the key of a building. Use when the user asks for the key of the boathouse.",
    "inputSchema": {"type": "object", "properties": {"building": {"type": "string"}}, "required": ["building"]},
}
_FOUND = {"content": [{"type": "text", "text": '{"drawer": "third"}'}], "isError": False}
_DOMAIN = DOMAINS["finance"]
_KEY = "Where is the key of the boathouse?"
_KINDS = ("right", "body", "headers", "stream", "target", "shared", "not http")
_WEIGHTS = (20, 44, 14, 8, 8, 2, 4)
_SESSION = SESSION_HEADER.encode()
_MEDIA_TYPES = (b"text/plain", b"application/json; charset=utf-16", b"multipart/form-data; boundary=x", b"")
_OTHER_HEADERS = (
    b"Accept", b"Origin", b"Accept-Encoding", b"Content-Encoding", b"Cookie", b"X-Forwarded-For",
    b"WorkloadAccessToken", b"X-Amzn-Bedrock-AgentCore-Runtime-Custom-A", b"OAuth2CallbackUrl", b"Expect",
)  # fmt: skip


class AgentTarget:
    """An agent whose users, sessions and requests are odd."""

    name = "agent"

    def __init__(self) -> None:
        self._tokens: list[str] = []

    @contextmanager
    def serving(self, folder: Path) -> Iterator[Running]:
        """Start memory and gateway in one process, the agent in another."""
        home = _home(folder / "agent")
        env = environment_of(home)
        self._tokens = [issue_development_token(f"user-{number}", home / ".local") for number in range(20)]
        port = free_port()
        with helper(str(surroundings.__file__), cwd=home, env=env) as said:
            around = json.loads(said.readline())
            assert {"AGENT_MEMORY_ENDPOINT"} < {name for name in around if "CONNECT" not in name}, (
                f"memory and gateway are to be there: {around}"
            )
            env |= local_defaults() | around | {"PORT": str(port)}
            with serving(instrumented("agent.app"), home, env, home / "server.log", port) as running:
                httpx.post(f"http://127.0.0.1:{port}/invocations", json={}, timeout=300)  # waits until it is loaded
                yield running

    def check_works(self, port: int) -> None:
        """Ask for a figure, and for what only the gateway knows; streamed and not."""
        asked = {_DOMAIN.asked.question: _DOMAIN.figure, _KEY: "third"}
        for question, figure in asked.items():
            for stream in (False, True):
                headers = {
                    "Authorization": f"Bearer {self._tokens[0]}",
                    SESSION_HEADER: f"works-{uuid4()}",
                }
                sent = {"prompt": question, "stream": stream}
                reply = httpx.post(f"http://127.0.0.1:{port}/invocations", json=sent, headers=headers, timeout=300)
                assert reply.status_code == 200, reply.text
                assert figure in reply.text, reply.text

    def request(self, rng: Random, number: int) -> Request:
        """Return a right request in a session of its own, or one with something odd."""
        session = f"fuzz-session-{number:06d}-{'s' * 20}"
        right = self._right(rng, session)
        match rng.choices(_KINDS, _WEIGHTS)[0]:
            case "right":
                return right
            case "body":
                right.body = values.mutated(rng, json.loads(right.body))
                right.manner = rng.choice((Manner.WHOLE, Manner.WHOLE, Manner.SLOW, Manner.CHUNKED, Manner.CUT))
                return right.odd("an odd body")
            case "headers":
                right.headers = self._odd_headers(rng, right.headers)
                return right.odd("odd headers")
            case "stream":
                right.manner = rng.choice(LEAVING)
                return right.odd(f"a client that {right.manner.value}")
            case "target":
                right.method = rng.choice((b"GET", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"PATCH", b"BREW", b"post"))
                right.target = rng.choice((b"/invocations", b"/ping", b"/", b"/invocations/", b"/%00", b"//x", b"/ws",
                                           b"/invocations?a=%ff", b"/../etc/passwd", b"/" + b"a" * 20_000))  # fmt: skip
                if rng.random() < 0.3:
                    right.headers += [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"),
                                      (b"Sec-WebSocket-Version", b"13"),
                                      (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")]  # fmt: skip
                return right.odd("another address or method")
            case "shared":
                right.headers = [(_SESSION, b"shared-" + b"s" * 30) if name == _SESSION else (name, value)
                                 for name, value in right.headers]  # fmt: skip
                right.session, right.about = "", "a right request in a session that others use too"
                return right
            case _:
                return not_http(rng)

    def objection(self, request: Request, reply: Reply) -> str | None:
        """Return why an answer is none of the contract's."""
        if reply.status not in STATUSES:
            return f"status {reply.status} is not documented"
        if reply.body == b"Invalid HTTP request received.":  # of the HTTP server itself, as with a control character
            return f"a right request: {reply.body.decode()}" if request.right else None
        if reply.status >= 400 and request.method != b"HEAD":
            if request.right:
                return f"a right request: status {reply.status}: {reply.body[:300].decode('utf-8', 'replace')}"
            return _no_error(reply)
        if request.right and (wrong := _no_answer(reply)):
            return f"a right request: {wrong}"
        return None

    def _right(self, rng: Random, session: str) -> Request:
        asked, following = rng.choice(_DOMAIN.conversations)
        odd = f"{_DOMAIN.asked.question} {values.text(rng)[:2000]}"
        prompt = rng.choice((asked.question, following.question, _KEY, "What can you do?", odd))
        body = {"prompt": prompt.encode("utf-8", "replace").decode()} | rng.choice(({}, {"stream": True}))
        headers = [(b"Content-Type", b"application/json"), (_SESSION, session.encode()),
                   (b"Authorization", b"Bearer " + rng.choice(self._tokens).encode())]  # fmt: skip
        about = f"a right request{', streamed' if 'stream' in body else ''}"
        manner = rng.choice((Manner.WHOLE, Manner.WHOLE, Manner.SLOW, Manner.CHUNKED))
        return Request(about, b"POST", b"/invocations", headers, json.dumps(body).encode(), manner, True, session)

    def _odd_headers(self, rng: Random, headers: Headers) -> Headers:
        found = list(headers)
        for _ in range(rng.randint(1, 3)):
            match rng.randrange(7):
                case 0:
                    found = _changed(found, _SESSION, [odd_session(rng) for _ in range(rng.choice((0, 1, 1, 2)))])
                case 1:
                    tokens = [odd_token(rng, self._tokens) for _ in range(rng.choice((0, 1, 1, 2)))]
                    found = _changed(found, b"Authorization", tokens)
                case 2:
                    found += values.trace_headers(rng)
                case 3:
                    name = b"X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"
                    found += [(name, values.header_value(rng))] * rng.choice((1, 2))
                case 4:
                    found = _changed(found, b"Content-Type", [rng.choice((*_MEDIA_TYPES, values.header_value(rng)))])
                case 5:
                    odd = (b"gzip", b"http://evil.example", values.header_value(rng))
                    found.append((rng.choice(_OTHER_HEADERS), rng.choice(odd)))
                case _:
                    found += [(b"X-Many-%d" % one, b"v" * 50) for one in range(values.size(rng, 300))]
        return found


def odd_session(rng: Random) -> bytes:
    """Return the id of a session that is too short, too long, odd, or just right."""
    return rng.choice((b"", b"short", b"s" * 32, b"s" * 33, b"s" * 256, b"s" * 257, b"../" * 20, "ü".encode() * 40,
                       b"s" * 20 + b" " + b"s" * 20, values.header_value(rng)))  # fmt: skip


def odd_token(rng: Random, tokens: list[str]) -> bytes:
    """Return a value of `Authorization` that is no token of ours, is a changed one, or one of somebody else."""
    good = rng.choice(tokens)
    head, claims, signature = good.split(".")
    at = rng.randrange(len(good))
    return rng.choice((
        b"", b"Bearer", b"Bearer ", b"Basic dTpw", b"Bearer a.b.c", b"Bearer ..", b"bearer " + good.encode(),
        f"Bearer {good[:at]}A{good[at + 1:]}".encode(), f"Bearer eyJhbGciOiJub25lIn0.{claims}.".encode(),
        f"Bearer {head}.{claims}".encode(), f"Bearer {good}.{signature}".encode(), f"Bearer  {good}".encode(),
        f"Bearer {good}, Bearer {good}".encode(), b"Bearer " + b"a" * 60_000, b"Bearer \xff\xfe.\xc3.\xa4",
        b"Bearer " + values.header_value(rng), values.header_value(rng),
    ))  # fmt: skip


def not_http(rng: Random) -> Request:
    """Return bytes that are nearly HTTP, or none."""
    line = rng.choice((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0", b"GET", b"POST /invocations",
                       b"POST /invocations HTTP/9.9", b"\0" * 50, b"POST  /invocations  HTTP/1.1", b"A" * 70_000,
                       b"POST http://[::1 HTTP/1.1"))  # fmt: skip
    headers: Headers = rng.choice((
        [(b"Content-Length", b"5"), (b"Content-Length", b"7")], [(b"Content-Length", b"-1")],
        [(b"Content-Length", b"9" * 30)], [(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"3")],
        [(b"Transfer-Encoding", b"chunked, chunked")], [(b"Na me", b"x")], [(b"", b"x")], [(b"X", b"a\0b")],
        [(b"X", b"a" * 200_000)], [(b"Transfer-Encoding", b"gzip")], [(b"Host", b"[::")],
    ))  # fmt: skip
    if rng.random() < 0.5:
        line = b"POST /invocations"
    method, _, target = line.partition(b" ")
    manner = rng.choice((Manner.CUT, Manner.LEAVES_IN_BODY, Manner.LEAVES_BEFORE_ANSWER))
    return Request("what is no HTTP", method, target, headers, b"zz\r\n{}", manner, is_http=False)


def _changed(headers: Headers, name: bytes, given: list[bytes]) -> Headers:
    return [(each, value) for each, value in headers if each != name] + [(name, value) for value in given]


def _no_error(reply: Reply) -> str | None:
    """Return what keeps an answer from saying what is wrong, as data."""
    if reply.status in (404, 405):  # no address of the contract
        return None
    try:
        said = json.loads(reply.body)
        return None if isinstance(said["error"], str) and said["error"] else f"no error in {reply.body[:200]!r}"
    except (ValueError, KeyError, TypeError):
        return f"status {reply.status} without an error as data: {reply.body[:200]!r}"


def _no_answer(reply: Reply) -> str | None:
    """Return what keeps an answer from being one: streamed or not, it ends with the agent's words."""
    try:
        if reply.headers.get("content-type", "").startswith("text/event-stream"):
            lines = [line for line in reply.body.decode().splitlines() if line]
            last = json.loads(lines[-1].removeprefix("data: "))
        else:
            last = json.loads(reply.body)
        return None if last["answer"] else "an empty answer"
    except (ValueError, KeyError, TypeError, IndexError):
        return f"no answer in {reply.body[-300:]!r}"


def _home(folder: Path) -> Path:
    """Return a copy of the repository whose manifest names a memory and a gateway."""
    home = home_in(folder)
    manifest = yaml.safe_load((home / "manifest.yaml").read_text())
    manifest["spec"]["tools"]["gateways"], manifest["spec"]["memory"] = ["desk"], "customers"
    (home / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
    file = home / "environments" / "local.yaml"
    environment = yaml.safe_load(file.read_text())
    nowhere = "http://127.0.0.1:9"  # replaced by variables
    environment |= {
        "gateways": {"desk": f"{nowhere}/mcp"},
        "memory": {"id": "customers-localstore", "endpoint": nowhere},
        "limits": {"sessions": {"maxOpen": OPEN_SESSIONS}},
    }
    file.write_text(yaml.safe_dump(environment, sort_keys=False))
    recording = Recording("desk", [_TOOL])
    recording.note("desk___findKey", {"building": "boathouse"}, {}, _FOUND)
    (home / "evals" / "gateways").mkdir(parents=True)
    shutil.move(recording.write(), home / "evals" / "gateways")
    return home
