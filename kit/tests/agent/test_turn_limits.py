"""What a turn may take and keep: so many tool calls, so much of a result, and only what can be stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from strands import tool

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_turn import agent_with, ask, with_limits

HALF = "\ud83d"
"""Half of a character that takes two: JSON may say it, UTF-8 cannot."""


class Scripted(OfflineModel):
    """Says and calls what a list tells it, the last entry for ever; keeps what it was sent."""

    def __init__(self, *replies: list[dict[str, Any]]) -> None:
        super().__init__()
        self.replies, self.sent = list(replies), list[Any]()

    async def stream(self, messages: Any, *_: Any, **__: Any) -> Any:
        self.sent.append(messages)
        reply = self.replies[min(len(self.sent), len(self.replies)) - 1]
        yield {"messageStart": {"role": "assistant"}}
        for block in reply:
            if text := block.get("text"):
                yield {"contentBlockStart": {"start": {}}}
                yield {"contentBlockDelta": {"delta": {"text": text}}}
            else:
                use = {"toolUseId": block["id"], "name": block["name"]}
                yield {"contentBlockStart": {"start": {"toolUse": use}}}
                written = block["raw"] if "raw" in block else json.dumps(block["input"])
                yield {"contentBlockDelta": {"delta": {"toolUse": {"input": written}}}}
            yield {"contentBlockStop": {}}
        called = any("name" in block for block in reply)
        yield {"messageStop": {"stopReason": "tool_use" if called else "end_turn"}}


def call(number: int, name: str = "count", **given: Any) -> dict[str, Any]:
    return {"id": f"c{number}", "name": name, "input": given}


@pytest.fixture
def made() -> list[int]:
    """Return the calls that were really made."""
    return []


@pytest.fixture
def count(made: list[int]) -> Any:
    @tool(name="count")
    def count(what: str = "") -> str:
        """Counts."""
        made.append(1)
        return "7"

    return count


def served(settings: AgentSettings, model: OfflineModel, *tools: Any, **turn: Any) -> Service:
    return Service(with_limits(settings, {"turn": turn}), model, agent_with(*tools))


def test_a_turn_has_so_many_tool_calls_and_one_answer_after_them(
    settings: AgentSettings, alice: Caller, count: Any, made: list[int]
) -> None:
    model = Scripted([call(n) for n in range(500)], [{"text": "It is 7."}])
    result = ask(served(settings, model, count), alice, "How many?")[-1]
    assert (result["answer"], result["modelCalls"]) == ("It is 7.", 2)
    assert len(made) == len(result["toolCalls"]) == 100
    assert "the 100 tool calls of this turn are used up" in json.dumps(model.sent[-1])
    assert len(result["notices"]) == 1
    assert "100 tool calls" in result["notices"][0]


def test_a_model_that_asks_for_ever_more_tools_is_stopped(
    settings: AgentSettings, alice: Caller, count: Any, made: list[int]
) -> None:
    model = Scripted([call(n) for n in range(500)])
    result = ask(served(settings, model, count, maxToolCalls=7), alice, "How many?")[-1]
    assert (result["stopReason"], result["modelCalls"]) == ("limit_turns", 2)
    assert len(made) == len(result["toolCalls"]) == 7
    result = ask(served(settings, Scripted([{"text": "Hello."}]), count), alice, "Hello?")[-1]
    assert result["answer"] == "Hello.", "the conversation goes on"


@pytest.mark.parametrize("of", ["text", "object", "several"])
def test_a_huge_result_is_cut_and_says_so(settings: AgentSettings, alice: Caller, of: str) -> None:
    @tool(name="dump")
    def dump() -> Any:
        """Dumps everything."""
        if of == "several":
            return {"status": "success", "content": [{"text": "x" * 1_000_000} for _ in range(20)]}
        return "x" * 20_000_000 if of == "text" else {"rows": ["x" * 1000] * 20_000}

    model = Scripted([call(1, "dump")], [{"text": "Much."}])
    service = served(settings, model, dump)
    result = ask(service, alice, "All?")[-1]
    assert len(json.dumps(result["toolCalls"])) < 102_000
    sent = json.dumps(model.sent[-1])
    assert 100_000 < len(sent) < 110_000
    assert "cut off: the first 100,000 of 20," in sent
    stored = sum(path.stat().st_size for path in settings.sessions.rglob("*") if path.is_file())
    assert stored < 500_000


def test_a_result_within_the_limit_is_whole(settings: AgentSettings, alice: Caller) -> None:
    @tool(name="dump")
    def dump() -> str:
        """Dumps everything."""
        return "x" * 999

    model = Scripted([call(1, "dump")], [{"text": "Much."}])
    (made,) = ask(served(settings, model, dump, maxToolResultCharacters=1000), alice, "All?")[-1]["toolCalls"]
    assert made["result"] == "x" * 999


@pytest.mark.parametrize("where", ["answer", "input", "question", "whole"])
def test_half_a_character_breaks_no_turn(
    settings: AgentSettings, alice: Caller, count: Any, made: list[int], where: str
) -> None:
    said = {"answer": f"half {HALF} of it", "whole": "all \ud83d\ude00"}.get(where, "It is 7.")
    model = Scripted([call(1, what=f"half {HALF}" if where == "input" else "it")], [{"text": said}])
    service = served(settings, model, count)
    question = f"How many {HALF}?" if where == "question" else "How many?"
    events = ask(service, alice, question)
    result = events[-1]
    assert result["type"] == "result", result
    assert result["answer"] == {"answer": "half ? of it", "whole": "all 😀"}.get(where, "It is 7.")
    json.dumps(events, ensure_ascii=False).encode()
    json.dumps(model.sent, ensure_ascii=False).encode()
    assert made == [1]
    service.close()
    again = served(settings, Scripted([{"text": "Hello."}]), count)
    assert ask(again, alice, "And now?")[-1]["answer"] == "Hello."


@pytest.mark.parametrize("name", ["getX", "get x!", "x" * 70])
def test_a_call_of_a_tool_that_does_not_exist_is_told_as_failed(
    settings: AgentSettings, alice: Caller, count: Any, name: str
) -> None:
    model = Scripted([call(1, name), call(2)], [{"text": "It is 7."}])
    result = ask(served(settings, model, count), alice, "How many?")[-1]
    assert sorted((made["name"], made["status"]) for made in result["toolCalls"]) == sorted(
        [(name, "error"), ("count", "success")]
    )
