"""The local memory: operations by the shapes of the service's own model, with values that fit and others."""

from __future__ import annotations

import base64
import json
import os
import re
import string
import sys
import time
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import boto3
import botocore.session
from botocore.serialize import create_serializer

from agentcore_kit.local.memory_server.settings import Settings
from tests.fuzz import values
from tests.fuzz.agent import not_http
from tests.fuzz.processes import Running, serving
from tests.fuzz.wire import LEAVING, Manner, Reply, Request
from tests.homes import free_port
from tests.memory.test_long_run import SERVER

STATUSES = frozenset((200, 201, 202, 204, 400, 403, 404, 405, 408, 409, 413, 414, 429, 431, 505))
"""What the memory may answer: success, the exceptions of the service, and what of HTTP it does not have."""

_DATA = ("CreateEvent", "GetEvent", "DeleteEvent", "ListEvents", "ListSessions", "ListActors", "GetMemoryRecord",
         "ListMemoryRecords", "RetrieveMemoryRecords", "DeleteMemoryRecord", "BatchCreateMemoryRecords",
         "BatchUpdateMemoryRecords", "BatchDeleteMemoryRecords", "ListMemoryExtractionJobs",
         "StartMemoryExtractionJob", "StartBrowserSession")  # fmt: skip
_CONTROL = ("GetMemory", "ListMemories", "CreateMemory", "UpdateMemory", "DeleteMemory")
_SAID = ("I prefer figures in euros.", "I'm working on the budget project.", "Forget what I said about the budget.",
         "The deadline for the pack is 3 March.", "When I say pack, I mean the monthly report.")  # fmt: skip
_ACTORS = 200


class MemoryTarget:
    """A memory whose callers send everything that its model knows, and more."""

    name = "memory"

    def __init__(self) -> None:
        self.memory_id = Settings.from_files().memory_id

    def serving(self, folder: Path) -> AbstractContextManager[Running]:
        """Start the memory with a store of its own."""
        port = free_port()
        command = [sys.executable, "-c", SERVER, str(folder), str(port)]
        return serving(command, Path.cwd(), dict(os.environ), folder / "server.log", port)

    def check_works(self, port: int) -> None:
        """Keep what somebody says with the real client, and read it again."""
        client = boto3.client(
            "bedrock-agentcore", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="owner", aws_secret_access_key="any",
        )  # fmt: skip
        of = {"memoryId": self.memory_id, "actorId": "works", "sessionId": f"works-{time.time_ns()}"}
        said = [{"conversational": {"role": "USER", "content": {"text": "I prefer figures in euros."}}}]
        made = client.create_event(**of, eventTimestamp=time.time(), payload=said)["event"]
        assert [each["payload"] for each in client.list_events(**of)["events"]] == [said]
        assert client.get_event(**of, eventId=made["eventId"])["event"]["payload"] == said

    def request(self, rng: Random, number: int) -> Request:
        """Return an event of a session of its own, or an operation with something odd."""
        kinds = ("right", "shape", "body", "headers", "stream", "target", "not http")
        kind = rng.choices(kinds, (28, 36, 14, 6, 8, 4, 4))[0]
        if kind == "not http":
            return not_http(rng)
        if kind == "shape":
            return self._by_shape(rng)
        request, body = self._right(rng, f"fuzz-session-{number:06d}")
        match kind:
            case "body":
                request.body = values.mutated(rng, body)
                request.manner = rng.choice((Manner.WHOLE, Manner.WHOLE, Manner.SLOW, Manner.CUT))
                return request.odd("an odd body")
            case "headers":
                request.headers = [each for each in request.headers if rng.random() < 0.7]
                names = (b"Authorization", b"Host", b"Origin", b"Content-Type", b"Content-Encoding", b"X-Amz-Date",
                         b"Transfer-Encoding", b"Expect", b"X-Amz-Target", b"Content-Length")  # fmt: skip
                name = rng.choice(names)
                request.headers.append((name, rng.choice((b"", b"chunked", b"12", values.header_value(rng)))))
                if name in (b"Transfer-Encoding", b"Content-Length"):
                    request.manner, request.is_http = Manner.CUT, False
                return request.odd("odd headers")
            case "stream":
                request.manner = rng.choice(LEAVING)
                return request.odd(f"a client that {request.manner.value}")
            case "target":
                request.method = rng.choice((b"GET", b"PUT", b"DELETE", b"POST", b"PATCH", b"HEAD", b"OPTIONS"))
                request.target = rng.choice((b"/", b"/memories", b"/memories/%00/events", b"/memories/a/b/c/d", b"//",
                                             b"/ping", b"/memories/" + b"a" * 60_000, b"/%ff%fe", b"/memories/..%2f..",
                                             request.target + b"?maxResults=x&nextToken=%ff"))  # fmt: skip
                return request.odd("another address or method")
            case _:
                return request

    def objection(self, request: Request, reply: Reply) -> str | None:
        """Return why an answer is none of the service's."""
        shown = reply.body[:300].decode("utf-8", "replace")
        if reply.status not in STATUSES:
            return f"status {reply.status} is not documented: {shown}"
        if request.right and reply.status != 201:
            return f"a right event: status {reply.status}: {shown}"
        if not request.is_http or reply.status < 400 or request.method not in (b"GET", b"POST", b"PUT", b"DELETE"):
            return None
        try:
            said = json.loads(reply.body)
            return None if said["__type"] and "message" in said else f"no exception of the service: {shown}"
        except (ValueError, KeyError, TypeError):
            return f"status {reply.status} without an exception of the service: {shown}"

    def _right(self, rng: Random, session: str) -> tuple[Request, dict[str, Any]]:
        sent = {
            "actorId": _actor(rng), "sessionId": session, "eventTimestamp": 1_790_000_000 + rng.random(),
            "payload": [{"conversational": {"role": "USER", "content": {"text": rng.choice(_SAID)}}},
                        {"conversational": {"role": "ASSISTANT", "content": {"text": "Done."}}}],
            "clientToken": f"{rng.getrandbits(200):050x}",
        }  # fmt: skip
        target = f"/memories/{self.memory_id}/events".encode()
        headers = [(b"Content-Type", b"application/json"), (b"Authorization", _signed("owner"))]
        manner = rng.choice((Manner.WHOLE, Manner.WHOLE, Manner.SLOW))
        body = json.dumps(sent).encode()
        return Request("a right event", b"POST", target, headers, body, manner, True, session), sent

    def _by_shape(self, rng: Random) -> Request:
        """Return an operation of the model with values of its shapes, most of which fit."""
        service, names = rng.choice((("bedrock-agentcore", _DATA),) * 5 + (("bedrock-agentcore-control", _CONTROL),))
        operation = _model(service).operation_model(rng.choice(names))
        params = _shaped(rng, operation.input_shape, "", self.memory_id)
        target, body = _serialized(service, operation, params)
        if body and rng.random() < 0.15 and isinstance(sent := json.loads(body), dict):
            body = values.mutated(rng, sent)
        caller = rng.choice(("owner", "owner", "assistant", "curator", "reporting", "a*", ""))
        headers = [(b"Content-Type", b"application/json"), (b"Authorization", _signed(caller))]
        method = operation.http["method"].encode()
        return Request(f"{operation.name} by its shape", method, target, headers, body)


def _actor(rng: Random) -> str:
    return f"actor-{rng.randrange(_ACTORS)}"


def _signed(caller: str) -> bytes:
    return (f"AWS4-HMAC-SHA256 Credential={caller}/20261127/eu-central-1/bedrock-agentcore/aws4_request, "
            "SignedHeaders=host, Signature=0").encode()  # fmt: skip


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _serialized(service: str, operation: Any, params: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return path and body as botocore writes them; where a value does not fit, by the same rules."""
    try:
        made = create_serializer(_model(service).resolved_protocol, include_validation=False).serialize_to_request(
            params, operation
        )
        query = made["query_string"]
        query = urlencode(query, doseq=True) if isinstance(query, dict) else query
        body = made["body"] if isinstance(made["body"], bytes) else str(made["body"]).encode()
        return f"{made['url_path']}{f'?{query}' if query else ''}".encode("ascii", "ignore"), body
    except Exception:  # whatever a serializer makes of a value that it cannot have

        def written(name: re.Match[str]) -> str:
            return quote(str(params.get(name[1], "x")), "", errors="replace")

        path = re.sub(r"\{(\w+)\+?\}", written, operation.http["requestUri"])
        return path.encode("ascii", "ignore"), json.dumps(params, default=str).encode()


def _shaped(rng: Random, shape: Any, name: str, memory_id: str, depth: int = 0) -> Any:
    """Return a value of a shape: one in twenty does not fit."""
    if depth and rng.random() < 0.05:
        return rng.choice((None, 0, "", values.text(rng)[:3000], [], {}, 1.5, True, "x", [[]], {"a": {}}))
    match shape.type_name:
        case "structure":
            members = [*shape.members]
            if getattr(shape, "is_tagged_union", False):
                members = rng.sample(members, 1)
            wanted = [each for each in members if each in shape.required_members or rng.random() < 0.35]
            if depth > 8:
                wanted = [each for each in wanted if each in shape.required_members]
            if getattr(shape, "is_tagged_union", False):
                wanted = members
            return {each: _shaped(rng, shape.members[each], each, memory_id, depth + 1) for each in wanted}
        case "list":
            count = _count(rng, shape.metadata, 4)
            return [_shaped(rng, shape.member, name, memory_id, depth + 1) for _ in range(count)]
        case "map":
            count = _count(rng, shape.metadata, 3)
            return {_text(rng, shape.key, "", memory_id): _shaped(rng, shape.value, name, memory_id, depth + 1)
                    for _ in range(count)}  # fmt: skip
        case "string":
            return _text(rng, shape, name, memory_id)
        case "boolean":
            return rng.random() < 0.5
        case "integer" | "long":
            low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 100)
            return rng.choice((low, high, rng.randint(low, high), low - 1, high + 1, 2**70))
        case "double" | "float":
            return rng.choice((0.0, 1.0, -1.0, 0.5, 1e308))
        case "timestamp":
            return rng.choice((time.time(), 0, -1, 1_790_000_000, 1e12, 253402300799, 1e300))
        case "blob":
            return base64.b64encode(rng.randbytes(rng.randrange(40))).decode()
        case _:
            return None


def _count(rng: Random, rules: dict[str, Any], usual: int) -> int:
    low = int(rules.get("min", 0))
    return rng.choice((low, max(low, 1), rng.randint(low, low + usual), low + usual))


def _text(rng: Random, shape: Any, name: str, memory_id: str) -> str:
    """Return a text of a shape: mostly what there is in this memory, so that something is found."""
    said, token = rng.choice((*_SAID, values.text(rng)[:3000])), base64.b64encode(b"[1,2]").decode()
    known = {
        "memoryId": memory_id, "actorId": _actor(rng), "sessionId": f"fuzz-session-{rng.randrange(20_000):06d}",
        "namespace": f"/preferences/{_actor(rng)}/", "namespacePath": "/preferences/",
        "text": said, "searchQuery": said,
        "nextToken": rng.choice(("abc", "bnVsbA==", token, values.text(rng)[:100])),
    }  # fmt: skip
    if name in known and rng.random() < 0.85:
        return known[name]
    if "enum" in shape.metadata and rng.random() < 0.9:
        return str(rng.choice(shape.metadata["enum"]))
    if rng.random() < 0.2:
        return values.text(rng)[:5000]
    low = max(1, int(shape.metadata.get("min", 1)))
    length = rng.choice((low, low, min(int(shape.metadata.get("max", 50)), 3000)))
    return "".join(rng.choice(string.ascii_letters + string.digits + "-_/") for _ in range(length))
