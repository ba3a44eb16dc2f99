"""Turns: what is reported, and that a failing or circling model ends well."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from strands import Agent, tool

from agentcore_kit.config.agent import Limits
from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import AgentSession
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from agentcore_kit.serving.tool_calls import ToolCallRecorder
from tests.agent.conftest import BuildAgent
from tests.domains import Domain

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

    def __init__(self, tool: str, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.tool, self.arguments = tool, arguments

    async def stream(self, *_: Any, **__: Any) -> Any:
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "1", "name": self.tool}}}}
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(self.arguments)}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}
        yield {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {}}}


def with_limits(settings: AgentSettings, limits: dict[str, Any]) -> AgentSettings:
    """Return settings with `limits` as an environment file has them."""
    changed = {"limits": Limits.model_validate(limits)}
    return replace(settings, environment=settings.environment.model_copy(update=changed))


def agent_with(*tools: Any, **options: Any) -> BuildAgent:
    """Return a function that builds an agent with these tools, and nothing of the repository's."""

    def build_agent(session: AgentSession) -> Agent:
        return Agent(tools=[*tools, *session.gateway_tools], plugins=session.plugins, **options, **session.options)

    return build_agent


def ask(service: Service, caller: Caller, prompt: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [event async for event in service.ask(prompt, caller, SESSION)]

    return asyncio.run(run())


def test_events_come_in_order_and_the_last_sums_up(service: Service, alice: Caller, domain: Domain) -> None:
    events = ask(service, alice, domain.asked.question)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "start"
    assert kinds.index("tool") < kinds.index("text")
    assert kinds.count("text") > 1, "the answer is streamed in parts"
    result = events[-1]
    assert result["type"] == "result"
    assert "".join(event["text"] for event in events if event["type"] == "text").strip() == result["answer"]
    assert domain.figure in result["answer"]
    (call,) = result["toolCalls"]
    assert (call["name"], call["input"]) == (domain.tool, domain.asked.input)
    assert call["status"] == "success"
    field, value = domain.result
    assert call["result"][field] == value
    assert result["modelCalls"] == 2
    assert result["usage"]["estimated"]
    assert result["usage"]["totalTokens"] == result["usage"]["inputTokens"] + result["usage"]["outputTokens"]
    assert 0 < result["timeToFirstTokenMs"] <= result["latencyMs"]
    assert result["model"]["label"] == "offline model, not an LLM"


def test_a_failure_gives_an_id_and_no_detail_and_the_conversation_goes_on(
    settings: AgentSettings, build_agent: BuildAgent, alice: Caller, domain: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(settings, FailingModel(), build_agent)
    with caplog.at_level(logging.ERROR):
        events = ask(service, alice, domain.asked.question)
    assert events[-1] == {
        "type": "error",
        "error": "internal error",
        "status": 500,
        "requestId": events[0]["requestId"],
    }
    assert SECRET not in json.dumps(events)
    assert events[0]["requestId"] in caplog.text
    assert domain.figure in ask(service, alice, domain.asked.question)[-1]["answer"]


def test_what_a_tool_raises_stays_in_the_log(
    service: Service,
    alice: Caller,
    domain: Domain,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Mock(side_effect=ZeroDivisionError(SECRET))
    monkeypatch.setattr(f"agent.tools.backend.{domain.backend_method}", broken)
    with caplog.at_level(logging.ERROR):
        events = ask(service, alice, domain.asked.question)
    assert SECRET not in json.dumps(events)
    assert SECRET in caplog.text
    (call,) = events[-1]["toolCalls"]
    assert (call["status"], call["result"]) == (
        "error",
        f"Error 500: {domain.tool} failed; its operators find the cause in the log",
    )


@pytest.mark.parametrize("limits", [{}, {"turn": {"maxModelCalls": 3}}])
def test_a_model_that_goes_in_circles_is_stopped(
    settings: AgentSettings, build_agent: BuildAgent, alice: Caller, domain: Domain, limits: dict[str, Any]
) -> None:
    limited = with_limits(settings, limits)
    service = Service(limited, CirclingModel(domain.tool, domain.asked.input), build_agent)
    result = ask(service, alice, domain.asked.question)[-1]
    assert result["stopReason"] == "limit_turns"
    assert result["modelCalls"] == (3 if limits else 12)
    assert "could not finish" in result["answer"]


def test_an_answer_that_reaches_the_models_maximum_is_given_and_said_to_be_cut(
    settings: AgentSettings, build_agent: BuildAgent, alice: Caller
) -> None:
    class Verbose(OfflineModel):
        async def stream(self, *_: Any, **__: Any) -> Any:
            yield {"messageStart": {"role": "assistant"}}
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": "It is 7 and"}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "max_tokens"}}

    service = Service(settings, Verbose(), build_agent)
    for _ in range(2):
        result = ask(service, alice, "How many are there?")[-1]
        assert (result["type"], result["stopReason"]) == ("result", "max_tokens")
        assert result["answer"] == "It is 7 and"
        assert "cut off" in result["notices"][0]


@pytest.mark.parametrize("odd", [float("nan"), "\ud83d", {1, 2}], ids=["no number", "half a character", "no JSON"])
def test_what_json_cannot_carry_does_not_break_the_session(settings: AgentSettings, alice: Caller, odd: Any) -> None:
    answers = iter([odd, "well again"])

    @tool(name="countBoxes")
    def count_boxes() -> Any:
        """Counts the boxes. Use when the user asks how many boxes there are."""
        return {"boxes": next(answers)}

    service = Service(settings, OfflineModel(), agent_with(count_boxes))
    assert ask(service, alice, "How many boxes are there?")[-1]["type"] == "result"
    result = ask(service, alice, "How many boxes are there?")[-1]
    assert "well again" in json.dumps(result, ensure_ascii=False, allow_nan=False).encode().decode()


def test_a_model_that_calls_a_tool_that_is_not_there_is_told_so(
    settings: AgentSettings, build_agent: BuildAgent, alice: Caller
) -> None:
    result = ask(Service(settings, CirclingModel("getX", {}), build_agent), alice, "How many are there?")[-1]
    assert result["toolCalls"][0]["result"] == "Error 404: there is no tool getX"


def test_a_picture_from_a_tool_reaches_the_model_as_it_is() -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    content = [picture, {"text": "half \ud83d"}]
    use = {"toolUseId": "1", "name": "draw", "input": {}}
    result = {"status": "success", "content": content}
    event: Any = Mock(exception=None, tool_use=use, result=result, invocation_state={})
    ToolCallRecorder()._record(event)
    assert event.result["content"] == [picture, {"text": "half ?"}]
