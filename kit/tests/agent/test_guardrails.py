"""What a guardrail blocks: nobody is locked out by it, nothing of it leaves the process, and the caller is told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from strands import tool

from agentcore_kit.config.agent import Memory
from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.local.memory_server.extraction.verbatim import Verbatim
from agentcore_kit.local.memory_server.server import MemoryServer, serving
from agentcore_kit.local.memory_server.service import MemoryService
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.local.memory_server.store import Store
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import agentcore_memory
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import Family, chunk, http_server, sse
from tests.agent.test_model_failures import frame
from tests.agent.test_models import BEDROCK, chosen_by
from tests.agent.test_providers import asking
from tests.agent.test_turn import agent_with, ask

BAD = "zorblax"
"""What the guardrail blocks."""

ASIDE = "I must not talk about that."
"""What the guardrail says in the place of what it blocks."""

BLOCKS = {"g": {"wordPolicy": {"customWords": [{"match": BAD, "action": "BLOCKED", "detected": True}]}}}
MASKS = {
    "g": {
        "sensitiveInformationPolicy": {
            "piiEntities": [{"match": "x", "type": "NAME", "action": "ANONYMIZED", "detected": True}]
        }
    }
}
MEMORY_ID = "customers-localstore"
SPEC = MemorySpec.model_validate({
    "eventExpiryDays": 7,
    "strategies": [
        {"type": "semantic", "name": "facts", "description": "Facts.", "namespaceTemplate": "/facts/{actorId}/"}
    ],
})  # fmt: skip


@tool(name="lookUp")
def look_up() -> str:
    """Looks it up."""
    return f"The file says {BAD}."


def texts(*parts: str) -> bytes:
    """Return the frames of a message with these pieces of text."""
    blocks = [
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": part}})
        + frame("contentBlockStop", {"contentBlockIndex": 0})
        for part in parts
    ]
    return frame("messageStart", {"role": "assistant"}) + b"".join(blocks)


def end(reason: str, trace: dict[str, Any] | None = None) -> bytes:
    usage = {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}
    told = {"trace": {"guardrail": trace}} if trace else {}
    return frame("messageStop", {"stopReason": reason}) + frame("metadata", {**usage, **told})


def calling(name: str, arguments: dict[str, Any]) -> bytes:
    """Return the frames of a message that calls a tool."""
    use = {"toolUseId": "c1", "name": name}
    return (
        frame("messageStart", {"role": "assistant"})
        + frame("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": use}})
        + frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": json.dumps(arguments)}}})
        + frame("contentBlockStop", {"contentBlockIndex": 0})
        + end("tool_use")
    )


ANSWER = texts("It is 7.") + end("end_turn")
CALL = calling("lookUp", {})
INPUT_BLOCKED = texts(ASIDE) + end("guardrail_intervened", {"inputAssessment": BLOCKS})
OUTPUT_BLOCKED = texts(f"You take {BAD} and", ASIDE) + end(
    "guardrail_intervened", {"outputAssessments": {"g": [BLOCKS["g"]]}}
)
UNEXPLAINED = texts(f"You take {BAD} and", ASIDE) + end("guardrail_intervened")


@dataclass
class Bedrock:
    """A fake endpoint of Bedrock with a guardrail that looks at every word of a request.

    Attributes:
        replies: What it answers to requests that pass, the last one for ever.
        requests: What it was asked.
        is_down: Whether it fails.
        down_after: After so many answers it fails.
    """

    replies: list[bytes]
    requests: list[Any] = field(default_factory=list)
    passed: int = 0
    is_down: bool = False
    down_after: int | None = None

    def __call__(self, request: Any) -> tuple[int, str, bytes]:
        self.requests.append(request)
        if self.is_down or self.passed == self.down_after:
            return 400, "application/json", json.dumps({"__type": "ValidationException", "message": "no"}).encode()
        if BAD in json.dumps(request["messages"]):
            return 200, "application/vnd.amazon.eventstream", INPUT_BLOCKED
        self.passed += 1
        return 200, "application/vnd.amazon.eventstream", self.replies[min(self.passed, len(self.replies)) - 1]


@dataclass
class World:
    """An agent with a guarded model and a memory; `service()` is it after a restart."""

    settings: AgentSettings
    bedrock: Bedrock
    memory: MemoryService | None

    def service(self) -> Service:
        return Service(self.settings, build_model(self.settings), agent_with(look_up))

    def records(self) -> list[str]:
        assert self.memory
        found = self.memory.list_memory_records({"namespacePath": "/"})["memoryRecordSummaries"]
        return [each["content"]["text"] for each in found]

    def everything_kept(self) -> str:
        if self.memory is None:
            return "".join(path.read_text() for path in self.settings.state.rglob("*") if path.is_file())
        actor = self.memory.list_actors({})["actorSummaries"][0]["actorId"]
        sessions = [each["sessionId"] for each in self.memory.list_sessions({"actorId": actor})["sessionSummaries"]]
        events = [self.memory.list_events({"actorId": actor, "sessionId": each}) for each in sessions]
        return json.dumps([events, self.records()], default=str)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def world(settings: AgentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: ExitStack) -> Any:
    """Return what makes a world whose model gives these replies, with the real local memory or with files."""

    def made(*replies: bytes, memory: bool = True) -> World:
        bedrock = Bedrock(list(replies) or [ANSWER])
        url = opened.enter_context(http_server(bedrock)).removesuffix("/v1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        monkeypatch.setenv("AGENT_GUARDRAIL_ID", "a1b2c3d4")
        monkeypatch.setenv("AGENT_GUARDRAIL_VERSION", "3")
        there = chosen_by(settings, BEDROCK)
        if not memory:
            return World(there, bedrock, None)
        about = Settings("customers", "A memory.", there.environment.region, SPEC)
        kept = MemoryService(about, Store(tmp_path / "memory.sqlite"), Verbatim())
        server = opened.enter_context(serving(MemoryServer(kept, {}, 0)))
        used = Memory(id=MEMORY_ID, endpoint=server.address, recall=["/facts/{actorId}/"])
        there = replace(there, environment=there.environment.model_copy(update={"memory": used}))
        return World(there, bedrock, kept)

    return made


def ask_in(service: Service, caller: Caller, session: str, prompt: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [event async for event in service.ask(prompt, caller, session.ljust(33, "-"))]

    return asyncio.run(run())


def test_what_a_guardrail_blocks_never_becomes_a_memory(world: Any, alice: Caller) -> None:
    there = world()
    service = there.service()
    result = ask(service, alice, f"Tell me about {BAD}.")[-1]
    assert (result["stopReason"], result["answer"]) == ("guardrail_intervened", ASIDE)
    assert result["notices"] == ["A guardrail blocked this: the question or what was found for it is not kept."]
    assert ask(service, alice, "How many?")[-1]["answer"] == "It is 7.", "the session goes on"
    assert ask_in(there.service(), alice, "another", "How many?")[-1]["answer"] == "It is 7.", "and so do others"
    assert BAD not in there.everything_kept()
    assert "How many?" in there.everything_kept()
    assert len(there.bedrock.requests) == 3, "none had to be asked twice"


def test_a_memory_that_is_blocked_costs_itself_and_not_the_user(world: Any, alice: Caller) -> None:
    there = world()
    known = {"requestIdentifier": "r", "namespaces": ["/facts/alice/"], "content": {"text": f"Likes {BAD}."}}
    there.memory.batch_create_memory_records({"records": [{**known, "timestamp": there.memory.clock()}]})
    service = there.service()
    for session in ("monday", "tuesday"):
        happened = ask_in(service, alice, session, f"What do I like? {session}")
        assert (happened[-1]["answer"], happened[-1]["stopReason"]) == ("It is 7.", "end_turn")
        assert happened[-1]["notices"] == [
            "A guardrail blocked what the memory recalled; this was answered without the memory."
        ]
        assert happened[-1]["modelCalls"] == 2
        shown = [event for event in happened if event["type"] in ("text", "retry")]
        assert [event["type"] for event in shown] == ["text", "retry", "text"], "the guardrail's words are void"
    assert BAD in json.dumps(there.bedrock.requests[0]), "it was recalled"
    assert BAD not in json.dumps(there.bedrock.requests[1])
    assert "What do I like?" in json.dumps(there.bedrock.requests[1])
    assert "What do I like? monday" in there.everything_kept(), "the user's words are no reason to be redacted"
    assert ask_in(service, alice, "monday", "And?")[-1]["answer"] == "It is 7."


def test_a_question_that_is_blocked_with_and_without_the_memory(world: Any, alice: Caller) -> None:
    there = world()
    known = {"requestIdentifier": "r", "namespaces": ["/facts/alice/"], "content": {"text": "Likes red."}}
    there.memory.batch_create_memory_records({"records": [{**known, "timestamp": there.memory.clock()}]})
    result = ask(there.service(), alice, f"Tell me about {BAD}.")[-1]
    assert result["answer"] == ASIDE
    assert result["notices"] == ["A guardrail blocked this: the question or what was found for it is not kept."]
    assert len(there.bedrock.requests) == 2, "once with and once without what was recalled, and not for ever"


def test_an_older_part_of_the_conversation_that_is_blocked_goes(world: Any, alice: Caller) -> None:
    """For example because the guardrail has become stricter, or never saw the words of a turn that failed."""
    there = world()
    service = there.service()
    ask(service, alice, "How many?")
    (entry,) = service.sessions._entries.values()
    assert entry.conversation
    entry.conversation.agent.messages[0]["content"] = [{"text": f"Once I said {BAD}."}]
    result = ask(service, alice, "And now?")[-1]
    assert result["answer"] == "It is 7."
    assert result["notices"] == [
        "A guardrail blocked an earlier part of the conversation; this was answered without that part."
    ]
    count = len(there.bedrock.requests)
    assert ask(service, alice, "And then?")[-1]["notices"] == []
    assert len(there.bedrock.requests) == count + 1, "it is gone for good"
    assert "And now?" in json.dumps(there.bedrock.requests[-1])
    assert ask(there.service(), alice, "And at last?")[-1]["notices"] == [], "also after a restart"


def test_a_question_that_failed_before_the_guardrail_saw_it_is_not_kept(world: Any, alice: Caller) -> None:
    there = world()
    service = there.service()
    there.bedrock.is_down = True
    assert ask(service, alice, f"Tell me about {BAD}.")[-1]["type"] == "error"
    there.bedrock.is_down = False
    assert BAD not in there.everything_kept()
    assert ask(service, alice, "And now?")[-1]["notices"] == []
    assert ask_in(there.service(), alice, "another", "How many?")[-1]["notices"] == []
    assert ask(there.service(), alice, "And then?")[-1]["notices"] == []
    assert "And now?" in json.dumps(there.bedrock.requests[-1])
    assert BAD not in there.everything_kept()


def test_a_turn_that_failed_after_the_guardrail_passed_it_is_kept(world: Any, alice: Caller) -> None:
    """The next turn must know which tools were called."""
    there = world(CALL)
    there.bedrock.down_after = 1
    service = there.service()
    assert ask(service, alice, "What does the file say?")[-1]["type"] == "error"
    assert "What does the file say?" in there.everything_kept()
    assert "lookUp" in there.everything_kept()


@pytest.mark.parametrize("memory", [True, False])
def test_a_tools_result_that_is_blocked_leaves_the_process_nowhere(
    world: Any, alice: Caller, memory: bool, caplog: pytest.LogCaptureFixture
) -> None:
    there = world(CALL, ANSWER, memory=memory)
    service = there.service()
    with caplog.at_level(logging.INFO):
        happened = ask(service, alice, "What does the file say?")
    result = happened[-1]
    assert BAD not in json.dumps(happened)
    assert BAD not in caplog.text
    (made,) = result["toolCalls"]
    assert (made["name"], made["result"]) == ("lookUp", "[withheld: blocked by a guardrail]")
    assert result["answer"] == ASIDE
    assert result["stopReason"] == "guardrail_intervened"
    assert len(result["notices"]) == 1
    assert ask(service, alice, "How many?")[-1]["answer"] == "It is 7."
    service.close()
    assert BAD not in there.everything_kept()
    assert ask(there.service(), alice, "How many?")[-1]["answer"] == "It is 7.", "also after a restart"


def test_nothing_is_written_before_it_was_judged_in_a_long_turn(
    world: Any, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentcore_memory, "MESSAGES", 3)
    monkeypatch.setattr(agentcore_memory, "WAITING", 2)
    there = world(CALL, ANSWER)
    service = there.service()
    assert ask(service, alice, "What does the file say?")[-1]["stopReason"] == "guardrail_intervened"
    service.close()
    assert BAD not in there.everything_kept()
    assert "What does the file say?" in there.everything_kept()


@pytest.mark.parametrize("reply", [OUTPUT_BLOCKED, UNEXPLAINED], ids=["output", "without a trace"])
def test_an_answer_that_is_blocked_while_it_streams_is_void(world: Any, alice: Caller, reply: bytes) -> None:
    there = world(reply, ANSWER)
    service = there.service()
    happened = ask(service, alice, "How do I make it?")
    kinds = [event["type"] for event in happened]
    assert kinds[-3:] == ["blocked", "text", "result"]
    result = happened[-1]
    assert result["answer"] == happened[-2]["text"] == "The answer is withheld: a guardrail blocked it."
    assert BAD not in json.dumps(happened[kinds.index("blocked") :])
    assert result["notices"] == ["A guardrail blocked this: the question or what was found for it is not kept."]
    assert ask(service, alice, "How many?")[-1]["answer"] == "It is 7."
    assert BAD not in there.everything_kept()
    assert BAD not in json.dumps(there.bedrock.requests)


def test_what_a_guardrail_only_masks_is_an_answer_with_a_notice(world: Any, alice: Caller) -> None:
    masked = texts("It is {NAME}.") + end("guardrail_intervened", {"outputAssessments": {"g": [MASKS["g"]]}})
    there = world(masked)
    happened = ask(there.service(), alice, "Who?")
    assert happened[-1]["answer"] == "It is {NAME}."
    assert happened[-1]["notices"] == ["A guardrail masked parts of this."]
    assert "blocked" not in [event["type"] for event in happened]
    assert "Who?" in there.everything_kept()


@pytest.mark.parametrize("memory", [True, False])
def test_an_answer_that_the_provider_filters_is_void_and_locks_nobody_out(
    world: Any, alice: Caller, memory: bool
) -> None:
    there = world(texts(f"You take {BAD} and") + end("content_filtered"), ANSWER, memory=memory)
    service = there.service()
    happened = ask(service, alice, "How do I make it?")
    result = happened[-1]
    assert (result["stopReason"], result["type"]) == ("content_filtered", "result")
    assert result["answer"] == "The answer is withheld: the model's content filter stopped it."
    assert result["notices"] == ["The model's content filter stopped this: what was asked is not kept."]
    assert [event["type"] for event in happened][-3:] == ["blocked", "text", "result"]
    service.close()
    assert BAD not in there.everything_kept()
    assert ask(there.service(), alice, "How many?")[-1]["answer"] == "It is 7."


def test_a_prompt_that_an_endpoint_refuses_for_its_content_is_told_and_not_kept(
    settings: AgentSettings, alice: Caller, opened: ExitStack
) -> None:
    requests: list[Any] = []

    def answer(request: Any) -> tuple[int, str, bytes]:
        requests.append(request)
        if BAD in json.dumps(request["messages"]):
            refusal = {"error": {"code": "content_filter", "message": f"filtered: {BAD}", "param": "prompt"}}
            return 400, "application/json", json.dumps(refusal).encode()
        return 200, "text/event-stream", sse(chunk({"content": "It is 7."}), chunk({}, "stop"))

    there = asking(settings, Family("a-model", ()), opened.enter_context(http_server(answer)))
    service = Service(there, build_model(there), agent_with(look_up))
    opened.callback(service.close)
    result = ask(service, alice, f"Tell me about {BAD}.")[-1]
    assert (result["type"], result["stopReason"]) == ("result", "content_filtered")
    assert len(result["notices"]) == 1
    assert ask(service, alice, "How many?")[-1]["answer"] == "It is 7."
    assert BAD not in json.dumps(requests[-1])


@pytest.mark.parametrize("reason", ["malformed_tool_use", "malformed_model_output"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(world: Any, alice: Caller, reason: str) -> None:
    there = world(texts("Let me <tool") + end(reason), ANSWER, memory=False)
    happened = ask(there.service(), alice, "How many?")
    assert (happened[-1]["answer"], happened[-1]["modelCalls"]) == ("It is 7.", 2)
    assert [event["type"] for event in happened] == ["start", "text", "retry", "text", "result"]


def test_an_answer_that_fills_the_context_window_is_said_to_be_cut(world: Any, alice: Caller) -> None:
    there = world(texts("It is") + end("model_context_window_exceeded"), memory=False)
    result = ask(there.service(), alice, "How many?")[-1]
    assert (result["stopReason"], result["answer"]) == ("model_context_window_exceeded", "It is")
    assert result["notices"] == ["The answer is cut off: it reached the end of the model's context window."]
