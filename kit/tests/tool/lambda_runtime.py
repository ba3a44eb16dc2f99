"""Lambda's Runtime API, played: it gives a function one event and keeps the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any

from cfnlint.decode import cfn_yaml

from agentcore_kit.config.repository import repository_root

FUNCTION = cfn_yaml.load(str(repository_root() / "infra" / "lambda.yaml"))["Resources"]["Function"]["Properties"]
COMMAND = [str(word) for name in ("EntryPoint", "Command") for word in FUNCTION["ImageConfig"][name]]
"""What `infra/lambda.yaml` starts."""

CONTEXT = {"custom": {"bedrockAgentCoreToolName": "market-data___getMarketData"}}
HEADERS = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Aws-Request-Id": "request-1",
    "Lambda-Runtime-Deadline-Ms": "4102444800000",
    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:tools",
    "Lambda-Runtime-Client-Context": json.dumps(CONTEXT),
}


class RuntimeApi(BaseHTTPRequestHandler):
    """Gives one event, keeps the answer, and then has no more."""

    events: Queue[bytes]
    answers: Queue[tuple[str, bytes]]
    ended: Event

    def do_GET(self) -> None:
        if self.events.empty():
            self.ended.wait(120)
            return
        self._send(200, self.events.get(), HEADERS)

    def do_POST(self) -> None:
        self.answers.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self._send(202, b"", {})

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def runtime_api(event: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Play the Runtime API, with one event; yield the variables that Lambda gives a function."""
    RuntimeApi.events, RuntimeApi.answers, RuntimeApi.ended = Queue(), Queue(), Event()
    RuntimeApi.events.put(json.dumps(event).encode())
    api = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    Thread(target=api.serve_forever, daemon=True).start()
    try:
        yield {
            "AGENT_ENV": "dev",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_REGION": "eu-central-1",
            "AWS_LAMBDA_FUNCTION_NAME": "tools",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        }
    finally:
        RuntimeApi.ended.set()
        api.shutdown()
        api.server_close()
