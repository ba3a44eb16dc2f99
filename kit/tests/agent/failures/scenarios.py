"""How each failure of the table is brought about, with a real server."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

from agentcore_kit.local.served_app import served
from agentcore_kit.runtime.identity import issue_development_token
from tests.agent.failures.disks import full_disk
from tests.agent.failures.world import WHOLE, Observed, Told, with_parts, world
from tests.agent.providers import chunk, sse
from tests.agent.test_gateway import market_server
from tests.agent.test_guardrails import ANSWER, INPUT_BLOCKED
from tests.agent.test_models import BEDROCK
from tests.homes import free_port

Scenario = Callable[[Path], Observed]
SCENARIOS: dict[str, Scenario] = {}
"""By the name of the row."""

DAY = 86_400
"""In seconds."""

_TOOL = {"name": "market___getIndicator0", "arguments": '{"year": 2024}'}
_DELTA = {"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": _TOOL}]}
CALL = (200, "text/event-stream", sse(chunk(_DELTA), chunk({}, "tool_calls")))
"""A model's answer that calls the tool of a gateway."""


class LossyApp:
    """Passes requests on to an MCP server; while `is_lost` is true, the connection ends within an answer."""

    def __init__(self, app: Any) -> None:
        self.app, self.is_lost = app, False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not self.is_lost:
            await self.app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionError("as a test wants")


def scenario(row: str) -> Callable[[Scenario], Scenario]:
    """Declare what brings about the failure of a row."""

    def declare(function: Scenario) -> Scenario:
        SCENARIOS[row] = function
        return function

    return declare


def _refusal(status: int, message: str, **more: str) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps({"error": {"message": message, "type": "e", **more}}).encode()


def _clock_jumps(folder: Path, seconds: int, sign_in_again: bool = False) -> Observed:
    """Let the clock jump after a first turn."""
    with world(folder) as there:
        there.module = "wrong_clock"
        there.start()
        assert there.ask("Hello?").status == 200

        def turn() -> Told:
            (there.home / "clock-is-off-by").write_text(str(seconds))
            return there.ask()

        def sign_in() -> None:  # with a clock that is as far
            there.token = issue_development_token("alice", there.home / ".local", hours=48)

        return there.observe(turn, recover=sign_in if sign_in_again else lambda: None)


def _failing(folder: Path, answer: Callable[[Any], tuple[int, str, bytes]], **environment: Any) -> Observed:
    """Observe a turn whose model answers so."""
    with world(folder, **environment) as there:
        there.start()

        def turn() -> Told:
            there.model = answer
            return there.ask()

        return there.observe(turn, recover=lambda: setattr(there, "model", lambda _: WHOLE))


@scenario("the process is killed within a turn (`kill -9`, out of memory)")
def killed(folder: Path) -> Observed:
    with world(folder) as there, ThreadPoolExecutor(1) as caller:
        there.start()
        assert there.ask("Hello?").status == 200
        hang = Event()

        def turn() -> Told:
            there.model = lambda _: (hang.wait(60), WHOLE)[1]
            there.asked.clear()
            asked = caller.submit(there.ask)
            assert there.asked.wait(60)
            there.end(signal.SIGKILL)
            hang.set()
            return asked.result()

        return there.observe(turn, recover=there.start)


@scenario("the process is told to end within a turn (SIGTERM), which does not end in time")
def told_to_end(folder: Path) -> Observed:
    with world(folder) as there, ThreadPoolExecutor(1) as caller:
        there.start()
        hang = Event()

        def turn() -> Told:
            there.model = lambda _: (hang.wait(100), WHOLE)[1]
            asked = caller.submit(there.ask)
            assert there.asked.wait(60)
            there.end(signal.SIGTERM)
            hang.set()
            there.model = lambda _: WHOLE
            return asked.result()

        return there.observe(turn, recover=there.start)


@scenario("the model is throttled")
def throttled(folder: Path) -> Observed:
    return _failing(folder, lambda _: _refusal(429, "Rate limit reached"))


@scenario("the model cannot be reached, or fails")
def unavailable(folder: Path) -> Observed:
    return _failing(folder, lambda _: _refusal(503, "The engine is currently overloaded"))


@scenario("the model, or a tool, hangs")
def hanging(folder: Path) -> Observed:
    hang = Event()
    try:
        return _failing(folder, lambda _: (hang.wait(60), WHOLE)[1], limits={"turn": {"seconds": 5}})
    finally:
        hang.set()


@scenario("the connection to the model is lost within its answer")
def model_lost(folder: Path) -> Observed:
    half = 200, "text/event-stream", sse(chunk({"role": "assistant", "content": "It is"}))
    return _failing(folder, lambda _: half)


@scenario("the connection to the caller is lost")
def caller_lost(folder: Path) -> Observed:
    with world(folder) as there:
        there.start()
        hang = Event()

        def turn() -> Told:
            there.model = lambda _: (hang.wait(60), WHOLE)[1]
            body = b'{"prompt": "How many?"}'
            lines = [f"{name}: {value}" for name, value in there.headers().items()]
            head = ["POST /invocations HTTP/1.1", "Host: agent", f"Content-Length: {len(body)}", *lines, "", ""]
            with socket.create_connection(("127.0.0.1", there.port)) as client:
                client.sendall("\r\n".join(head).encode() + body)
                assert there.asked.wait(60)
            return Told(0, "nobody is there")

        try:
            return there.observe(turn, recover=lambda: setattr(there, "model", lambda _: WHOLE))
        finally:
            hang.set()


@scenario("the disk is full")
def disk_full(folder: Path) -> Observed:
    with world(folder) as there:
        there.start()
        assert there.ask("Hello?").status == 200
        with full_disk(there) as free:
            return there.observe(there.ask, recover=free)


@scenario("the clock jumps forward, past the end of the caller's token")
def clock_forward(folder: Path) -> Observed:
    return _clock_jumps(folder, DAY, sign_in_again=True)


@scenario("the clock jumps back")
def clock_back(folder: Path) -> Observed:
    return _clock_jumps(folder, -DAY)


@scenario("a guardrail blocks the question")
def guardrail(folder: Path) -> Observed:
    with world(folder) as there:
        there.variables = {
            **BEDROCK, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": there.url.removesuffix("/v1"),
            "AGENT_GUARDRAIL_ID": "g1", "AGENT_GUARDRAIL_VERSION": "1",
        }  # fmt: skip
        events = "application/vnd.amazon.eventstream"
        there.model = lambda _: (200, events, ANSWER)
        there.start()
        there.model = lambda asked: (200, events, INPUT_BLOCKED if "zorblax" in json.dumps(asked) else ANSWER)
        return there.observe(lambda: there.ask("What is zorblax?"))


@scenario("the model's provider filters the question for its content")
def content_filter(folder: Path) -> Observed:
    return _failing(folder, lambda _: _refusal(400, "filtered", code="content_filter"))


@scenario("the question does not fit into the model's context window")
def too_long(folder: Path) -> Observed:
    return _failing(folder, lambda _: _refusal(400, "prompt is too long", code="context_length_exceeded"))


@scenario("a body is larger than `limits.turn.maxBodyBytes`")
def too_large(folder: Path) -> Observed:
    with world(folder) as there:
        there.start()
        return there.observe(lambda: there.ask("x" * 2_000_000))


@scenario("the memory is down")
def memory_down(folder: Path) -> Observed:
    with world(folder, memory={"id": "customers-localstore", "endpoint": f"http://127.0.0.1:{free_port()}"}) as there:
        with_parts(there.home, memory="customers")
        there.start()
        return there.observe(there.ask)


@scenario("a gateway is down")
def gateway_down(folder: Path) -> Observed:
    with world(folder, gateways={"desk": f"http://127.0.0.1:{free_port()}/mcp"}) as there:
        with_parts(there.home, gateways=["desk"])
        there.start()
        return there.observe(there.ask)


@scenario("the connection to a gateway is lost within a call")
def gateway_lost(folder: Path) -> Observed:
    lossy = LossyApp(market_server(1).streamable_http_app(stateless_http=True))
    limits = {"turn": {"maxRetries": 1}, "gateways": {"connectSeconds": 60}}
    with (
        served(lossy, "desk") as url,
        world(folder, gateways={"desk": f"{url}/mcp"}, limits=limits) as there,
    ):
        with_parts(there.home, gateways=["desk"])
        there.model = lambda asked: WHOLE if asked["messages"][-1]["role"] == "tool" else CALL
        there.start()
        assert there.ask().status == 200
        lossy.is_lost = True
        return there.observe(there.ask, recover=lambda: setattr(lossy, "is_lost", False))
