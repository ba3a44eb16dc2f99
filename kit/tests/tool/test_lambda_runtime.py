"""The handler under Lambda's own runtime client, as `infra/lambda.yaml` starts it; the Runtime API is played here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from agentcore_kit.config.repository import repository_root

FUNCTION = cfn_yaml.load(str(repository_root() / "infra" / "lambda.yaml"))["Resources"]["Function"]["Properties"]
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


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="the runtime client is for Linux, as the image is")
def test_the_command_of_the_function_answers_an_event() -> None:
    RuntimeApi.events, RuntimeApi.answers, RuntimeApi.ended = Queue(), Queue(), Event()
    RuntimeApi.events.put(json.dumps({"region": "EMEA", "dataType": "revenue"}).encode())
    api = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    Thread(target=api.serve_forever, daemon=True).start()
    command = [str(word) for name in ("EntryPoint", "Command") for word in FUNCTION["ImageConfig"][name]]
    assert command[0] == "python"
    variables = {
        "PYTHONPATH": "src:.",
        "AGENT_ENV": "dev",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "tools",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    }
    process = subprocess.Popen([sys.executable, *command[1:]], cwd=repository_root(), env=os.environ | variables)
    try:
        path, answer = RuntimeApi.answers.get(timeout=30)
    finally:
        process.kill()
        process.wait()
        RuntimeApi.ended.set()
        api.shutdown()
        api.server_close()
    assert path.endswith("/request-1/response"), answer
    assert json.loads(answer)["value"] == 18.4
