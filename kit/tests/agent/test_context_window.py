"""Conversations that outgrow the model: the oldest part goes, with a notice; one question too long is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from strands import tool
from strands.types.exceptions import ContextWindowOverflowException

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import Family, chunk, http_server, sse
from tests.agent.test_providers import asking
from tests.agent.test_turn import agent_with, ask
from tests.agent.test_turn_limits import Scripted, call, served

TOLD = "The conversation is too long for the model: its oldest part was summarised or left out."
REFUSED = "the question and what belongs to it do not fit into the model's context window; ask for less at once"


class Small(Scripted):
    """Takes so many characters of a conversation."""

    takes = 1000

    async def stream(self, messages: Any, *arguments: Any, **options: Any) -> Any:
        if len(json.dumps(messages)) > self.takes:
            raise ContextWindowOverflowException("Input is too long for requested model.")
        async for event in super().stream(messages, *arguments, **options):
            yield event


def test_the_oldest_part_of_a_conversation_goes_and_the_caller_is_told(settings: AgentSettings, alice: Caller) -> None:
    model = Small([{"text": "It is 7."}])
    service = served(settings, model)
    for number in range(3):
        result = ask(service, alice, f"{number} {'x' * 200}")[-1]
        assert (result["answer"], result["notices"]) == ("It is 7.", [])
    result = ask(service, alice, "3 " + "x" * 400)[-1]
    assert (result["answer"], result["notices"]) == ("It is 7.", [TOLD])
    assert model.sent[-1][-1]["content"] == [{"text": "3 " + "x" * 400}]
    assert ask(service, alice, "And now?")[-1]["notices"] == [], "only where something went"


def test_a_question_that_is_too_long_is_said_to_be_and_the_conversation_goes_on(
    settings: AgentSettings, alice: Caller
) -> None:
    service = served(settings, Small([{"text": "It is 7."}]))
    ask(service, alice, "One?")
    last = ask(service, alice, "x" * 3000)[-1]
    assert (last["type"], last["error"]) == ("error", REFUSED)
    assert ask(service, alice, "And now?")[-1]["answer"] == "It is 7."


def test_a_tools_result_that_is_too_long_for_the_model_is_shortened(settings: AgentSettings, alice: Caller) -> None:
    @tool(name="dump")
    def dump() -> str:
        """Dumps everything."""
        return "x" * 3000

    model = Small([call(1, "dump")], [{"text": "Much."}])
    result = ask(served(settings, model, dump), alice, "All?")[-1]
    assert (result["answer"], result["notices"]) == ("Much.", [TOLD])
    assert "truncated" in json.dumps(model.sent[-1])


def test_messages_beyond_the_window_go_with_a_notice(settings: AgentSettings, alice: Caller) -> None:
    from strands.agent.conversation_manager import SlidingWindowConversationManager

    service = Service(
        settings,
        Scripted([{"text": "It is 7."}]),
        agent_with(conversation_manager=SlidingWindowConversationManager(window_size=4)),
    )
    told = [ask(service, alice, f"{number}?")[-1]["notices"] for number in range(3)]
    assert told == [[], [], [TOLD]]


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "This model's maximum context length is 8192 tokens."},
        {"type": "exceed_context_size_error", "message": "the request exceeds the available context size, try again"},
        {"message": "prompt is too long: 208310 tokens > 200000 maximum"},
        {"message": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."},
        {"message": "Range of input length should be [1, 129024]"},
    ],
    ids=["OpenAI", "llama.cpp", "Claude", "Gemini", "Qwen"],
)
def test_a_full_context_window_is_known_by_each_familys_words(
    settings: AgentSettings, alice: Caller, error: dict[str, Any]
) -> None:
    def answer(request: Any) -> tuple[int, str, bytes]:
        if len(json.dumps(request["messages"])) > 3000:
            return 400, "application/json", json.dumps({"error": error}).encode()
        return 200, "text/event-stream", sse(chunk({"content": "It is 7."}), chunk({}, "stop"))

    with http_server(answer) as url:
        there = asking(settings, Family("a-model", ()), url)
        service = Service(there, build_model(there), agent_with())
        assert ask(service, alice, "x" * 5000)[-1]["error"] == REFUSED
        assert ask(service, alice, "And now?")[-1]["answer"] == "It is 7."
        service.close()
