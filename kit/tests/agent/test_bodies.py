"""Bodies: who asks comes first, no more is read than a request may have, and no body stalls or breaks the server."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import Mock

import httpx
import pytest

from agentcore_kit.config.agent import Limits
from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.serving.invocation import MAX_PROMPT_CHARACTERS
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.agent.served import Served, served
from tests.pings import longest_ping

RIGHT = b'{"prompt": "What can you do?"}'
LIMIT = 400_000


def limited(settings: AgentSettings, size: int) -> AgentSettings:
    limits = Limits.model_validate({"turn": {"maxBodyBytes": size}})
    return replace(settings, environment=settings.environment.model_copy(update={"limits": limits}))


@pytest.fixture
def agent(settings: AgentSettings, build_agent: BuildAgent, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with served(Service(limited(settings, LIMIT), OfflineModel(), build_agent), monkeypatch) as found:
        yield found


def post(agent: Served, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(agent.url, content=body, headers=agent.headers() | headers, timeout=100)


def head(agent: Served, *lines: str, token: bool = True) -> bytes:
    given = agent.headers() if token else {}
    said = ["POST /invocations HTTP/1.1", "Host: agent", *(f"{name}: {value}" for name, value in given.items()), *lines]
    return "\r\n".join([*said, "", ""]).encode()


def spoken(agent: Served, *parts: bytes, hang_up: bool = False) -> bytes:
    """Send parts over a connection of its own, and return the answer as it came."""
    with socket.create_connection(("127.0.0.1", agent.port), timeout=100) as client:
        for part in parts:
            client.sendall(part)
        if hang_up:
            return b""
        answer = b""
        while b"\r\n\r\n" not in answer and (more := client.recv(65536)):
            answer += more
        return answer


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


BODIES = {
    "empty": (b"", "payload"),
    "cut off": (b'{"prompt": "hi"', "payload"),
    "no JSON": (b"prompt=hi", "payload"),
    "two values": (RIGHT + b"{}", "payload"),
    "nested lists": (b"[" * 30_000, "payload"),
    "nested objects": (b'{"a":' * 15_000, "payload"),
    "nested in a field": (b'{"prompt": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "payload"),
    "many fields": (b"{" + b",".join(b'"%d": 1' % n for n in range(15_000)) + b"}", "prompt"),
    "long integer": (b'{"prompt": ' + b"9" * 100_000 + b"}", "payload"),
    "integer": (b'{"prompt": ' + b"9" * 100 + b"}", "prompt"),
    "not a number": (b'{"prompt": NaN}', "prompt"),
    "infinity": (b'{"prompt": "hi", "stream": -Infinity}', "stream"),
    "too large for a float": (b'{"prompt": 1e999}', "prompt"),
    "half a character": (rb'{"prompt": "hi \ud83d"}', "payload"),
    "half a character in a name": (rb'{"prompt": "hi", "\udc00": 1}', "payload"),
    "no UTF-8": (b'{"prompt": "\xff\xfe"}', "payload"),
    "UTF-8 of half a character": (b'{"prompt": "\xed\xa0\xbd"}', "payload"),
    "UTF-16": ('{"prompt": "hi"}'.encode("utf-16"), "payload"),
    "compressed": (bytes.fromhex("1f8b0800000000000203"), "payload"),
    "a bare NUL": (b'{"prompt": "a\x00b"}', "payload"),
    "NUL after it": (RIGHT + b"\x00", "payload"),
    "a list": (b'["hi"]', "payload"),
    "a text": (b'"hi"', "payload"),
    "null": (b"null", "payload"),
    "a list as prompt": (b'{"prompt": ["hi"]}', "prompt"),
    "the last of a field twice": (b'{"prompt": "hi", "prompt": 7}', "prompt"),
    "too long": (json.dumps({"prompt": "x" * (MAX_PROMPT_CHARACTERS + 1)}).encode(), "prompt"),
}


@pytest.mark.integration
def test_each_wrong_body_is_refused_by_field_and_nothing_is_an_error(
    agent: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for name, (body, field) in BODIES.items():
        answer = post(agent, body)
        assert (answer.status_code, answer.json()["field"]) == (400, field), (name, answer.text)
        assert answer.json()["error"]
    assert not complaints(caplog)
    assert post(agent, RIGHT).status_code == 200


@pytest.mark.integration
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (RIGHT, "text/plain"),
        (RIGHT, "application/json; charset=utf-16"),
        (b"\xef\xbb\xbf" + RIGHT, "application/json"),
        (rb'{"prompt": "What can\u0000 you do?"}', "application/json"),
        (rb'{"prompt": "What can you do? \ud83d\ude00"}', "application/json"),
        (b'{"prompt": 7, "prompt": "What can you do?"}', "application/json"),
        (json.dumps({"prompt": "[{,:" * (MAX_PROMPT_CHARACTERS // 4)}).encode(), "application/json"),
        (json.dumps({"prompt": "\U0001f600" * MAX_PROMPT_CHARACTERS}).encode(), "application/json"),
        (b" " * (LIMIT - 100) + RIGHT, "application/json"),
    ],
    ids=["text", "charset", "mark of UTF-8", "NUL", "pair", "field twice", "marks", "longest", "largest"],
)
def test_what_is_right_is_answered_whatever_it_calls_itself(agent: Served, body: bytes, kind: str) -> None:
    assert post(agent, body, **{"Content-Type": kind}).status_code == 200
    assert post(agent, RIGHT).status_code == 200, "the next turn of the session"


@pytest.mark.integration
def test_a_body_above_the_limit_is_refused_while_it_comes(agent: Served, caplog: pytest.LogCaptureFixture) -> None:
    whole = post(agent, b" " * LIMIT + RIGHT)
    assert whole.status_code == 413
    assert str(LIMIT) in whole.json()["error"]
    assert post(agent, b"[" + b"[]," * 100_000 + b"[]]").status_code == 413, "many lists take long in few bytes"
    # The client waits for the answer after a little more than the limit: nobody waits for the rest.
    piece = b"%x\r\n" % 50_000 + b" " * 50_000 + b"\r\n"
    chunked = spoken(agent, head(agent, "Transfer-Encoding: chunked"), *[piece] * (LIMIT // 50_000 + 1))
    assert chunked.startswith(b"HTTP/1.1 413")
    lying = spoken(agent, head(agent, f"Content-Length: {10**15}"), b" " * (LIMIT + 1))
    assert lying.startswith(b"HTTP/1.1 413")
    assert not complaints(caplog)
    assert post(agent, RIGHT).status_code == 200


@pytest.mark.integration
def test_who_asks_comes_before_the_body(agent: Served) -> None:
    for lines in (["Content-Length: 30000000"], ["Transfer-Encoding: chunked"]):
        assert spoken(agent, head(agent, *lines, token=False)).startswith(b"HTTP/1.1 401"), "without a byte of it"
        short = head(agent, *lines).replace(b"s" * 33, b"short")
        assert spoken(agent, short).startswith(b"HTTP/1.1 400")
    assert httpx.post(agent.url, content=b"[" * 100).status_code == 401


@pytest.mark.integration
def test_what_fails_before_the_body_is_read_is_a_failure_with_an_id(
    agent: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agentcore_kit.runtime.identity._read_secret", Mock(side_effect=PermissionError("not yours")))
        answer = httpx.post(agent.url, content=RIGHT, headers={"Authorization": "Bearer a.b.c"}, timeout=100)
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal error"
    assert answer.json()["requestId"]
    assert post(agent, RIGHT).status_code == 200


@pytest.mark.integration
def test_a_client_that_leaves_while_it_sends_leaves_nothing(agent: Served, caplog: pytest.LogCaptureFixture) -> None:
    for lines, sent in ((["Content-Length: 1000"], b'{"prompt": '), (["Transfer-Encoding: chunked"], b"5\r\n{'pro")):
        spoken(agent, head(agent, *lines), sent, hang_up=True)
    assert post(agent, RIGHT).status_code == 200
    assert not complaints(caplog)
    assert len(agent.service.sessions) == 1


@pytest.mark.integration
def test_a_body_that_never_ends_is_given_up(agent: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.runtime.bodies.READ_SECONDS", 0.2)
    assert spoken(agent, head(agent, "Content-Length: 1000"), b"{").startswith(b"HTTP/1.1 408")


@pytest.mark.integration
def test_no_body_stalls_the_ping(
    settings: AgentSettings, build_agent: BuildAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"[" + b"[]," * 3_500_000 + b"[]]"
    began = time.perf_counter()
    json.loads(body)
    parsing = time.perf_counter() - began
    with served(Service(limited(settings, 100_000_000), OfflineModel(), build_agent), monkeypatch) as agent:
        url = agent.url.replace("/invocations", "/ping")

        def ask() -> None:
            assert post(agent, body).status_code == 413

        took = [longest_ping(url, ask, lambda answer: bool(answer.json()["status"] == "Healthy")) for _ in range(3)]
    # A body that stalls the server does so each time; a busy machine does not.
    assert min(took) < parsing / 2, f"pings took {took} s, and parsing such a body {parsing:.2f} s"
