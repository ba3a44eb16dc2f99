"""A turn has a deadline: whatever hangs, its caller is told, its session is free, and what is stored is valid."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer
from strands import ToolContext, tool
from strands.session import FileSessionManager

from agentcore_kit.runtime.deadline import seconds_left
from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import Family, http_server, results_follow_their_calls, roles_alternate
from tests.agent.served import HANG, CallsIfAsked, Hang, Served, calls_without_result, served
from tests.agent.test_gateway import serving, with_gateways
from tests.agent.test_model_failures import BEDROCK_WHOLE, WHOLE
from tests.agent.test_models import BEDROCK, chosen_by
from tests.agent.test_providers import asking
from tests.agent.test_turn import agent_with, with_limits

pytestmark = pytest.mark.integration

SECONDS = 2.0
KINDS = ("bedrock", "openai", "gateway", "sync tool", "async tool", "stubborn tool", "retried tool")
TOOLS = KINDS[2:]


@pytest.fixture
def hang() -> Iterator[Hang]:
    hang = Hang()
    yield hang
    hang.ended.set()


Serve = Callable[..., Served]


@pytest.fixture
def serve(settings: AgentSettings, hang: Hang, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return what serves an agent of which one part hangs when a prompt says so."""
    with ExitStack() as opened:

        def started(kind: str) -> Served:
            there, model, tools = _parts(kind, settings, hang, opened, monkeypatch)
            there = with_limits(there, {"gateways": {"connectSeconds": 60}})
            service = Service(there, model or build_model(there), agent_with(*tools))
            opened.callback(hang.ended.set)
            return opened.enter_context(served(service, monkeypatch))

        yield started


def _parts(
    kind: str, there: AgentSettings, hang: Hang, opened: ExitStack, patch: pytest.MonkeyPatch
) -> tuple[AgentSettings, Any, list[Any]]:
    if kind in ("bedrock", "openai"):
        family = Family("a-model", ())
        whole = ("application/vnd.amazon.eventstream", BEDROCK_WHOLE) if kind == "bedrock" else WHOLE

        def answer(request: Any) -> tuple[int, str, bytes]:
            if HANG in json.dumps(request["messages"][-1]):
                hang()
            if kind == "openai":
                assert not [rule(request) for rule in (results_follow_their_calls, roles_alternate) if rule(request)]
            return 200, *whole

        url = opened.enter_context(http_server(answer))
        if kind == "openai":
            return asking(there, family, url), None, []
        patch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.removesuffix("/v1"))
        return chosen_by(there, BEDROCK), None, []
    if kind == "gateway":
        server = MCPServer("market")

        @server.tool(name="market___hang")
        async def market_hang() -> str:
            """Hangs."""
            return await asyncio.to_thread(hang)

        url, _ = opened.enter_context(serving(server))
        opened.callback(hang.ended.set)
        return with_gateways(there, {"shared": url}), CallsIfAsked("market___hang"), []
    return there, CallsIfAsked(), [_tool(kind, hang)]


def _tool(kind: str, hang: Hang) -> Any:
    if kind == "sync tool":

        @tool(name="hang")
        def hanging() -> str:
            """Hangs."""
            return hang()

        return hanging

    @tool(name="hang")
    async def waiting() -> str:
        """Hangs."""
        if kind == "retried tool":
            return await RetryPolicy(attempts=9, timeout_seconds=100).call(hang)
        hang.begun.set()
        while not hang.ended.is_set():
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                if kind == "async tool":
                    raise
        return "too late"

    return waiting


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_hangs_ends_at_the_deadline_and_the_session_goes_on(
    serve: Serve, hang: Hang, kind: str, stream: bool
) -> None:
    agent = serve(kind)
    assert agent.ask("Hello?")[0] == 200
    began = time.monotonic()
    with ThreadPoolExecutor(2) as callers:
        with agent.hurried(SECONDS, turns=2):
            hanging = [callers.submit(agent.ask, HANG, user, stream) for user in ("alice", "bob")]
        assert agent.ask("Hello?", "carol")[0] == 200
        for caller in hanging:
            status, body, _ = caller.result()
            assert status == 504
            assert body["error"].startswith(f"no answer within {SECONDS:g} seconds")
            assert body["requestId"]
    assert SECONDS * 0.9 <= time.monotonic() - began < 40 * SECONDS, "nothing that hung had ended"
    assert not hang.ended.is_set()
    for user in ("alice", "bob"):
        status, body, _ = agent.ask("Hello again?", user, stream)
        assert (status, body["stopReason"]) == (200, "end_turn")
    if kind in TOOLS and hang.begun.is_set():
        model: Any = agent.service.model
        assert len(model.sent[-1]) >= 3
        assert not calls_without_result(model.sent[-1])


@pytest.mark.parametrize("kept", ["a turn at a time", "a message at a time"])
@pytest.mark.parametrize("kind", ["sync tool", "stubborn tool", "gateway"])
def test_what_is_stored_of_an_interrupted_turn_is_valid_and_stays_so(
    serve: Serve, hang: Hang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, kept: str
) -> None:
    if kept == "a message at a time":  # as AgentCore Memory does
        monkeypatch.setattr(
            "agentcore_kit.serving.service.build_session_manager",
            lambda _, user, session: FileSessionManager(f"{user}-{session}", storage_dir=str(tmp_path / "kept")),
        )
    agent = serve(kind)

    def stored() -> list[Any]:
        files = [*tmp_path.rglob("*latest*.json"), *tmp_path.rglob("message_*.json")]
        return [json.loads(path.read_text()) for path in files]

    with agent.hurried(SECONDS):
        assert agent.ask(HANG)[0] == 504
    assert "toolResult" in json.dumps(stored()) or not hang.begun.is_set()
    assert not calls_without_result(stored())
    assert agent.ask("Hello?")[0] == 200
    before = stored()
    hang.ended.set()  # what was given up ends now, and nobody wants to know
    assert agent.ask("Hello?", "bob")[0] == 200
    time.sleep(0.3)
    after = [one for one in stored() if "too late" in json.dumps(one)]
    assert not after
    assert len(stored()) >= len(before)
    status, body, _ = agent.ask("And now?")
    assert (status, body["answer"]) == (200, "All is well.")
    assert not calls_without_result(stored())


def test_more_hanging_tools_than_threads_of_the_pool_hold_up_nobody(serve: Serve, hang: Hang) -> None:
    agent = serve("sync tool")
    assert agent.ask("Hello?", "bob")[0] == 200
    with ThreadPoolExecutor(12) as callers, agent.hurried(SECONDS):
        hanging = [callers.submit(agent.ask, HANG, f"user-{number}") for number in range(12)]
        assert {caller.result()[0] for caller in hanging} == {504}
    assert agent.ask("Hello?", "bob")[0] == 200


def test_who_waits_for_a_session_waits_until_its_own_deadline(serve: Serve, hang: Hang) -> None:
    agent = serve("stubborn tool")
    with ThreadPoolExecutor(3) as callers, agent.hurried(SECONDS):
        waiting = [callers.submit(agent.ask, HANG) for _ in range(3)]
        assert [caller.result()[0] for caller in waiting] == [504] * 3
    assert agent.ask("Hello?")[0] == 200


def test_a_tool_knows_what_is_left_and_that_its_turn_is_over(
    settings: AgentSettings, hang: Hang, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []
    over: list[bool] = []

    @tool(name="hang", context=True)
    def hanging(tool_context: ToolContext) -> str:
        """Hangs."""
        told.extend([seconds_left(1000.0), seconds_left(0.001)])
        over.append(tool_context.cancel_signal.wait(60))
        hang()
        return "too late"

    with served(Service(settings, CallsIfAsked(), agent_with(hanging)), monkeypatch) as agent:
        assert agent.ask("Hello?")[0] == 200
        with agent.hurried(5 * SECONDS):  # enough for the tool to be called on a busy machine
            assert agent.ask(HANG)[0] == 504
        assert hang.begun.wait(60)
        hang.ended.set()
    assert 0 < told[0] <= 5 * SECONDS
    assert told[1] == 0.001
    assert over == [True]
    assert seconds_left(7.0) == 7.0, "outside of a turn nothing is left out"


def test_the_request_hook_is_part_of_the_turn(settings: AgentSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(_: Any, prompt: str) -> None:
        if HANG in prompt:
            await asyncio.Event().wait()

    with served(Service(settings, CallsIfAsked(), agent_with(), slow), monkeypatch) as agent:
        with agent.hurried(SECONDS):
            assert agent.ask(HANG)[0] == 504
        assert agent.ask("Hello?")[0] == 200
