"""The HTTP server of the local memory: botocore's model says what a request is, and whether it is right."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import xform_name

from agentcore_kit.local.aws_protocol.own_machine import foreign
from agentcore_kit.local.aws_protocol.service_rules import problems
from agentcore_kit.local.aws_protocol.wire import ApiError, error_of, operation_of, parameters_of, response_of
from agentcore_kit.local.memory_server.access import Policies, check
from agentcore_kit.local.memory_server.extraction import Extractor
from agentcore_kit.local.memory_server.extraction.model import ModelExtractor
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import PORT, STATE, Settings
from agentcore_kit.local.memory_server.store import Store
from agentcore_kit.runtime.telemetry import request_span

if TYPE_CHECKING:
    from agentcore_kit.local.page.memory.bridge import Shown

SERVICE = "bedrock-agentcore"
_LONGEST = 100 * 1024 * 1024
"""How many bytes a request may have: 100 messages, the most an event has, of 100,000 characters each fit in."""

_MOST_VALUES = 1_000_000
"""How many values a request may have: reading more would hold up all others for seconds."""

_SHOWN = 10
"""How many of the faults of one request are told."""

_CREDENTIAL = re.compile(r"Credential=(?P<caller>[^/=]+)/")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: no half answer by a kill, and no 40 ms until the second packet
    server: MemoryServer

    def do_GET(self) -> None:
        operation = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = self._body(headers)
            if header := foreign(headers):
                raise ApiError("AccessDeniedException", f"the {header} of this request is not this machine", 403)
            if urlsplit(self.path).path == "/ping":
                self._send(200, "application/json", b'{"status": "Healthy"}', {})
                return
            if self.server.page and (shown := self.server.page(self.command, self.path, headers, body)):
                self._send(*shown)
                return
            signed = _CREDENTIAL.search(headers.get("authorization", ""))
            if not signed:
                raise ApiError("AccessDeniedException", "Missing Authentication Token", 403)
            operation = operation_of(SERVICE, self.command, self.path, headers, body)
            sent = parameters_of(operation, self.path, headers, body)
            with request_span(operation.name, headers, sent.get("sessionId", "")):
                result = self.server.call(operation, sent, signed["caller"])
            self._send(operation.http.get("responseCode", 200), *response_of(operation, result), {})
        except ApiError as error:
            self._send(error.status, *error_of(operation, error))
        except ConnectionError:  # the client has hung up
            raise
        except Exception as error:  # a client must get an answer, and the cause is for this terminal
            print(f"memory: {self.command} {self.path}: {error!r}", file=sys.stderr)
            self._send(500, *error_of(operation, ApiError("ServiceException", "internal error", 500)))

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing: what people say to an agent belongs in no log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request in the service's form; that of HTTP would be a page of HTML."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        unknown = status is HTTPStatus.METHOD_NOT_ALLOWED
        error = ApiError("UnknownOperationException" if unknown else "ValidationException", message or status.phrase)
        self.close_connection = True
        self._send(status, *error_of(None, error))

    def _body(self, headers: Mapping[str, str]) -> bytes:
        """Return the body of a request; of one whose size is no number, or too much, nothing is read."""
        size = headers.get("content-length", "0")
        if not (size.isascii() and size.isdigit()) or len(size) > 10 or int(size) > _LONGEST:
            self.close_connection = True
            raise ApiError("ValidationException", f"the body has no size from 0 to {_LONGEST} bytes")
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            raise ConnectionError("the body ended early")
        if sum(body.count(mark) for mark in b"[{,") > _MOST_VALUES:
            raise ApiError("ValidationException", f"the body has more than {_MOST_VALUES} values")
        return body

    def _send(self, status: int, kind: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class MemoryServer(ThreadingHTTPServer):
    """The server of one memory.

    Attributes:
        service: The memory.
        policies: What each consumer may do.
        page: Answers requests that are for the page of `kit dev`; None where there is none.
    """

    daemon_threads = True

    def __init__(self, service: MemoryService, policies: Policies, port: int = PORT) -> None:
        """Listen on this machine only; port 0 takes any that is free."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.service, self.policies = service, policies
        self.page: Shown | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what broke while a request was read or answered, unless its client has hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """What clients set as AWS_ENDPOINT_URL_BEDROCK_AGENTCORE."""
        return f"http://127.0.0.1:{self.server_port}"

    def call(self, operation: Any, sent: dict[str, Any], caller: str) -> dict[str, Any]:
        """Carry out a call, in the order of the service: is it right, may the caller, is there such a memory."""
        found = problems(operation.input_shape, sent, operation.name) if operation.input_shape else iter(())
        wrong = [*islice(found, _SHOWN)]
        if wrong:
            raise ApiError("ValidationException", "; ".join(wrong))
        check(self.policies, caller, operation.name, sent)
        known = (self.service.settings.memory_id, self.service.settings.arn)
        if sent.get("memoryId", known[0]) not in known:
            raise ApiError("ResourceNotFoundException", f"Memory {sent['memoryId']} does not exist.", 404)
        handler = getattr(self.service, xform_name(operation.name), None)
        if handler is None:
            message = f"the local memory has no {operation.name}; its configuration is manifest.yaml"
            raise ApiError("AccessDeniedException", message, 403)
        try:
            result: dict[str, Any] = handler(sent)
        except sqlite3.DatabaseError as error:
            if not self.service.store.repaired(error):
                raise
            result = handler(sent)
        if "Delete" in operation.name:
            self.service.store.asked = True
        elif operation.name.startswith(("List", "Retrieve")) and not any(result.values()):
            self.service.store.gone()  # who looks whether something is gone finds no trace in the file either
        return result


def build(settings: Settings, folder: Path = STATE, port: int = PORT) -> MemoryServer:
    """Return the server of these settings, with its store in a folder.

    Raises:
        OSError: When the port is taken.
        StoreInUse: When the store has to be repaired while another process has it open.
    """
    service = MemoryService(settings, Store(folder / "memory.sqlite"), extractor(settings))
    return MemoryServer(service, settings.policies(), port)


def extractor(settings: Settings) -> Extractor:
    """Return what extracts, as the environment file says."""
    chosen = settings.extractor
    if chosen.base_url and chosen.id:  # both or none, as the environment file was checked
        return ModelExtractor(chosen.base_url, chosen.id)
    return Rules()


@contextmanager
def serving(server: MemoryServer) -> Iterator[MemoryServer]:
    """Serve in the background for the length of a block, then close the store."""
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.service.store.close()
