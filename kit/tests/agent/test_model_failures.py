"""A model whose answer breaks off, or is no answer: asked again within the turn's budget, and then told."""

from __future__ import annotations

import json
import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from strands import tool

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import Family, chunk, http_server, sse
from tests.agent.test_models import BEDROCK, chosen_by
from tests.agent.test_providers import asking
from tests.agent.test_turn import agent_with, ask, with_limits

PLAIN = Family("a-model", ())
PAY = {"index": 0, "id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"amount": 1}'}}
HALF_OF_PAY = {**PAY, "function": {"name": "pay", "arguments": '{"amount": 1'}}
JSON = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "It is 7."}, "finish_reason": "stop"}]}

Reply = tuple[str, bytes]
"""Media type and body."""


def events(*sent: Any) -> Reply:
    return "text/event-stream", sse(*sent)


HALF = events(chunk({"role": "assistant", "content": "It is 7 a"}))
WHOLE = events(chunk({"role": "assistant", "content": "It is 7."}), chunk({}, "stop"))
CALL = events(chunk({"tool_calls": [PAY]}), chunk({}, "tool_calls"))
BROKEN: dict[str, Reply] = {
    "cut": HALF,
    "cut and told so": (HALF[0], HALF[1] + sse({"error": {"message": "overloaded", "code": 529}})),
    "cut within an event": (HALF[0], HALF[1] + b'data: {"id": "c", "obj'),
    "cut within a tool call": events(chunk({"tool_calls": [HALF_OF_PAY]})),
    "ended without a reason": (HALF[0], HALF[1] + b"data: [DONE]\n\n"),
    "no event": events(),
    "a page to sign in": ("text/html", b"<html><body>Sign in</body></html>"),
    "not streamed": ("application/json", json.dumps(JSON).encode()),
}

Serve = Callable[..., tuple[Service, list[Any]]]


@tool(name="pay")
def pay(amount: int) -> dict[str, Any]:
    """Pays an amount."""
    return {"paid": amount}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.serving.model_stream.PAUSE_SECONDS", 0.05)


@pytest.fixture
def serve(settings: AgentSettings) -> Iterator[Serve]:
    """Return what makes an agent whose model gives these replies, the last one for ever, and what it was asked."""
    with ExitStack() as opened:

        def served(*replies: Reply, max_model_calls: int = 12) -> tuple[Service, list[Any]]:
            requests: list[Any] = []

            def answer(request: Any) -> tuple[int, str, bytes]:
                requests.append(request)
                return 200, *replies[min(len(requests), len(replies)) - 1]

            url = opened.enter_context(http_server(answer))
            turn = {"maxModelCalls": max_model_calls, "maxRetries": 2}
            there = with_limits(asking(settings, PLAIN, url), {"turn": turn})
            service = Service(there, build_model(there), agent_with(pay))
            opened.callback(service.close)
            return service, requests

        yield served


@pytest.mark.parametrize("reply", BROKEN)
def test_a_reply_that_is_no_whole_answer_is_asked_for_again(serve: Serve, alice: Caller, reply: str) -> None:
    service, requests = serve(BROKEN[reply], WHOLE)
    happened = ask(service, alice, "How many?")
    assert (happened[-1]["type"], happened[-1]["answer"]) == ("result", "It is 7.")
    assert len(requests) == happened[-1]["modelCalls"] == 2
    assert happened[-1]["toolCalls"] == [], "half a call is not made"
    assert requests[0]["messages"] == requests[1]["messages"]


@pytest.mark.parametrize("reply", BROKEN)
def test_a_model_that_never_ends_an_answer_is_an_error_and_the_conversation_goes_on(
    serve: Serve, alice: Caller, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    service, requests = serve(*[BROKEN[reply]] * 3, WHOLE)
    with caplog.at_level(logging.WARNING):
        happened = ask(service, alice, "How many?")
    assert happened[-1] == {
        "type": "error",
        "error": "the model's answer broke off; please ask again",
        "status": 502,
        "requestId": happened[0]["requestId"],
    }
    assert len(requests) == 3
    assert "finish_reason" in caplog.text or "overloaded" in caplog.text or "JSON" in caplog.text, "the log says why"
    assert ask(service, alice, "How many?")[-1]["answer"] == "It is 7."
    roles = [message["role"] for message in requests[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


def test_whoever_streams_is_told_that_text_is_void(serve: Serve, alice: Caller) -> None:
    service, _ = serve(CALL, HALF, HALF, WHOLE)
    happened = [{"type": event["type"], "text": event.get("text")} for event in ask(service, alice, "How many?")]
    half, void = {"type": "text", "text": "It is 7 a"}, {"type": "retry", "text": None}
    whole = {"type": "text", "text": "It is 7."}
    assert happened[1:-1] == [{"type": "tool", "text": None}, half, void, half, void, whole]


def test_tries_are_model_calls_of_the_turn(serve: Serve, alice: Caller) -> None:
    service, requests = serve(HALF, CALL, HALF, CALL, max_model_calls=4)
    result = ask(service, alice, "How many?")[-1]
    assert (result["stopReason"], len(result["toolCalls"])) == ("limit_turns", 2)
    assert len(requests) == result["modelCalls"] == 4
    service, requests = serve(CALL, HALF, max_model_calls=2)
    assert ask(service, alice, "How many?")[-1]["type"] == "error"
    assert len(requests) == 2


def frame(kind: str, payload: Any, message_type: str = "event") -> bytes:
    """Return one message of Amazon's binary event stream."""
    headers = b""
    type_header = ":event-type" if message_type == "event" else ":exception-type"
    for name, value in ((type_header, kind), (":content-type", "application/json"), (":message-type", message_type)):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


BEDROCK_HALF = frame("messageStart", {"role": "assistant"}) + frame(
    "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "It is 7"}}
)
BEDROCK_WHOLE = (
    BEDROCK_HALF
    + frame("contentBlockStop", {"contentBlockIndex": 0})
    + frame("messageStop", {"stopReason": "end_turn"})
    + frame("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}})
)
BEDROCK_BROKEN = {
    "cut": BEDROCK_HALF,
    "cut within a frame": BEDROCK_HALF + BEDROCK_WHOLE[-40:-20],
    "told so": BEDROCK_HALF + frame("modelStreamErrorException", {"message": "overloaded"}, "exception"),
    "no event": b"",
}


@pytest.mark.parametrize("reply", BEDROCK_BROKEN)
@pytest.mark.parametrize("broken", [1, 9])
def test_a_stream_of_bedrock_that_is_cut(
    settings: AgentSettings, alice: Caller, monkeypatch: pytest.MonkeyPatch, reply: str, broken: int
) -> None:
    replies = iter([BEDROCK_BROKEN[reply]] * broken)

    def answer(_: Any) -> tuple[int, str, bytes]:
        return 200, "application/vnd.amazon.eventstream", next(replies, BEDROCK_WHOLE)

    with http_server(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.removesuffix("/v1"))
        there = chosen_by(settings, BEDROCK)
        service = Service(there, build_model(there), agent_with(pay))
        last = ask(service, alice, "How many?")[-1]
        service.close()
    if broken == 1:
        assert (last["type"], last["answer"], last["modelCalls"]) == ("result", "It is 7", 2)
    else:
        assert last["error"] == "the model's answer broke off; please ask again"
