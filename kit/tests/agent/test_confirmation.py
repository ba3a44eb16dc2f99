"""A tool that asks first: nothing is done before the user's own yes, whatever the model does, in any process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from strands import Agent, ToolContext, tool

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving import AgentSession, confirm
from agentcore_kit.serving.confirmation import LEFT, NOT_CONFIRMED, is_yes
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_memory_down import World

SESSION = "c" * 33
QUESTION = "Shall I delete report.txt?"

Ask = Callable[[str], dict[str, Any]]


class Eager(OfflineModel):
    """Calls both tools as soon as "delete" is said, and otherwise says what it was told last."""

    async def stream(self, messages: Any, *_: Any, **__: Any) -> Any:
        last = messages[-1]["content"]
        said = " ".join([block["text"] for block in last if "text" in block][-1:])  # before it is what was recalled
        yield {"messageStart": {"role": "assistant"}}
        if "delete" in said:
            yield {"contentBlockDelta": {"delta": {"text": "One moment."}}}
            yield {"contentBlockStop": {}}
            for number, name in enumerate(("lookUp", "deleteFile")):
                use = {"toolUseId": f"{len(messages)}-{number}", "name": name}
                yield {"contentBlockStart": {"start": {"toolUse": use}}}
                yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps({"name": "report.txt"})}}}}
                yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "tool_use"}}
        else:
            results = [block["toolResult"]["content"][0]["text"] for block in last if "toolResult" in block]
            yield {"contentBlockDelta": {"delta": {"text": f"Told: {' '.join([said, *results]).strip()}"}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "end_turn"}}
        yield {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {}}}


class Disk:
    """What the tools have done."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.looked_up = 0


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture(params=["files", "memory"])
def kept(request: pytest.FixtureRequest, settings: AgentSettings, tmp_path: Path) -> Iterator[AgentSettings]:
    """Return settings by which conversations are kept in files, or in a memory."""
    if request.param == "files":
        yield settings
        return
    world = World(settings, tmp_path)
    world.start()
    service, _ = world.service()
    yield service.settings
    world.stop()


@pytest.fixture
def serve(kept: AgentSettings, disk: Disk) -> Callable[[], Service]:
    """Return a function that starts a service, as another process would, on the same stored conversations."""

    @tool(name="deleteFile", context=True)
    def delete_file(name: str, tool_context: ToolContext) -> str:
        """Delete a file."""
        confirm(tool_context, f"Shall I delete {name}?")
        disk.deleted.append(name)
        return f"{name} is gone"

    @tool(name="lookUp")
    def look_up(name: str) -> str:
        """Look up a file."""
        disk.looked_up += 1
        return f"{name} is there"

    def build(session: AgentSession) -> Agent:
        return Agent(tools=[delete_file, look_up], plugins=session.plugins, **session.options)

    return lambda: Service(kept, Eager(), build)


def ask(service: Service, caller: Caller, prompt: str) -> list[dict[str, Any]]:
    async def events() -> list[dict[str, Any]]:
        return [event async for event in service.ask(prompt, caller, SESSION)]

    return asyncio.run(events())


def test_the_question_is_the_answer_and_nothing_is_done(
    serve: Callable[[], Service], alice: Caller, disk: Disk
) -> None:
    service = serve()
    *events, result = ask(service, alice, "delete report.txt")
    service.close()
    assert result["answer"] == f"One moment.\n\n{QUESTION}"
    assert result["stopReason"] == "interrupt"
    assert [call["name"] for call in result["toolCalls"]] == ["lookUp"]
    assert "".join(event["text"] for event in events if event["type"] == "text").endswith(QUESTION)
    assert disk.deleted == []


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "another process"])
def test_a_yes_lets_the_tool_go_on(serve: Callable[[], Service], alice: Caller, disk: Disk, restarted: bool) -> None:
    service = serve()
    ask(service, alice, "delete report.txt")
    if restarted:
        service.close()
        service = serve()
    result = ask(service, alice, "Yes, please")[-1]
    assert [(call["name"], call["status"]) for call in result["toolCalls"]] == [("deleteFile", "success")]
    assert result["answer"] == "Told: report.txt is there report.txt is gone"
    assert (disk.deleted, disk.looked_up) == (["report.txt"], 1)
    assert ask(service, alice, "yes")[-1]["answer"] == "Told: yes", "there is nothing to confirm any more"
    service.close()
    assert disk.deleted == ["report.txt"]


@pytest.mark.parametrize("said", ["no", "yes, but only tomorrow", "What is the time?"])
def test_anything_else_does_nothing_and_is_answered(
    serve: Callable[[], Service], alice: Caller, disk: Disk, said: str
) -> None:
    service = serve()
    ask(service, alice, "delete report.txt")
    result = ask(service, alice, said)[-1]
    assert (result["answer"], result["stopReason"]) == (f"Told: {said}", "end_turn")
    assert ask(service, alice, "yes")[-1]["answer"] == "Told: yes"
    agent = asyncio.run(_agent(service, alice))
    service.close()
    assert disk.deleted == []
    results = [block["toolResult"] for m in agent.messages for block in m["content"] if "toolResult" in block]
    assert [result["content"][0]["text"] for result in results] == ["report.txt is there", NOT_CONFIRMED]
    assert [m["role"] for m in agent.messages] == ["user", "assistant"] * 4
    assert agent.messages[3]["content"][0]["text"] == LEFT


def test_it_is_asked_again_for_the_next_time(serve: Callable[[], Service], alice: Caller, disk: Disk) -> None:
    service = serve()
    for said in ("delete report.txt", "yes", "delete report.txt"):
        result = ask(service, alice, said)[-1]
    service.close()
    assert result["stopReason"] == "interrupt"
    assert disk.deleted == ["report.txt"]


@pytest.mark.parametrize(
    "text", ["yes", "Yes, please!", "ok", "Okay, go ahead.", "Sure, do it", "go ahead", "ja, bitte"]
)
def test_what_is_a_yes(text: str) -> None:
    assert is_yes(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "yes?",
        "yes, but not now",
        "don't do it",
        "please",
        "Is that ok?",
        "yes and open another",
        "not yet, ok",
        "the",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not is_yes(text)


async def _agent(service: Service, caller: Caller) -> Agent:
    async with service.sessions.use(caller, SESSION) as conversation:
        found: Agent = conversation.agent
        return found


def test_a_yes_is_to_the_question_that_was_asked_and_to_no_other(kept: AgentSettings, alice: Caller) -> None:
    prices, done = iter([10, 12, 12]), list[str]()

    @tool(name="deleteFile", context=True)
    def order(name: str, tool_context: ToolContext) -> str:
        """Delete a file, which costs something."""
        confirm(tool_context, f"Shall I delete {name}?")
        confirm(tool_context, f"It costs {next(prices)}. Go on?")
        done.append(name)
        return "done"

    def build(session: AgentSession) -> Agent:
        return Agent(tools=[order], plugins=session.plugins, **session.options)

    service = Service(kept, Eager(), build)
    said = ask(service, alice, "delete report.txt")[-1]["answer"]
    assert "Shall I delete report.txt?" in said
    for question in ("It costs 10", "It costs 12"):
        said = ask(service, alice, "yes")[-1]["answer"]
        assert question in said, said
        assert not done
    ask(service, alice, "yes")
    assert done == ["report.txt"]
