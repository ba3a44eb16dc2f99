"""AG-UI: what a front end of that protocol sends and reads, checked by the protocol's own models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx
import pytest
from ag_ui.core import Event, Message
from pydantic import TypeAdapter

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.serving.ag_ui import RunInput, translated
from agentcore_kit.serving.invocation import MAX_PROMPT_CHARACTERS, SESSION_HEADER
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.agent.served import Served, served
from tests.domains import Domain

EVENT, MESSAGES = TypeAdapter(Event), TypeAdapter(list[Message])


@pytest.fixture
def agent(settings: AgentSettings, build_agent: BuildAgent, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with served(Service(settings, OfflineModel(), build_agent), monkeypatch) as found:
        yield found


def run_of(*contents: Any, thread: str = "t-1", **more: Any) -> dict[str, Any]:
    """Return a run whose messages are the user's and the assistant's in turn."""
    messages = [
        {"id": f"m{number}", "role": "assistant" if number % 2 else "user", "content": content}
        for number, content in enumerate(contents)
    ]
    nothing = {"tools": [], "context": [], "state": {}, "forwardedProps": {"prompt": "of the front end"}}
    return {"threadId": thread, "runId": "r-1", "messages": messages, **nothing, **more}


def post(agent: Served, body: Any, user: str = "alice") -> httpx.Response:
    headers = agent.headers(user)
    del headers[SESSION_HEADER]
    return httpx.post(agent.url, json=body, headers=headers, timeout=100)


def events_of(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the events, each of which must be one of the protocol."""
    assert response.status_code == 200, response.text
    found = [json.loads(line.removeprefix("data: ")) for line in response.text.splitlines() if line]
    for one in found:
        EVENT.validate_python(one)
    return found


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(one["delta"] for one in events if one["type"] == "TEXT_MESSAGE_CONTENT")


def test_a_run_is_told_in_the_protocols_events(agent: Served, domain: Domain) -> None:
    body = run_of(domain.asked.question)
    events = events_of(post(agent, body))
    types = [one["type"] for one in events]
    assert (types[0], types[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    assert {(one["threadId"], one["runId"]) for one in (events[0], events[-1])} == {("t-1", "r-1")}
    assert domain.figure in text_of(events)
    by_type = {one["type"]: one for one in events}
    assert by_type["TOOL_CALL_START"]["toolCallName"] == domain.tool
    assert json.loads(by_type["TOOL_CALL_ARGS"]["delta"]) == domain.asked.input
    assert by_type["TOOL_CALL_RESULT"]["toolCallId"] == by_type["TOOL_CALL_START"]["toolCallId"]
    assert json.loads(by_type["TOOL_CALL_RESULT"]["content"])[domain.result[0]] == domain.result[1]
    messages = by_type["MESSAGES_SNAPSHOT"]["messages"]
    MESSAGES.validate_python(messages)
    assert [one["role"] for one in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[0] == body["messages"][0]
    assert domain.figure in messages[-1]["content"]
    result = by_type["RUN_FINISHED"]["result"]
    assert (result["stopReason"], result["usage"]["estimated"]) == ("end_turn", True)
    assert "usage" not in by_type["RUN_FINISHED"], "estimated tokens are no accounting"


def test_a_thread_is_a_session_of_its_user(agent: Served, domain: Domain) -> None:
    (first, following) = domain.conversations[0]
    asked = [run_of(first.question), run_of(first.question, "whatever", following.question)]
    sessions = {post(agent, body).headers[SESSION_HEADER] for body in asked}
    assert len(sessions) == 1
    assert 33 <= len(sessions.pop()) <= 256
    for body, user, expected in (
        (asked[1], "alice", following.input),
        ({**asked[1], "threadId": "t-2"}, "alice", None),
        (asked[1], "bob", None),
    ):
        calls = [one for one in events_of(post(agent, body, user)) if one["type"] == "TOOL_CALL_ARGS"]
        made = [json.loads(one["delta"]) for one in calls]
        assert (made == [expected]) if expected else (following.input not in made), (user, made)


def test_the_session_that_the_caller_names_goes_first(agent: Served) -> None:
    body = run_of("What can you do?")
    named = httpx.post(agent.url, json=body, headers=agent.headers(), timeout=100)
    assert named.headers[SESSION_HEADER] == "s" * 33


PART = [{"type": "text", "text": "What can"}, {"type": "text", "text": "you do?"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"threadId": "t", "messages": []}, "runId"),
        (run_of("hi", messages=[]), "messages"),
        (run_of("hi", "I am the assistant"), "messages"),
        (run_of(" "), "messages"),
        (run_of(7), "messages"),
        (run_of([{"type": "binary"}, 3]), "messages"),
        (run_of("hi", messages=["hi"]), "messages.0"),
        (run_of("x" * (MAX_PROMPT_CHARACTERS + 1)), "messages"),
        (run_of("hi", threadId=7), "threadId"),
        (run_of("hi", threadId=""), "threadId"),
    ],
)
def test_a_run_that_is_wrong_is_refused_with_its_field(agent: Served, body: dict[str, Any], field: str) -> None:
    refused = post(agent, body)
    assert (refused.status_code, refused.json()["field"]) == (400, field), refused.text


def test_a_run_that_speaks_of_feedback_is_a_run(agent: Served) -> None:
    body = run_of("feedback", tools=[{"name": "feedback", "description": "", "parameters": {}}], forwardedProps={})
    assert events_of(post(agent, body))[-1]["type"] == "RUN_FINISHED"


def test_a_conversation_that_is_sent_again_may_be_long(agent: Served) -> None:
    table = json.dumps([{"region": "EMEA", "value": number} for number in range(9_000)])
    assert events_of(post(agent, run_of("How much?", table, "What can you do?")))[-1]["type"] == "RUN_FINISHED"


@pytest.mark.parametrize("raw", [b'{"threadId": "t", "messages": ' + b"[" * 20_000, b'{"threadId": "t", "messages"'])
def test_a_run_that_is_no_json_is_refused(agent: Served, raw: bytes) -> None:
    refused = httpx.post(agent.url, content=raw, headers=agent.headers(), timeout=100)
    assert (refused.status_code, refused.json()["field"]) == (400, "payload")


def test_the_text_of_several_parts_is_asked(agent: Served) -> None:
    body = run_of(PART)
    assert text_of(events_of(post(agent, body)))


def test_who_is_nobody_is_refused_before_the_body_is_read(agent: Served) -> None:
    assert httpx.post(agent.url, json=run_of("hi"), timeout=100).status_code == 401


USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5, "estimated": False}
MODEL = {"provider": "bedrock", "id": "m", "label": None}


def result(answer: str, *calls: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "result",
        "answer": answer,
        "toolCalls": [*calls],
        "usage": USAGE,
        "model": MODEL,
        "stopReason": "end_turn",
    }


def told(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what events of a turn are in AG-UI, each valid."""

    async def turn() -> AsyncGenerator[dict[str, Any], None]:
        for event in ({"type": "start"}, *events):
            yield event

    async def collect() -> list[dict[str, Any]]:
        run = RunInput.model_validate({**run_of("hi"), "messages": [{"id": "m", "role": "user", "content": "hi"}]})
        return [one async for one in translated(turn(), run)]

    found = asyncio.run(collect())
    for one in found:
        EVENT.validate_python(one)
    return found


def call(name: str, given: Any, output: Any, status: str = "success") -> dict[str, Any]:
    return {"name": name, "input": given, "status": status, "result": output, "durationMs": 1.0}


def snapshots(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [one["messages"] for one in events if one["type"] == "MESSAGES_SNAPSHOT"]


@pytest.mark.parametrize("why", ["retry", "blocked"])
def test_text_that_became_void_is_taken_back(why: str) -> None:
    events = told({"type": "text", "text": "Half"}, {"type": why}, {"type": "text", "text": "Whole."}, result("Whole."))
    assert [[one["content"] for one in messages] for messages in snapshots(events)] == [["hi"]]
    ends = [one["type"] for one in events].index("TEXT_MESSAGE_END")
    assert events[ends + 1]["type"] == "MESSAGES_SNAPSHOT"
    assert events[-1]["usage"] == [
        {"provider": "bedrock", "model": "m", "inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
    ]


def test_void_text_after_a_call_leaves_the_call() -> None:
    first = {"type": "tool", "name": "a", "input": {"x": 1}}
    events = told(first, {"type": "text", "text": "Half"}, {"type": "retry"}, result("Whole.", call("a", {"x": 1}, 5)))
    assert [[one["role"] for one in messages] for messages in snapshots(events)] == [
        ["user", "assistant"],
        ["user", "assistant", "tool", "assistant"],
    ]


def test_calls_at_once_have_their_own_results_whatever_their_order() -> None:
    calls = [{"type": "tool", "name": "a", "input": {"x": number}} for number in (1, 2)]
    done = [call("a", {"x": 2}, "two", "error"), call("a", {"x": 1}, {"n": 1})]
    events = told({"type": "text", "text": "I look."}, *calls, {"type": "text", "text": "So."}, result("So.", *done))
    (messages,) = snapshots(events)
    MESSAGES.validate_python(messages)
    assert [one["role"] for one in messages] == ["user", "assistant", "tool", "tool", "assistant"]
    by_call = {one["id"]: json.loads(one["function"]["arguments"])["x"] for one in messages[1]["toolCalls"]}
    assert {by_call[one["toolCallId"]]: one["content"] for one in messages[2:4]} == {1: '{"n": 1}', 2: "two"}
    assert [one.get("error") for one in messages[2:4]] == ["two", None]


def test_a_call_of_a_name_that_no_tool_can_have_is_no_result() -> None:
    events = told(result("Sorry.", call("no such", {}, "Error 404")))
    assert text_of(events) == "Sorry."
    assert "TOOL_CALL_RESULT" not in [one["type"] for one in events]


def test_a_failure_ends_the_run() -> None:
    events = told({"type": "text", "text": "So"}, {"type": "error", "error": "not now", "status": 503})
    assert [one["type"] for one in events[-2:]] == ["TEXT_MESSAGE_END", "RUN_ERROR"]
    assert (events[-1]["message"], events[-1]["code"]) == ("not now", "503")
