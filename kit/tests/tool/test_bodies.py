"""Bodies: who calls comes first, no more is read than a call may have, and none stalls or breaks the server."""

from __future__ import annotations

import json
import logging
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.pings import longest_ping
from tests.tool.calls import Tools
from tests.tool.test_server import EMEA, JSON, post

pytestmark = pytest.mark.integration


def call(arguments: str) -> bytes:
    said = '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "getMarketData", "arguments": %s}}'
    return (said % arguments).encode("utf-8", "surrogatepass")


BODIES = {
    "empty": b"",
    "cut off": call("{}")[:-3],
    "nested": b"[" * 100_000,
    "nested arguments": call('{"region": ' + "[" * 50_000 + "]" * 50_000 + "}"),
    "nested objects": call('{"a":' * 30_000 + "1" + "}" * 30_000),
    "long integer": call('{"region": ' + "9" * 100_000 + "}"),
    "not a number": call('{"region": NaN, "dataType": "revenue"}'),
    "infinity": call('{"region": 1e999, "dataType": "revenue"}'),
    "half a character": call('{"region": "\\ud83d", "dataType": "revenue"}'),
    "half a character in a name": call('{"\\udc00": 1, "region": "EMEA", "dataType": "revenue"}'),
    "UTF-8 of half a character": call('{"region": "\ud83d", "dataType": "revenue"}'),
    "no UTF-8": call('{"region": "EMEA"}').replace(b"EMEA", b"\xff"),
    "NUL": call('{"region": "a\\u0000b", "dataType": "revenue"}'),
    "a bare NUL": call('{"region": "a\x00b", "dataType": "revenue"}'),
    "a list of arguments": call("[1]"),
    "a text": b'"hi"',
    "null": b"null",
    "an empty batch": b"[]",
    "a batch": b"[" + call("{}") + b"," + call("{}") + b"]",
    "UTF-16": call("{}").decode().encode("utf-16"),
    "an id that is long": call("{}").replace(b'"id": 1', b'"id": ' + b"9" * 5000),
}


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_wrong_body_is_refused_and_nothing_is_an_error(
    running: Tools, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = httpx.post(running.url, headers=JSON | running.headers(), content=body, timeout=100)
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 200:
        said = answer.json()
        assert "error" in said or said["result"]["isError"], said
    assert "Traceback" not in answer.text
    assert not complaints(caplog)
    assert not post(running, running.headers()).json()["result"].get("isError")


def test_a_body_above_the_limit_is_refused_while_it_comes(running: Tools, caplog: pytest.LogCaptureFixture) -> None:
    size = 4 * 1024 * 1024
    large = httpx.post(running.url, headers=JSON | running.headers(), content=b" " * size + call("{}"), timeout=100)
    assert large.status_code == 413
    address = urlsplit(running.url)
    head = "\r\n".join(
        [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", "Transfer-Encoding: chunked",
         *(f"{name}: {value}" for name, value in (JSON | running.headers()).items()), "", ""]
    )  # fmt: skip
    piece = b"%x\r\n" % 2**20 + b" " * 2**20 + b"\r\n"
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=100) as client:
        for part in [head.encode(), *[piece] * 5]:
            client.sendall(part)
        assert client.recv(100).startswith(b"HTTP/1.1 413"), "the client still has more to send"
    assert not complaints(caplog)


def test_who_calls_comes_before_the_body(running: Tools) -> None:
    address = urlsplit(running.url)
    head = f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 4000000\r\n\r\n"
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=100) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401")


def test_a_client_that_leaves_while_it_sends_leaves_nothing(running: Tools, caplog: pytest.LogCaptureFixture) -> None:
    address = urlsplit(running.url)
    headers = [f"{name}: {value}" for name, value in (JSON | running.headers()).items()]
    head = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", "Content-Length: 1000", *headers, "", "{"]
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=100) as client:
        client.sendall("\r\n".join(head).encode())
    assert not post(running, running.headers()).json()["result"].get("isError")
    assert not complaints(caplog)


def test_no_body_stalls_the_ping(running: Tools) -> None:
    body = call('{"region": "EMEA", "dataType": "revenue", "more": [' + "[]," * 1_350_000 + "1]}")
    began = time.perf_counter()
    json.loads(body)
    parsing = time.perf_counter() - began

    def ask() -> None:
        answer = httpx.post(running.url, headers=JSON | running.headers(), content=body, timeout=100)
        assert answer.status_code == 413

    url = running.url.replace("/mcp", "/ping")
    took = [longest_ping(url, ask, lambda answer: answer.status_code == 200) for _ in range(3)]
    # A body that stalls the server does so each time; a busy machine does not.
    assert min(took) < parsing / 2, f"pings took {took} s, and parsing such a body {parsing:.2f} s"
    numbers = json.dumps(EMEA | {"more": [0] * 50_000}).replace(" ", "")
    assert httpx.post(running.url, headers=JSON | running.headers(), content=call(numbers)).status_code == 200
