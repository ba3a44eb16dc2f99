"""The HTTP server in front of the emulator: who calls (by the access key), which operation, is it right, the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from botocore import xform_name

from agentcore_kit.local.aws_emulator.cloud import Answer, Cloud
from agentcore_kit.local.aws_emulator.iam_actions import PUSH, requests_of
from agentcore_kit.local.aws_emulator.iam_policies import Request
from agentcore_kit.local.aws_protocol.own_machine import foreign
from agentcore_kit.local.aws_protocol.service_rules import problems
from agentcore_kit.local.aws_protocol.wire import ApiError, error_of, operation_of, parameters_of, response_of

DOCKER = "/docker/push"
"""Where docker.py pushes to."""

_CREDENTIAL = re.compile(r"Credential=(?P<key>\w+)/\d+/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request")
_GATEWAY = re.compile(r"/gateways-of/.+/mcp")
_INVOCATION = re.compile(r"/runtimes/(?P<arn>[^/]+)/invocations(\?.*)?")


class _Headers(dict[str, str]):
    """Headers, whose names have no case."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        super().__init__({name.lower(): value for name, value in items})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for its second packet
    server: Server

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing; the timeline of calls is in the cloud."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        if foreign(_Headers(self.headers.items())):
            self._send(403, "application/json", b'{"message": "this is no request of this machine"}', {})
        elif self.path.startswith(DOCKER):
            self._send(*_pushed(self.server.cloud, self.headers.get("X-Access-Key", ""), *json.loads(body)))
        elif signed and not _INVOCATION.fullmatch(self.path):
            self._send(*self._call(signed.groupdict(), body))
        elif _GATEWAY.fullmatch(self.path):
            self._send(*self.server.cloud.through_gateway(self.path, dict(self.headers.items()), body))
        elif _INVOCATION.fullmatch(self.path):
            self._send(*self.server.cloud.invoke(self.path, dict(self.headers.items()), body))
        else:
            self._send(403, "application/json", b'{"message": "Missing Authentication Token"}', {})

    def _call(self, who: Mapping[str, str], body: bytes) -> tuple[int, str, bytes, dict[str, str]]:
        operation, headers = None, _Headers(self.headers.items())
        self.server.cloud.address = self.server.address
        try:
            operation = operation_of(who["service"], self.command, self.path, headers, body)
            sent = parameters_of(operation, self.path, headers, body)
            with self.server.lock:
                result = call(self.server.cloud, who["key"], who["region"], operation, sent)
            return 200, *response_of(operation, result), {}
        except ApiError as error:
            return error.status, *error_of(operation, error)

    def _send(self, status: int, kind: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _pushed(
    cloud: Cloud, key: str, account: str, region: str, repository: str, tag: str, digest: str, source: list[str]
) -> Answer:
    """Take an image, new or copied from another registry, from somebody who may push it."""
    place = cloud.at(account, region)
    try:
        arn = place.arn("ecr", f"repository/{repository}")
        cloud.iam.check(cloud.iam.caller(key), [Request(action, arn) for action in PUSH])
        if source and source[3] not in cloud.at(*source[:2]).images.repositories[source[2]]:
            return 404, "application/json", b"{}", {}
        place.images.push(repository, digest, tag)
    except ApiError as error:
        return error.status, "application/json", json.dumps({"message": error.message}).encode(), {}
    return 200, "application/json", b"{}", {}


def call(cloud: Cloud, key: str, region: str, operation: Any, sent: dict[str, Any]) -> dict[str, Any]:
    """Check a call by the service's model, carry it out, and check the answer likewise."""
    service = operation.service_model.service_name
    wrong = list(problems(operation.input_shape, sent, operation.name)) if operation.input_shape else []
    cloud.record(key, region, service, operation.name, sent, wrong)
    if wrong:
        raise ApiError("ValidationException", "; ".join(wrong))
    cloud.raise_planned_fault(operation.name)
    place = cloud.place(key, region)
    handler = getattr(place.service(service), xform_name(operation.name), None)
    if handler is None:
        raise ApiError("UnknownOperationException", f"the emulator knows no {service} {operation.name}", 404)
    with cloud.called_by(key) as caller:
        if caller.role:
            denied = "AccessDenied" if operation.service_model.resolved_protocol == "query" else "AccessDeniedException"
            cloud.iam.check(caller, requests_of(place, operation, sent), code=denied)
        result: dict[str, Any] = handler(sent) or {}
    broken = list(problems(operation.output_shape, result, "answer")) if operation.output_shape else []
    if broken:
        raise ApiError("InternalFailure", f"the emulator itself is wrong: {'; '.join(broken)}", 400)
    return result


class Server(ThreadingHTTPServer):
    """The server of a cloud, which may be replaced by another one meanwhile."""

    daemon_threads = True

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cloud, self.lock = cloud, Lock()

    @property
    def address(self) -> str:
        """Where clients send their calls."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(cloud: Cloud) -> Iterator[Server]:
    """Serve the cloud on this machine."""
    server = Server(cloud)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
