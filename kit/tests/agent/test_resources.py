"""Descriptors and threads: idle sessions hold none, more sessions than descriptors are served, and health says so."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp.server.mcpserver import MCPServer
from strands import Agent

from agentcore_kit.runtime.health import Capacity, capacity
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.errors import TurnFailed
from agentcore_kit.serving.gateway_client import THREAD
from agentcore_kit.serving.gateway_listing import MAX_PAGES
from agentcore_kit.serving.gateways import CallerToken, connect_gateways
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.sessions import Sessions
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.agent.test_gateway import market_server, model_that_lists_tools, serving, with_gateways
from tests.agent.test_gateway_faults import served_app
from tests.agent.test_server import Server, running
from tests.agent.test_sessions import SESSION, closed_once, opened, visit
from tests.homes import home_in
from tests.usage import usage_of

DESCRIPTORS = 160
"""What the server in the test may open: without care a session with a gateway takes four and keeps them."""

PATIENT = "limits: {gateways: {connectSeconds: 60}}"


def threads_of_gateways() -> int:
    return sum(thread.name == THREAD for thread in threading.enumerate())


# --- what a client of a gateway holds


@pytest.mark.integration
def test_a_connection_rests_and_comes_back_with_the_newest_token_of_its_own_session(settings: AgentSettings) -> None:
    with serving(market_server(2)) as (url, recorder):
        tokens = {name: CallerToken(Caller(name, token=f"{name}-1")) for name in ("alice", "bob")}
        found = {name: connect_gateways(with_gateways(settings, {"shared": url}), tokens[name], []) for name in tokens}
        assert threads_of_gateways() == 2
        try:
            for round_ in range(2, 5):
                for name, each in found.items():
                    each.rest()
                    assert not each.is_stale(), "resting is no reason to open the conversation anew"
                    tokens[name].token = f"{name}-{round_}"
                assert threads_of_gateways() == 0
                for name, each in found.items():
                    recorder.tokens.clear()
                    result = each.clients[0].call_tool_sync("1", "market___getIndicator1", {"year": 2024})
                    assert result["status"] == "success"
                    assert set(recorder.tokens) == {f"Bearer {name}-{round_}"}
        finally:
            for each in found.values():
                each.close()
        assert threads_of_gateways() == 0


@pytest.mark.integration
def test_a_connection_does_not_rest_during_a_call_and_a_rest_costs_no_call(settings: AgentSettings) -> None:
    server = MCPServer("market")
    waiting, going_on = threading.Event(), threading.Event()

    @server.tool(name="market___wait")
    async def wait() -> str:
        """Waits."""
        waiting.set()
        await asyncio.to_thread(going_on.wait, 60)
        return "done"

    with serving(server) as (url, _):
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])
        agent = Agent(tools=found.tools, callback_handler=None)
        with ThreadPoolExecutor(1) as pool:
            calling = pool.submit(agent.tool.market___wait)
            waiting.wait(60)
            found.rest()
            assert threads_of_gateways() == 1
            going_on.set()
            assert calling.result()["content"][0]["text"] == "done"
        found.rest()
        assert threads_of_gateways() == 0
        assert agent.tool.market___wait()["content"][0]["text"] == "done"
        found.close()
        assert agent.tool.market___wait()["status"] == "error", "after its end it does not come back"
        assert threads_of_gateways() == 0


@pytest.mark.integration
def test_calls_at_once_after_a_rest_share_one_connection(settings: AgentSettings) -> None:
    with serving(market_server(1)) as (url, _), ThreadPoolExecutor(8) as pool:
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])

        def call(number: int) -> str:
            return str(found.clients[0].call_tool_sync(f"{number}", "market___getIndicator0", {"year": 2024})["status"])

        try:
            for _ in range(5):
                found.rest()
                assert list(pool.map(call, range(8))) == ["success"] * 8
                assert threads_of_gateways() == 1
        finally:
            found.close()


@pytest.mark.integration
def test_a_gateway_that_is_gone_after_a_rest_costs_the_call_and_is_asked_again_in_the_next_turn(
    settings: AgentSettings,
) -> None:
    with serving(market_server(1)) as (url, _):
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])
        found.rest()
    result = found.clients[0].call_tool_sync("1", "market___getIndicator0", {"year": 2024})
    assert result["status"] == "error"
    assert result["content"][0]["text"].startswith("Error 503: the tool cannot be called")
    assert found.is_stale()
    found.close()


@pytest.mark.integration
def test_a_gateway_that_takes_a_connection_and_is_silent_holds_no_thread(settings: AgentSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"
        limited = with_gateways(settings, {"shared": url}, connectSeconds=0.5)
        for _ in range(3):
            assert connect_gateways(limited, CallerToken(Caller("alice")), []).missing
        assert wait_until(lambda: threads_of_gateways() == 0)


def wait_until(condition: Any) -> bool:
    deadline = time.monotonic() + 120
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


# --- lists of tools that have no end


class Pages:
    """An MCP server whose list of tools goes on: by the number of a page it returns tools, the next page and a wait."""

    def __init__(self, page: Any) -> None:
        self.page, self.asked = page, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        request = json.loads(body or b"{}")
        answer = await self._answer(request)
        status = 202 if answer is None else 200
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        sent = {"jsonrpc": "2.0", "id": request.get("id"), **(answer or {})}
        await send({"type": "http.response.body", "body": json.dumps(sent).encode() if answer else b""})

    async def _answer(self, request: Any) -> Any:
        match request.get("method"):
            case "initialize":
                said = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
                return {"result": said | {"serverInfo": {"name": "pages", "version": "1"}}}
            case "tools/list":
                number, self.asked = self.asked, self.asked + 1
                tools, cursor, seconds = self.page(number)
                await asyncio.sleep(seconds)
                of = [{"name": name, "description": "x", "inputSchema": {"type": "object"}} for name in tools]
                return {"result": {"tools": of, "nextCursor": cursor}}
            case str(method) if method.startswith("notifications/"):
                return None
            case _:
                return {"error": {"code": -32601, "message": "there is no such method"}}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("page", "most", "seconds"),
    [
        (lambda number: ([f"market___tool{number}"], f"cursor-{number}", 0), MAX_PAGES, 60),
        (lambda _: (["market___tool0"], "same", 0), 2, 60),
        (lambda number: ([f"market___tool{number}"], f"cursor-{number}", 0 if number < 2 else 60), 3, 8),
    ],
    ids=["always another", "always the same", "slower and slower"],
)
def test_a_list_of_tools_without_end_is_left_and_the_turn_goes_on(
    settings: AgentSettings, caplog: pytest.LogCaptureFixture, page: Any, most: int, seconds: int
) -> None:
    pages = Pages(page)
    with served_app(pages) as url:
        limited = with_gateways(settings, {"shared": url}, connectSeconds=seconds, searchAbove=1000)
        found = connect_gateways(limited, CallerToken(Caller("alice")), [])
        try:
            assert not found.missing
            names = {tool.tool_name for tool in found.tools}
            assert {"market___tool0"} <= names <= {f"market___tool{number}" for number in range(most)}
            assert found.notices == ["The list of tools of gateway shared has no end; some may be missing."]
            assert "has no end" in caplog.text
            assert url in caplog.text
            asked = pages.asked
            assert asked <= most
        finally:
            found.close()
        assert threads_of_gateways() == 0
        assert pages.asked == asked, "nobody reads on"


def test_a_list_that_is_cut_the_next_time_costs_none_of_the_tools(settings: AgentSettings) -> None:
    whole = [(["market___tool0"], "more", 0), (["market___tool1"], None, 0)]
    pages = Pages(lambda number: whole[number] if number < len(whole) else (["market___tool0"], "same", 0))
    with served_app(pages) as url:
        limited = with_gateways(settings, {"shared": url}, retrySeconds=0.01)
        found = connect_gateways(limited, CallerToken(Caller("alice")), [])
        try:
            time.sleep(0.02)
            assert not found.is_stale()
            assert pages.asked == 4, "it was listed anew"
            (client,) = found.clients
            assert [tool.name for tool in client.listing.tools] == ["market___tool0", "market___tool1"]
            assert not client.listing.is_cut, "or its tools would never be listed anew"
        finally:
            found.close()


# --- sessions


def test_idle_sessions_beyond_a_few_give_up_their_connections_and_none_in_use_does() -> None:
    async def scenario() -> None:
        sessions = Sessions(opened, max_sessions=1000, idle_seconds=900, capacity=Capacity(8, 10, idle=2))
        async with sessions.use(Caller("busy"), SESSION) as busy:
            idle: list[Any] = [await visit(sessions, f"user-{number}") for number in range(5)]
            await asyncio.sleep(0.05)
            await asyncio.to_thread(wait_until, lambda: idle[2].gateway.rest.called)  # the work of another thread
            rested = [each.gateway.rest.call_count for each in idle]
            assert rested == [1, 1, 1, 0, 0], "those last used stay"
            assert await visit(sessions, "user-0") is idle[0], "resting is not forgetting"
        gateway: Any = busy.gateway
        gateway.rest.assert_not_called()
        assert len(sessions) == 6

    asyncio.run(scenario())


def test_more_sessions_at_once_than_the_process_can_hold_are_refused_with_when_to_try_again() -> None:
    async def scenario() -> None:
        sessions = Sessions(opened, max_sessions=1000, idle_seconds=900, capacity=Capacity(8, turns=2, idle=1))
        async with sessions.use(Caller("one"), SESSION), sessions.use(Caller("two"), SESSION):
            with pytest.raises(TurnFailed) as refused:
                await visit(sessions, "three")
            assert (refused.value.failure.status, refused.value.failure.retry_after) == (503, 1)
            waiting = asyncio.create_task(visit(sessions, "one"))  # waits for its session, and takes no place
            await asyncio.sleep(0)
        await waiting
        assert await visit(sessions, "three")
        assert len(sessions) == 3

    asyncio.run(scenario())


def test_a_session_that_is_evicted_while_connected_is_closed_once() -> None:
    async def scenario() -> None:
        now = 0.0
        sessions = Sessions(
            opened, max_sessions=1000, idle_seconds=60, capacity=Capacity(8, 8, idle=1), clock=lambda: now
        )
        old = await visit(sessions, "old")
        now = 61.0
        await visit(sessions, "new")
        await closed_once(old)
        gateway: Any = old.gateway
        gateway.rest.assert_not_called()

    asyncio.run(scenario())


@pytest.mark.integration
def test_descriptors_and_threads_stay_flat_over_many_sessions(settings: AgentSettings, build_agent: BuildAgent) -> None:
    with serving(market_server(2)) as (url, _):
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools(), build_agent)
        service.sessions._capacity = Capacity(8, 8, idle=4)
        counted: list[tuple[int, int]] = []

        async def scenario() -> None:
            for number in range(40):
                events = [e async for e in service.ask("hello", Caller(f"u{number}", token="t"), SESSION)]
                assert "market___getIndicator0" in events[-1]["answer"]
                if number in (15, 39):
                    await asyncio.to_thread(wait_until, lambda: threads_of_gateways() <= 4)
                    counted.append((usage_of().descriptors, threads_of_gateways()))

        try:
            asyncio.run(scenario())
        finally:
            service.close()
    assert len(service.sessions._entries) == 0
    (descriptors, threads), (later, threads_later) = counted
    assert threads == threads_later == 4
    assert later <= descriptors + 8, "the gateway of this process closes its side later"


# --- the process


def test_what_a_limit_is_enough_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (64, 128, 256, 1024, 65_536):
        monkeypatch.setattr("agentcore_kit.runtime.health._limit", lambda limit=limit: limit)
        for gateways in (0, 1, 3):
            found = capacity(gateways)
            of_gateways = 4 * gateways
            taken = found.callers + found.idle * of_gateways + found.turns * (3 + of_gateways)
            assert taken <= limit or found.turns == 1
            assert found.turns >= 1
    assert capacity(1).turns > 5000, "65,536 are no hindrance"
    assert capacity(1).idle == 32


@contextmanager
def limited_server(home: Path, url: str, descriptors: int) -> Iterator[tuple[Server, int]]:
    manifest = yaml.safe_load((home / "manifest.yaml").read_text())
    manifest["spec"]["tools"] = {"gateways": ["shared"]}
    (home / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    for path in (home / "environments").glob("*.yaml"):
        path.write_text(path.read_text().replace("gateways: {}", f"gateways: {{shared: '{url}'}}\n{PATIENT}"))
    limited = ("sh", "-c", f'ulimit -n {descriptors}; exec "$0" "$@"')
    with running(home, limited) as server:
        yield server, server.process.pid


@pytest.mark.integration
def test_more_sessions_than_descriptors_are_answered(tmp_path: Path) -> None:
    with serving(market_server(3)) as (url, _), limited_server(home_in(tmp_path / "home"), url, DESCRIPTORS) as started:
        server, pid = started
        counted: list[tuple[int, int]] = []
        for number in range(DESCRIPTORS // 2):
            body = server.ask("What can you do?", session=f"session-{number}")
            assert not body["notices"], (server.home / "server.log").read_text()
            assert server.client.get("/ping").json()["status"] == "Healthy"
            used = usage_of(pid)
            counted.append((used.descriptors, used.threads))
        half = len(counted) // 2
        for which in (0, 1):
            before, after = (max(each[which] for each in part) for part in (counted[:half], counted[half:]))
            assert after <= before + 4, (which, counted)

        def at_once(number: int) -> int:
            answer = server.post({"prompt": "What can you do?"}, session=f"crowd-{number}")
            assert answer.status_code == 200 or (answer.status_code == 503 and answer.headers["Retry-After"])
            return answer.status_code

        with ThreadPoolExecutor(24) as pool:
            statuses = list(pool.map(at_once, range(72)))
        assert 200 in statuses
        assert server.ask("What can you do?", session="after")["answer"]
        assert "Traceback" not in (server.home / "server.log").read_text()
        assert server.client.get("/ping").status_code == 200


def test_ping_says_when_the_process_cannot_serve() -> None:
    code = (
        "import os, resource\n"
        "from agentcore_kit.serving.app import create_app\n"
        "app = create_app('agent.agent:build_agent')\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))\n"
        "answers = [app._handle_ping(None)]\n"
        "taken = []\n"
        "try:\n"
        "    while True:\n"
        "        taken.append(os.open(os.devnull, os.O_RDONLY))\n"
        "except OSError:\n"
        "    pass\n"
        "answers.append(app._handle_ping(None))\n"
        "for each in taken:\n"
        "    os.close(each)\n"
        "answers.append(app._handle_ping(None))\n"
        "print([each.status_code for each in answers], answers[1].body.decode())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("[200, 503, 200]"), ended.stdout + ended.stderr
    assert '"Unhealthy"' in ended.stdout
    assert "no descriptors are left" in ended.stderr


def test_a_server_takes_the_descriptors_that_it_may_have() -> None:
    code = (
        "import resource\n"
        "from agentcore_kit.runtime.health import capacity, raise_limit\n"
        "before = capacity(1).turns\n"
        "raise_limit()\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "print(soft == min(hard, 65536), capacity(1).turns > before)\n"
    )
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    low = 256 if hard == resource.RLIM_INFINITY else min(256, hard // 2)
    limited = ["sh", "-c", f'ulimit -S -n {low}; exec "$0" "$@"', sys.executable, "-c", code]
    assert subprocess.run(limited, capture_output=True, text=True, check=True).stdout == "True True\n"
