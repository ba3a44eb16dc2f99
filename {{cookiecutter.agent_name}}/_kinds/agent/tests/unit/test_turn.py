"""Turns: what is reported, and that a failing or circling model ends well."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from unittest.mock import Mock

import pytest

from agent.wiring.service import Service
from agent.wiring.settings import Settings
from offline import OfflineModel
from runtime.identity import Caller
from runtime.turn import MAX_MODEL_CALLS

SESSION = "s" * 33
SECRET = "connection string with a password"


class FailingModel(OfflineModel):
    """Fails on its first call, then answers."""

    failures = 1

    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise RuntimeError(SECRET)
        async for event in super().stream(*args, **kwargs):
            yield event


class CirclingModel(OfflineModel):
    """Calls the same tool for ever."""

    async def stream(self, *_: Any, **__: Any) -> Any:
        arguments = json.dumps({"region": "EMEA", "quarter": "2026-Q3"})
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "1", "name": "getQuarterlyRevenue"}}}}
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": arguments}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}
        yield {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {}}}


def ask(service: Service, caller: Caller, prompt: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [event async for event in service.ask(prompt, caller, SESSION)]

    return asyncio.run(run())


def test_events_come_in_order_and_the_last_sums_up(service: Service, alice: Caller) -> None:
    events = ask(service, alice, "What's our Q3 revenue in EMEA?")
    kinds = [event["type"] for event in events]
    assert kinds[0] == "start"
    assert kinds.index("tool") < kinds.index("text")
    assert kinds.count("text") > 1, "the answer is streamed in parts"
    result = events[-1]
    assert result["type"] == "result"
    assert "".join(event["text"] for event in events if event["type"] == "text").strip() == result["answer"]
    assert "556.2" in result["answer"]
    (call,) = result["toolCalls"]
    assert (call["name"], call["input"]) == ("getQuarterlyRevenue", {"region": "EMEA", "quarter": "2026-Q3"})
    assert call["status"] == "success"
    assert call["result"]["revenue"] == 556.2
    assert result["modelCalls"] == 2
    assert result["usage"]["estimated"]
    assert result["usage"]["totalTokens"] == result["usage"]["inputTokens"] + result["usage"]["outputTokens"]
    assert 0 < result["timeToFirstTokenMs"] <= result["latencyMs"]
    assert result["model"]["label"] == "offline model, not an LLM"


def test_a_failure_gives_an_id_and_no_detail_and_the_conversation_goes_on(
    settings: Settings, alice: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(settings, FailingModel())
    with caplog.at_level(logging.ERROR):
        events = ask(service, alice, "What's our Q3 revenue in EMEA?")
    assert events[-1] == {"type": "error", "error": "internal error", "requestId": events[0]["requestId"]}
    assert SECRET not in json.dumps(events)
    assert events[0]["requestId"] in caplog.text
    assert "556.2" in ask(service, alice, "What's our Q3 revenue in EMEA?")[-1]["answer"]


def test_what_a_tool_raises_stays_in_the_log(
    service: Service, alice: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agent.tools.backend.revenue", Mock(side_effect=ZeroDivisionError(SECRET)))
    with caplog.at_level(logging.ERROR):
        events = ask(service, alice, "What's our Q3 revenue in EMEA?")
    assert SECRET not in json.dumps(events)
    assert SECRET in caplog.text
    (call,) = events[-1]["toolCalls"]
    assert (call["status"], call["result"]) == (
        "error",
        "Error 500: getQuarterlyRevenue failed; its operators find the cause in the log",
    )


def test_a_model_that_goes_in_circles_is_stopped(settings: Settings, alice: Caller) -> None:
    result = ask(Service(settings, CirclingModel()), alice, "What's our Q3 revenue in EMEA?")[-1]
    assert result["stopReason"] == "limit_turns"
    assert result["modelCalls"] == MAX_MODEL_CALLS
    assert "could not finish" in result["answer"]
