"""An HTTP API of somebody else, called by its description: tokens, failures, answers that are wrong, and the sample."""

from __future__ import annotations

import base64
import gzip
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console

from agentcore_kit.local import traces
from agentcore_kit.local.spans import read_traces
from agentcore_kit.runtime import masking, span_file
from agentcore_kit.runtime.http_api import HttpApi, Refused, UnexpectedAnswer, client, credentials
from agentcore_kit.runtime.http_api.errors import CredentialsRefused, Misdescribed
from agentcore_kit.runtime.logging import quiet_libraries

URL = "https://books.example.com/v1"
DESCRIPTION = """
openapi: 3.1.0
info: {title: Books, version: "1"}
security: [{oauth: [read]}]
paths:
  /books/{isbn}:
    parameters: [{name: isbn, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getBook
      parameters:
        - {name: pages, in: query, schema: {type: boolean}}
        - {name: X-Shelf, in: header, schema: {type: string}}
      responses:
        200:
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Book'}
              examples:
                one: {x-when: {isbn: "1"}, value: {title: One, since: 2026-11-28, country: NO}}
        404: {content: {application/json: {example: {message: no such book}}}}
    delete:
      operationId: deleteBook
      responses: {204: {description: gone}}
  /books:
    post:
      operationId: addBook
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}
      responses: {201: {content: {application/json: {schema: {type: object}, example: {id: 7}}}}}
  /health:
    get: {operationId: health, security: [], responses: {200: {content: {application/json: {schema: {}}}}}}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {read: to read}}}}
  schemas:
    Book:
      type: object
      required: [title]
      properties: {title: {type: string}, since: {type: string}, country: {type: string}}
"""

Answer = Callable[[httpx2.Request], httpx2.Response]


class Service:
    """Stands in for the API and its token endpoint, and notes what it is sent."""

    def __init__(self) -> None:
        self.tokens = 0
        self.asked: list[httpx2.Request] = []
        self.seconds: object = 300
        self.calls: list[httpx2.Request] = []
        self.answer: Answer = lambda _: httpx2.Response(200, json={"title": "One"})
        self.token: Answer = self._token

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        if request.url.path == "/token":
            self.asked.append(request)
            return self.token(request)
        self.calls.append(request)
        return self.answer(request)

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        self.tokens += 1
        return httpx2.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": self.seconds})


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def api(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpApi]:
    monkeypatch.setenv("BOOKS_ID", "a client")
    monkeypatch.setenv("BOOKS_SECRET", "s3cret/of:books")
    yield _api(tmp_path, DESCRIPTION, url=URL, transport=httpx2.MockTransport(service))
    masking.forget()


def _api(folder: Path, text: str, **options: Any) -> HttpApi:
    path = folder / "books.yaml"
    path.write_text(text, encoding="utf-8")
    return HttpApi(path, credentials=("BOOKS_ID", "BOOKS_SECRET"), **options)


def test_a_call_has_its_parameters_where_they_belong(api: HttpApi, service: Service) -> None:
    assert api.call("getBook", {"isbn": "1", "pages": True, "X-Shelf": "A"}) == {"title": "One"}
    (call,) = service.calls
    assert (call.method, str(call.url)) == ("GET", f"{URL}/books/1?pages=true")
    assert (call.headers["X-Shelf"], call.headers["Authorization"]) == ("A", "Bearer token-1")


def test_a_token_is_asked_for_as_the_standard_says(api: HttpApi, service: Service) -> None:
    api.call("getBook", {"isbn": "1"})
    (request,) = service.asked
    assert str(request.url) == "https://books.example.com/token"
    assert request.content == b"grant_type=client_credentials&scope=read"
    pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "a+client:s3cret%2Fof%3Abooks"
    assert request.extensions["timeout"]["read"] == 2.0


def test_many_calls_at_once_ask_for_one_token(api: HttpApi, service: Service) -> None:
    together = Barrier(20)

    def call(_: int) -> Any:
        together.wait()
        return api.call("getBook", {"isbn": "1"})

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(call, range(20))) == [{"title": "One"}] * 20
    assert service.tokens == 1


def test_an_operation_without_security_needs_no_token(api: HttpApi, service: Service) -> None:
    api.call("health")
    assert service.tokens == 0
    assert "Authorization" not in service.calls[0].headers


def test_a_token_is_replaced_before_it_expires(api: HttpApi, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(credentials, "monotonic", lambda: now[0])
    used = []
    for now[0] in (1000.0, 1269.0, 1271.0):
        api.call("getBook", {"isbn": "1"})
        used.append(service.calls[-1].headers["Authorization"])
    assert used == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("seconds", [None, "soon"])
def test_a_token_without_a_number_of_seconds(api: HttpApi, service: Service, seconds: object) -> None:
    service.seconds = seconds
    if seconds is None:
        assert api.call("getBook", {"isbn": "1"})
    else:
        with pytest.raises(CredentialsRefused):
            api.call("getBook", {"isbn": "1"})


def test_a_token_that_is_refused_is_replaced_once(api: HttpApi, service: Service) -> None:
    service.answer = lambda request: httpx2.Response(
        200 if request.headers["Authorization"] == "Bearer token-2" else 401, json={"title": "One"}
    )
    assert api.call("getBook", {"isbn": "1"}) == {"title": "One"}
    service.answer = lambda _: httpx2.Response(401, json={"message": "no"})
    with pytest.raises(Refused, match="401: no"):
        api.call("getBook", {"isbn": "1"})
    assert service.tokens == 3


def test_new_credentials_are_used_without_a_new_process(
    api: HttpApi, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.seconds = 30
    api.call("getBook", {"isbn": "1"})
    monkeypatch.setenv("BOOKS_SECRET", "another secret")
    api.call("getBook", {"isbn": "1"})
    assert len({request.headers["Authorization"] for request in service.asked}) == 2


def test_wrong_credentials_are_said_without_showing_them(api: HttpApi, service: Service) -> None:
    service.token = lambda _: httpx2.Response(401, json={"error": "invalid_client"})
    with pytest.raises(CredentialsRefused, match="401, invalid_client; correct BOOKS_ID and BOOKS_SECRET") as told:
        api.call("getBook", {"isbn": "1"})
    assert "s3cret" not in str(told.value)
    assert service.calls == []


def test_missing_credentials_say_what_to_type(api: HttpApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOOKS_SECRET")
    with pytest.raises(CredentialsRefused, match="export BOOKS_SECRET=…; in AWS: kit add secret BOOKS_SECRET"):
        api.call("getBook", {"isbn": "1"})


def test_a_token_endpoint_that_hangs_keeps_nobody_for_ever(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKS_ID", "a client")
    monkeypatch.setenv("BOOKS_SECRET", "a secret")
    api = _api(tmp_path, DESCRIPTION, url=URL, timeout_seconds=0.05, transport=httpx2.MockTransport(service))
    inside, over = Barrier(2), Barrier(2)

    def hang(_: httpx2.Request) -> httpx2.Response:
        inside.wait()
        over.wait()
        raise httpx2.ReadTimeout("hangs")

    service.token = hang
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(api.call, "getBook", {"isbn": "1"})
        inside.wait()
        with pytest.raises(ConnectionError, match="has not answered another call"):
            api.call("getBook", {"isbn": "1"})
        over.wait()
        with pytest.raises(ConnectionError, match="ReadTimeout"):
            first.result()


def _zipped(content: bytes) -> httpx2.Response:
    return httpx2.Response(200, content=iter([content]), headers={"Content-Encoding": "gzip"})


def _raises(error: Exception) -> Answer:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    "error", [httpx2.ConnectError("no"), httpx2.ReadTimeout("late"), httpx2.RemoteProtocolError("")]
)
@pytest.mark.parametrize("where", ["answer", "token"])
def test_a_connection_that_fails_may_work_again(
    api: HttpApi, service: Service, where: str, error: httpx2.TransportError
) -> None:
    setattr(service, where, _raises(error))
    with pytest.raises(ConnectionError):
        api.call("getBook", {"isbn": "1"})


@pytest.mark.parametrize(
    ("where", "status"),
    [*(("answer", status) for status in (408, 425, 429, 500, 502, 503, 504)), ("token", 429), ("token", 503)],
)
def test_a_status_that_may_be_another_later(api: HttpApi, service: Service, where: str, status: int) -> None:
    setattr(service, where, lambda _: httpx2.Response(status))
    with pytest.raises(ConnectionError, match=f"HTTP status {status}"):
        api.call("getBook", {"isbn": "1"})


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, json={"name": "no title"}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, text="[" * 100_000),
        httpx2.Response(202, json={"title": "not described"}),
        httpx2.Response(302, headers={"Location": "https://elsewhere.example.com/"}),
        _zipped(b"no gzip"),
    ],
)
def test_an_answer_that_is_not_as_described(api: HttpApi, service: Service, answer: httpx2.Response) -> None:
    service.answer = lambda _: answer
    with pytest.raises(UnexpectedAnswer):
        api.call("getBook", {"isbn": "1"})
    assert len(service.calls) == 1  # no redirect is followed


def test_an_answer_that_is_too_large_is_not_read_to_its_end(api: HttpApi, service: Service) -> None:
    bomb = gzip.compress(b'"' + b"x" * (client.MAX_BYTES + 1) + b'"')
    service.answer = lambda _: _zipped(bomb)
    with pytest.raises(UnexpectedAnswer, match="more than 5,000,000 bytes"):
        api.call("getBook", {"isbn": "1"})


def test_an_answer_that_drips_has_an_end(api: HttpApi, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(client, "monotonic", lambda: now[0])

    def drip() -> Iterator[bytes]:
        while True:
            now[0] += 1.0
            yield b" "

    service.answer = lambda _: httpx2.Response(200, content=drip())
    with pytest.raises(ConnectionError, match="ReadTimeout"):
        api.call("getBook", {"isbn": "1"})
    assert now[0] == 3.0


def test_no_content_is_none(api: HttpApi, service: Service) -> None:
    service.answer = lambda _: httpx2.Response(204)
    assert api.call("deleteBook", {"isbn": "1"}) is None


def test_a_refusal_says_what_the_api_says(api: HttpApi, service: Service) -> None:
    service.answer = lambda _: httpx2.Response(409, json={"detail": "lent\nto another"})
    with pytest.raises(Refused) as refused:
        api.call("deleteBook", {"isbn": "1"})
    assert (refused.value.status, refused.value.text) == (409, "lent to another")


@pytest.mark.parametrize("isbn", ["../admin", "a/b", "a?all=1", "a#b", "%2e%2e", "ü"])
def test_a_value_stays_one_part_of_the_path(api: HttpApi, service: Service, isbn: str) -> None:
    api.call("getBook", {"isbn": isbn})
    path = service.calls[0].url.raw_path.decode()
    assert path.startswith("/v1/books/")
    assert path.count("/") == 3
    assert "?" not in path


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "isbn is missing"),
        ({"isbn": 1}, 'isbn: .*needed: type "string"'),
        ({"isbn": ".."}, "cannot stand in a path"),
        ({"isbn": ""}, "cannot stand in a path"),
        ({"isbn": "1", "page": True}, "there is no parameter page; there is isbn, pages, X-Shelf"),
        ({"isbn": "1", "X-Shelf": "A\r\nAuthorization: Bearer x"}, "cannot stand in a header"),
    ],
)
def test_a_call_that_the_description_does_not_allow_is_not_sent(
    api: HttpApi, service: Service, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        api.call("getBook", parameters)
    assert service.calls == []


@pytest.mark.parametrize(("body", "said"), [(None, "the body is missing"), ({}, "'title' is a required property")])
def test_a_wrong_body_is_not_sent(api: HttpApi, service: Service, body: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        api.call("addBook", body=body)
    assert service.calls == []


def test_an_operation_that_there_is_not_names_the_nearest(api: HttpApi) -> None:
    with pytest.raises(Misdescribed, match="there is no operation getBooks; there is getBook"):
        api.call("getBooks")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("openapi: 3.1.0", "swagger: '2.0'", "needed: a version of 3.0 or 3.1; it has none"),
        ("openapi: 3.1.0", "openapi: [", "cannot be read"),
        ("paths:", "pathes:", "is no OpenAPI description"),
        ("operationId: addBook", "operationId: getBook", "two operations have the id getBook"),
        ("schemas/Book'", "schemas/Boot'", "leads nowhere"),
        ("schemas/Book'", "https://elsewhere.example.com/x'", "leads nowhere"),
        ("/books/{isbn}:", "/books/{isbn}/{page}:", "no parameter page of /books/{isbn}/{page}"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused_as_it_is_read(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = DESCRIPTION.replace("'#/components/schemas/Book'", new) if "://" in new else DESCRIPTION.replace(old, new)
    with pytest.raises(Misdescribed, match=said):
        _api(tmp_path, text, url=URL)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clientCredentials", "authorizationCode", "getBook: security: oauth is not supported; needed: type oauth2"),
        ("type: object", "type: objekt", "books.yaml: #/components/schemas/Book: "),
    ],
)
def test_an_operation_that_cannot_be_used_is_refused_as_it_is_called(
    tmp_path: Path, service: Service, old: str, new: str, said: str
) -> None:
    api = _api(tmp_path, DESCRIPTION.replace(old, new), url=URL, transport=httpx2.MockTransport(service))
    with pytest.raises(Misdescribed, match=said):
        api.call("getBook", {"isbn": "1"})
    assert service.calls == []


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misdescribed, match=r"books\.yaml: cannot be read"):
        HttpApi(tmp_path / "books.yaml")


def test_null_of_version_3_0(tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    text = DESCRIPTION.replace("3.1.0", "3.0.4").replace(
        "{title: {type: string}", "{title: {type: string, nullable: true}"
    )
    monkeypatch.setenv("BOOKS_ID", "a client")
    monkeypatch.setenv("BOOKS_SECRET", "a secret")
    service.answer = lambda _: httpx2.Response(200, json={"title": None})
    api = _api(tmp_path, text, url=URL, transport=httpx2.MockTransport(service))
    assert api.call("getBook", {"isbn": "1"}) == {"title": None}


@pytest.mark.parametrize("url", ["http://books.example.com", "books.example.com", "ftp://books.example.com"])
def test_an_address_that_shows_tokens_to_others_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misdescribed, match="needed: https"):
        _api(tmp_path, DESCRIPTION, url=url)


def test_a_token_address_that_shows_the_secret_to_others_is_refused(tmp_path: Path, service: Service) -> None:
    text = DESCRIPTION.replace("tokenUrl: /token", "tokenUrl: 'http://books.example.com/token'")
    api = _api(tmp_path, text, url=URL, transport=httpx2.MockTransport(service))
    with pytest.raises(Misdescribed, match="needed: https"):
        api.call("getBook", {"isbn": "1"})


def test_the_trace_shows_the_call_and_no_value_of_it(
    api: HttpApi, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(client, "_tracer", provider.get_tracer("test"))
    api.call("getBook", {"isbn": "12345"})
    (span,) = spans.get_finished_spans()
    assert span.name == "GET /books/{isbn}"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "books.example.com",
        "url.template": "/books/{isbn}",
        "http.response.status_code": 200,
    }
    assert "traceparent" not in service.calls[0].headers
    path = tmp_path / "spans.jsonl"
    span_file.append(path, [span.to_json(indent=None)])
    text = StringIO()
    for trace_id, roots in read_traces(path).items():
        traces._show(Console(file=text, width=120), trace_id, roots)
    shown = text.getvalue()
    assert "GET /books/{isbn}" in shown
    assert "HTTP 200" in shown
    assert "asked for an OAuth token first" in shown
    assert "12345" not in span.to_json() + shown


def test_addresses_of_calls_are_not_logged(api: HttpApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    api.call("getBook", {"isbn": "1"})
    assert "books/1" in caplog.text  # what the library does by itself
    caplog.clear()
    quiet_libraries()
    api.call("getBook", {"isbn": "1"})
    assert caplog.text == ""


class TestSample:
    """Without an address the examples of the description answer, by requests that are as strict as real ones."""

    def test_the_example_for_the_parameters_answers(self, tmp_path: Path) -> None:
        found = _api(tmp_path, DESCRIPTION).call("getBook", {"isbn": "1"})
        assert found == {"title": "One", "since": "2026-11-28", "country": "NO"}

    def test_what_has_no_example_is_not_found(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="404: no such book"):
            _api(tmp_path, DESCRIPTION).call("getBook", {"isbn": "2"})

    def test_an_example_for_no_request_answers_any(self, tmp_path: Path) -> None:
        assert _api(tmp_path, DESCRIPTION).call("addBook", body={"title": "Two"}) == {"id": 7}

    def test_examples_that_are_not_as_described_are_noticed(self, tmp_path: Path) -> None:
        with pytest.raises(UnexpectedAnswer, match='title: needed: type "string"'):
            _api(tmp_path, DESCRIPTION.replace("title: One", "title: 5")).call("getBook", {"isbn": "1"})

    def test_a_request_without_the_token_is_refused(self, tmp_path: Path) -> None:
        api = _api(tmp_path, DESCRIPTION)
        assert api._transport is not None
        with httpx2.Client(transport=api._transport) as other:
            assert other.get("https://sample.invalid/books/1").status_code == 401
            assert other.post("https://sample.invalid/token", auth=("a", "b")).status_code == 401

    def test_it_needs_no_credentials_and_no_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BOOKS_ID", raising=False)
        assert _api(tmp_path, DESCRIPTION).call("getBook", {"isbn": "1"})
