"""The edges of the local memory's server: what it is sent, and what is never lost or shared because of it."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from agentcore_kit.config.memory import Strategy
from agentcore_kit.delivery.memory.forget import forget_actor
from agentcore_kit.local.memory_server.extraction import Change, Message
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.store import Record
from agentcore_kit.testing.dimensions.memory.targets import Memory, local
from tests.memory.configuration import SPEC

EVENT = {"actorId": "a", "sessionId": "s", "eventTimestamp": 1_790_000_000}
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/bedrock-agentcore/aws4_request"}


def post(memory: Memory, path: str, body: str, **headers: str) -> httpx.Response:
    assert memory.server
    url = f"{memory.server.address}/memories/{memory.memory_id}/{path}"
    return httpx.post(url, content=body, headers=SIGNED | headers, timeout=60)


def nested(levels: int) -> Any:
    found: Any = "the end"
    for _ in range(levels):
        found = {"a": found} if levels % 2 else [found]
    return found


@pytest.mark.parametrize("levels", [1, 100, 240, 400, 800, 950, 970, 980, 990, 1_000, 20_000])
def test_a_nested_blob_is_kept_and_read_or_refused_as_the_service_would(memory: Memory, levels: int) -> None:
    opening, closing = ('{"a":', "}") if levels % 2 else ("[", "]")
    blob = f'{opening * levels}"the end"{closing * levels}'
    answer = post(memory, "events", json.dumps(EVENT)[:-1] + f', "payload": [{{"blob": {blob}}}]}}')
    if answer.status_code != 201:
        assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
        assert levels > 200
        assert memory.events("a", "s") == []
    else:
        (kept,) = memory.events("a", "s")
        assert kept["payload"] == [{"blob": nested(levels)}]
        assert levels < 500


@pytest.mark.parametrize("text", ["[" * 50_000, '{"message":' * 9_000, '{"a":[' * 9_000 + "1" + "]}" * 9_000])
@pytest.mark.parametrize("kind", ["conversational", "blob"])
def test_a_text_that_is_nested_json_is_kept_as_it_is(memory: Memory, kind: str, text: str) -> None:
    said: Any = {"content": {"text": text}, "role": "USER"} if kind == "conversational" else text
    memory.client().create_event(memoryId=memory.memory_id, **EVENT, payload=[{kind: said}])
    (kept,) = memory.events("a", "s")
    assert kept["payload"] == [{kind: said}]


@pytest.mark.parametrize("payload", ['{"blob": null}', '{"conversational": null}', "{}", "null",
                                     '{"blob": 1, "json": {"content": 1}}', '{"json": {"content": null}}'])  # fmt: skip
def test_a_payload_without_a_value_is_refused_and_stored_nowhere(memory: Memory, payload: str) -> None:
    answer = post(memory, "events", json.dumps(EVENT)[:-1] + f', "payload": [{payload}]}}')
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert memory.events("a", "s") == []


def test_a_null_says_that_there_is_no_such_member(memory: Memory) -> None:
    payload = [{"blob": {"inner": None}, "conversational": None}]
    sent = {**EVENT, "branch": None, "metadata": None, "payload": payload}
    assert post(memory, "events", json.dumps(sent)).status_code == 201
    (kept,) = memory.events("a", "s")
    assert kept["payload"] == [{"blob": {"inner": None}}]


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:8090"}, {"Host": ""},
     {"Host": "localhost@evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1.evil.example"}],
)  # fmt: skip
def test_a_page_of_the_web_reaches_nothing(memory: Memory, headers: dict[str, str]) -> None:
    memory.say("a", "s", "Good morning.")
    answer = post(memory, "actors", "{}", **headers)
    assert answer.status_code == 403
    assert "actorSummaries" not in answer.text
    assert httpx.get(f"{memory.server.address}/ping", headers=headers).status_code == 403  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "headers", [{"Host": "localhost"}, {"Host": "localhost:8090"}, {"Host": "[::1]:8090"},
                {"Origin": "http://localhost:3000"}],
)  # fmt: skip
def test_what_is_of_this_machine_is_answered(memory: Memory, headers: dict[str, str]) -> None:
    assert post(memory, "actors", "{}", **headers).status_code == 200


@pytest.mark.parametrize("size", ["-1", "many", "1e3", "99999999999", "9" * 5000])
def test_a_body_without_a_usable_size_is_refused(memory: Memory, size: str) -> None:
    assert memory.server
    connection = HTTPConnection("127.0.0.1", memory.server.server_port, timeout=60)
    connection.putrequest("POST", f"/memories/{memory.memory_id}/actors")
    for name, value in (SIGNED | {"Content-Length": size}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    connection.close()


TOKENS = [
    "[" * 100_000,
    "[1e400, 1]",
    "[1, 2, 3]",
    '["a", "b"]',
    f"[{'9' * 400}, 1]",
    "{}",
    "1",
    '[{"a": 1}, 2]',
    "[null, 1]",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("operation", ["list_events", "list_sessions", "list_actors", "list_memory_records"])
def test_a_token_of_nobody_is_refused(memory: Memory, operation: str, token: str) -> None:
    where = {
        "list_events": {"actorId": "a", "sessionId": "s"}, "list_sessions": {"actorId": "a"}, "list_actors": {},
        "list_memory_records": {"namespace": "/facts/a/"},
    }[operation]  # fmt: skip
    sent = {"memoryId": memory.memory_id, **where, "nextToken": base64.urlsafe_b64encode(token.encode()).decode()}
    with pytest.raises(ClientError) as refused:
        getattr(memory.client(), operation)(**sent)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_every_listing_goes_on_where_its_page_ended(memory: Memory) -> None:
    """Sessions, actors, events of a branch with its parents, filtered events: each once, and in order."""
    client, memory_id = memory.client(), memory.memory_id
    roots = []
    for number in range(9):
        made = client.create_event(
            memoryId=memory_id, actorId="a", sessionId="s", eventTimestamp=1_790_000_000 + number // 3,
            payload=[{"blob": number}], metadata={"odd": {"stringValue": str(number % 2)}},
        )  # fmt: skip
        roots.append(made["event"]["eventId"])
        client.create_event(
            memoryId=memory_id, actorId=f"b{number}", sessionId=f"s{number}", eventTimestamp=1_790_000_000,
            payload=[{"blob": number}],
        )  # fmt: skip
        client.create_event(
            memoryId=memory_id, actorId="c", sessionId=f"s{number}", eventTimestamp=1_790_000_000 + number // 3,
            payload=[{"blob": number}],
        )  # fmt: skip
    root = roots[5]
    for name in ("x", "y"):
        ids = []
        for number in range(3):
            made = client.create_event(
                memoryId=memory_id, actorId="a", sessionId="s", eventTimestamp=1_790_000_100 + number,
                payload=[{"blob": f"{name}{number}"}], branch={"name": name, "rootEventId": root},
            )  # fmt: skip
            ids.append(made["event"]["eventId"])
        root = ids[1]

    def pages(operation: str, result: str, **where: Any) -> list[Any]:
        found, sizes = [], []
        for page in client.get_paginator(operation).paginate(
            memoryId=memory_id, PaginationConfig={"PageSize": 2}, **where
        ):
            found += page[result]
            sizes.append(len(page[result]))
        assert all(size == 2 for size in sizes[:-1])
        return found

    said = {"actorId": "a", "sessionId": "s"}

    def blobs(**where: Any) -> list[Any]:
        return [each["payload"][0]["blob"] for each in pages("list_events", "events", **said, **where)]

    odd = {"left": {"metadataKey": "odd"}, "operator": "EQUALS_TO", "right": {"metadataValue": {"stringValue": "1"}}}
    assert blobs(filter={"eventMetadata": [odd]}) == [7, 5, 3, 1]
    assert blobs(filter={"branch": {"name": "main"}}) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert blobs(filter={"branch": {"name": "x"}}) == ["x2", "x1", "x0"]
    parents = {"branch": {"name": "y", "includeParentBranches": True}}
    assert blobs(filter=parents) == ["y2", "y1", "x1", "y0", "x0", 5, 4, 3, 2, 1, 0]
    sessions = pages("list_sessions", "sessionSummaries", actorId="c")
    assert [each["sessionId"] for each in sessions] == ["s6", "s7", "s8", "s3", "s4", "s5", "s0", "s1", "s2"]
    actors = pages("list_actors", "actorSummaries")
    assert [each["actorId"] for each in actors] == ["a", *(f"b{number}" for number in range(9)), "c"]


class Slow:
    """Extracts nothing until it may."""

    label = "slow"

    def __init__(self) -> None:
        self.begun, self.may = threading.Event(), threading.Event()

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        if any("slow" in message.text for message in messages) and not self.may.is_set():
            self.begun.set()
            assert self.may.wait(60)
        return [Change("\n".join([*(each.text for each in known), *(message.text for message in messages)]), "all")]


def test_extraction_holds_up_nobody_else_and_brings_back_nothing(tmp_path: Path) -> None:
    slow = Slow()
    with local(tmp_path, SPEC, slow) as memory, ThreadPoolExecutor(2) as pool:
        memory.say("alice", "s", "Something private.")
        waiting = pool.submit(memory.say, "alice", "s", "slow")
        assert slow.begun.wait(60)
        memory.say("bob", "s", "Good morning.")
        assert memory.texts("/facts/bob/") == ["Good morning."]
        forget_actor(memory.client(), memory.described(), "alice")
        slow.may.set()
        waiting.result(60)
        assert memory.texts("/facts/alice/") == ["slow"], "what was known when it began was forgotten meanwhile"
        assert len(memory.events("alice", "s")) == 1


def test_what_many_teach_at_once_is_all_kept(tmp_path: Path) -> None:
    """Each builds on what is known; no statement is lost between reading that and writing."""
    slow = Slow()
    with local(tmp_path, SPEC, slow) as memory, ThreadPoolExecutor(12) as pool:
        at = datetime(2026, 1, 1, tzinfo=UTC)  # of one time: what is older replaces nothing
        list(pool.map(lambda number: memory.say("alice", "s", f"line {number};", at=at), range(60)))
        (text,) = memory.texts("/facts/alice/")
        assert sorted(text.split("\n")) == sorted(f"line {number};" for number in range(60))


def test_a_long_word_holds_up_nobody(memory: Memory) -> None:
    """Half of it takes half the time: measured on the extraction of all strategies."""
    from tests.patterns import growth, repeated

    rules = Rules()

    def extract(text: str) -> None:
        for strategy in memory.spec.strategies:
            rules.extract(strategy, [Message("USER", text), Message("ASSISTANT", text)], [], [])

    for unit in ("x", "x ", "x, ", "7", "7 ", "my x", "please ", "forget ", "\n", "; ", "...", "I prefer ", "a@", "-"):
        assert not growth(extract, repeated(unit)), unit


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_there_is_not_is_refused_as_the_service_would(memory: Memory, method: str) -> None:
    assert memory.server
    answer = httpx.request(method, f"{memory.server.address}/memories/{memory.memory_id}/actors", timeout=60)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (405, "UnknownOperationException")
    assert method in answer.json()["message"]


def test_an_address_that_is_too_long_is_refused_as_the_service_would(memory: Memory) -> None:
    assert memory.server
    connection = HTTPConnection("127.0.0.1", memory.server.server_port, timeout=60)
    connection.request("GET", f"/memories/{'a' * 70_000}/actors")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (414, "ValidationException")
    assert json.loads(answer.read())["message"]


@pytest.mark.parametrize("item", ["[]", "0", "{}"])
def test_a_million_values_are_refused_unread_and_a_long_list_of_faults_is_cut(memory: Memory, item: str) -> None:
    for count, said in ((20_000, "CreateEvent.payload[1]"), (1_500_000, "more than")):
        payload = f"[{','.join([item] * count)}]"
        answer = post(memory, "events", json.dumps(EVENT)[:-1] + f', "payload": {payload}}}')
        assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
        assert said in answer.json()["message"]
        assert len(answer.content) < 4_000


@pytest.mark.parametrize("sent", ["half of the body", "the whole"])
def test_who_hangs_up_leaves_no_stack_on_the_terminal(
    memory: Memory, capfd: pytest.CaptureFixture[str], sent: str
) -> None:
    assert memory.server
    before = {*threading.enumerate()}
    body = json.dumps({**EVENT, "payload": [{"conversational": {"role": "USER", "content": {"text": "x" * 900_000}}}]})
    head = f"POST /memories/{memory.memory_id}/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += f"Authorization: {SIGNED['Authorization']}\r\n\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", memory.server.server_port)) as client:
            client.sendall((head + (body if sent == "the whole" else body[: len(body) // 2])).encode())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    httpx.get(f"{memory.server.address}/ping", timeout=60)  # after which all that came before is being answered
    for each in {*threading.enumerate()} - before:
        each.join(120)
    said = capfd.readouterr()
    assert memory.say("a", "s", "Good morning.")
    assert said.out + said.err == ""
