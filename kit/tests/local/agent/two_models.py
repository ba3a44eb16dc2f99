"""An endpoint with two models behind the page of an agent, which notes what each was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

from tests.local.page_server import Page, page_of

ONE, OTHER = "model-one", "model-other"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


@dataclass
class Endpoint:
    """What answers as OpenAI does.

    Attributes:
        asked: The bodies of all requests.
        together: Where it is set, an answer goes on once both models have begun theirs.
    """

    address: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    together: Barrier | None = None

    def said_to(self, model: str) -> list[str]:
        """Return all that one of the models was ever told, each request as text."""
        return [json.dumps(body["messages"]) for body in self.asked if body["model"] == model]


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Serve two models."""
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.asked.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self._say({"delta": {"role": "assistant", "content": f"Begun by {body['model']}"}, "finish_reason": None})
            if found.together:
                with suppress(BrokenBarrierError):  # a test has ended the waiting
                    found.together.wait(timeout=30)
            with suppress(ConnectionError):  # who asked has left
                self._say({"delta": {"content": ", done."}, "finish_reason": None})
                self._say({"delta": {}, "finish_reason": "stop"})
                self._send({"id": "1", "object": "chat.completion.chunk", "choices": [], "usage": USAGE})
                self.wfile.write(b"data: [DONE]\n\n")

        def _say(self, choice: dict[str, Any]) -> None:
            self._send({"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]})

        def _send(self, chunk: dict[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{server.server_port}/v1"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def agent_with(folder: Path, address: str) -> Iterator[Page]:
    """Serve the page of an agent whose environment has two models at an address, each with a price."""
    model = f"provider: openai-compatible\n  id: {ONE}\n  baseUrl: {address}\n"
    prices = f"\nprices: {{{ONE}: {{input: 1.0, output: 10.0}}, {OTHER}: {{input: 2.0, output: 20.0}}}}\n"
    replaced = {"environments/local.yaml": ("provider: offline\n", model)}
    with page_of(folder, {"environments/local.yaml": prices}, replaced) as page:
        yield page
