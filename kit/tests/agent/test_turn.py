"""Turns: what is reported, and that a failing or circling model ends well."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from unittest.mock import Mock

import pytest

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from agentcore_kit.serving.turn import MAX_MODEL_CALLS, ToolCallRecorder

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
    settings: AgentSettings, alice: Caller, caplog: pytest.LogCaptureFixture
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


def test_a_model_that_goes_in_circles_is_stopped(settings: AgentSettings, alice: Caller) -> None:
    result = ask(Service(settings, CirclingModel()), alice, "What's our Q3 revenue in EMEA?")[-1]
    assert result["stopReason"] == "limit_turns"
    assert result["modelCalls"] == MAX_MODEL_CALLS
    assert "could not finish" in result["answer"]


def test_an_answer_that_reaches_the_models_maximum_is_given_and_said_to_be_cut(
    settings: AgentSettings, alice: Caller
) -> None:
    class Verbose(OfflineModel):
        async def stream(self, *_: Any, **__: Any) -> Any:
            yield {"messageStart": {"role": "assistant"}}
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": "Revenue was 556.2 and"}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "max_tokens"}}

    service = Service(settings, Verbose())
    for _ in range(2):
        result = ask(service, alice, "What's our Q3 revenue in EMEA?")[-1]
        assert (result["type"], result["stopReason"]) == ("result", "max_tokens")
        assert result["answer"] == "Revenue was 556.2 and"
        assert "cut off" in result["notices"][0]


@pytest.mark.parametrize("odd", [float("nan"), "\ud83d", {1, 2}], ids=["no number", "half a character", "no JSON"])
def test_what_json_cannot_carry_does_not_break_the_session(
    settings: AgentSettings, alice: Caller, monkeypatch: pytest.MonkeyPatch, odd: Any
) -> None:
    monkeypatch.setattr("agent.tools.backend.revenue", Mock(return_value=odd))
    service = Service(settings, OfflineModel())
    assert ask(service, alice, "What's our Q3 revenue in EMEA?")[-1]["type"] == "result"
    monkeypatch.undo()
    result = ask(service, alice, "What's our Q3 revenue in EMEA?")[-1]
    assert "556.2" in json.dumps(result, ensure_ascii=False, allow_nan=False).encode().decode()


def test_a_model_that_calls_a_tool_that_is_not_there_is_told_so(settings: AgentSettings, alice: Caller) -> None:
    class Mistaken(CirclingModel):
        async def stream(self, *told: Any, **__: Any) -> Any:
            async for event in super().stream(*told):
                start = event.get("contentBlockStart")
                yield (
                    {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "1", "name": "getX"}}}}
                    if start
                    else event
                )

    result = ask(Service(settings, Mistaken()), alice, "What's our Q3 revenue in EMEA?")[-1]
    assert result["toolCalls"][0]["result"] == "Error 404: there is no tool getX"


def test_a_picture_from_a_tool_reaches_the_model_as_it_is() -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    content = [picture, {"text": "half \ud83d"}]
    event: Any = Mock(exception=None, result={"status": "success", "content": content}, invocation_state={})
    ToolCallRecorder()._record(event)
    assert event.result["content"] == [picture, {"text": "half ?"}]
