"""Gateways: tools over real MCP with the caller's token, search above twenty tools, and life without a gateway."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer
from strands import Agent, tool

from agentcore_kit.config.agent import GatewayLimits, Tools
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.gateway_client import GatewayClient
from agentcore_kit.serving.gateways import SEARCH_TOOL, CallerToken, connect_gateways, last_user_text
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.domains import Domain

SEARCH_ABOVE = GatewayLimits().search_above


class RecordingApp:
    """Passes requests on to an MCP server, and keeps their Authorization headers."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.tokens: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            self.tokens.append(headers.get(b"authorization", b"").decode())
        await self.app(scope, receive, send)


def market_server(tools: int, search_seconds: float = 0) -> MCPServer:
    """Return a server with `tools` tools, and the search tool that a gateway offers, which takes so long."""
    server = MCPServer("market")

    def make(number: int) -> None:
        @server.tool(name=f"market___getIndicator{number}")
        def get_indicator(year: int) -> dict[str, int]:
            """Retrieves an indicator. Use when the user asks for an indicator."""
            return {"year": year, "value": number}

    for number in range(tools):
        make(number)

    @server.tool(name=SEARCH_TOOL)
    async def search(query: str) -> str:
        """Finds tools by meaning."""
        await asyncio.sleep(search_seconds)
        schema = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
        found = {"name": "market___getIndicator7", "description": f"Found for {query}", "inputSchema": schema}
        return json.dumps({"tools": [found]})

    return server


@contextmanager
def serving(server: MCPServer) -> Iterator[tuple[str, RecordingApp]]:
    """Serve over HTTP on a free local port; yields the URL and the recorder."""
    app = RecordingApp(server.streamable_http_app(stateless_http=True))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        http = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=http.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not http.started:
            time.sleep(0.01)
        yield url, app
        http.should_exit = True
        thread.join(timeout=5)


def with_gateways(settings: AgentSettings, urls: dict[str, str], **limits: float) -> AgentSettings:
    """Return settings whose manifest and environment name these gateways, with limits as the file writes them.

    Without others a gateway has a minute: a busy machine is no reason to go without its tools.
    """
    limits = {"connectSeconds": 60, **limits}
    spec = settings.manifest.spec.model_copy(update={"tools": Tools(gateways=list(urls))})
    all_limits = settings.environment.limits.model_copy(update={"gateways": GatewayLimits.model_validate(limits)})
    return replace(
        settings,
        manifest=settings.manifest.model_copy(update={"spec": spec}),
        environment=settings.environment.model_copy(update={"gateways": urls, "limits": all_limits}),
    )


def test_few_tools_are_all_offered_with_the_callers_newest_token(settings: AgentSettings) -> None:
    with serving(market_server(3)) as (url, recorder):
        token = CallerToken(Caller("alice", token="first"))
        found = connect_gateways(with_gateways(settings, {"shared": url}), token, [])
        try:
            assert sorted(tool.tool_name for tool in found.tools) == [f"market___getIndicator{n}" for n in range(3)]
            assert not found.plugins
            assert not found.notices
            token.token = "second"
            result = found.clients[0].call_tool_sync("1", "market___getIndicator2", {"year": 2024})
            assert result["status"] == "success"
            assert recorder.tokens[0] == "Bearer first"
            assert recorder.tokens[-1] == "Bearer second"
        finally:
            found.close()


def test_many_tools_are_found_by_search(settings: AgentSettings, build_agent: BuildAgent, domain: Domain) -> None:
    with serving(market_server(SEARCH_ABOVE + 1)) as (url, _):
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools(), build_agent)
        try:
            result = ask(service, "Which indicator was it in 2024?")
            offered = json.loads(result["answer"])
            assert "market___getIndicator7" in offered
            assert "market___getIndicator3" not in offered
            assert domain.tool in offered, "local tools stay"
        finally:
            service.close()


def test_a_gateway_that_is_down_costs_its_tools_not_the_agent(
    settings: AgentSettings, build_agent: BuildAgent, domain: Domain
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/mcp"
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools(), build_agent)
        try:
            result = ask(service, "hello")
        finally:
            service.close()
    assert result["notices"] == ["The tools of gateway shared are unavailable at the moment."]
    assert domain.tool in json.loads(result["answer"])


def test_a_tool_that_never_answers_is_given_up_and_the_model_is_told(settings: AgentSettings) -> None:
    server = MCPServer("market")

    @server.tool(name="market___wait")
    async def wait(seconds: int) -> str:
        """Waits."""
        await asyncio.sleep(seconds)
        return "done"

    with serving(server) as (url, _):
        token = CallerToken(Caller("alice", token="t"))
        found = connect_gateways(with_gateways(settings, {"shared": url}, callSeconds=0.3), token, [])
        agent = Agent(tools=found.tools, callback_handler=None)
        began = time.monotonic()
        try:
            late, quick = (agent.tool.market___wait(seconds=seconds) for seconds in (60, 0))
        finally:
            found.close()
    assert time.monotonic() - began < 15, "long before it would answer, or the default ends"
    assert late["status"] == "error"
    assert "timed out" in late["content"][0]["text"].lower()
    assert quick["content"][0]["text"] == "done", "the connection stays"


def test_a_slow_search_is_waited_for_as_long_as_the_environment_file_says(
    settings: AgentSettings, build_agent: BuildAgent
) -> None:
    slowly = GatewayLimits().connect_seconds + 1.5
    with serving(market_server(SEARCH_ABOVE + 1, search_seconds=slowly)) as (url, _):
        patient = with_gateways(settings, {"shared": url}, connectSeconds=60)
        service = Service(patient, model_that_lists_tools(), build_agent)
        try:
            assert "market___getIndicator7" in json.loads(ask(service, "hello")["answer"])
        finally:
            service.close()


def test_a_search_that_never_answers_costs_the_gateways_tools_not_the_turn(
    settings: AgentSettings, build_agent: BuildAgent, domain: Domain
) -> None:
    server = market_server(SEARCH_ABOVE + 1, search_seconds=60)
    with serving(server) as (url, _):
        impatient = with_gateways(settings, {"shared": url}, connectSeconds=1)
        service = Service(impatient, model_that_lists_tools(), build_agent)
        try:
            assert domain.tool in json.loads(ask(service, "hello")["answer"])
        finally:
            service.close()


def test_a_tool_whose_name_is_taken_has_its_gateways_before_it(
    settings: AgentSettings, build_agent: BuildAgent, domain: Domain
) -> None:
    server = market_server(1)
    server.tool(name=domain.tool)(lambda year: {"year": year})
    with serving(server) as (first, _), serving(market_server(1)) as (second, _):
        service = Service(with_gateways(settings, {"a": first, "b": second}), model_that_lists_tools(), build_agent)
        try:
            result = ask(service, "hello")
        finally:
            service.close()
    offered = json.loads(result["answer"])
    assert len(offered) == len(set(offered))
    of_the_agent_itself = {domain.tool, "market___getIndicator0"}
    assert of_the_agent_itself | {f"a___{domain.tool}", "b___market___getIndicator0"} <= set(offered)
    assert result["notices"] == []


@pytest.mark.parametrize("own", ["market___getIndicator0", "market-__getIndicator0"])
def test_a_tool_that_has_its_gateways_name_before_it_is_called_by_its_own(settings: AgentSettings, own: str) -> None:
    """A model's framework takes no two names that differ in hyphens and underscores alone."""
    with serving(market_server(1)) as (url, _):
        token = CallerToken(Caller("alice", token="t"))
        found = connect_gateways(with_gateways(settings, {"shared": url}), token, [own])
        agent = Agent(tools=[tool(name=own)(lambda: "own"), *found.tools], callback_handler=None)
        try:
            result = agent.tool.shared___market___getIndicator0(year=2026)
        finally:
            found.close()
    assert result["status"] == "success", result


def test_a_tool_whose_name_no_model_takes_is_left_out(settings: AgentSettings, build_agent: BuildAgent) -> None:
    server = market_server(1)
    server.tool(name="x" * 65)(lambda year: {"year": year})
    with serving(server) as (url, _):
        service = Service(with_gateways(settings, {"a": url}), model_that_lists_tools(), build_agent)
        try:
            result = ask(service, "hello")
        finally:
            service.close()
    assert "market___getIndicator0" in json.loads(result["answer"])
    assert result["notices"] == [f"The tool {'x' * 65} of gateway a cannot be used: its name."]


def test_twenty_tools_are_counted_over_all_gateways(settings: AgentSettings) -> None:
    with serving(market_server(11)) as (first, _), serving(market_server(11)) as (second, _):
        token = CallerToken(Caller("alice", token="t"))
        found = connect_gateways(with_gateways(settings, {"a": first, "b": second}), token, [])
        try:
            assert not found.tools
            assert len(found.plugins) == 2
        finally:
            found.close()


def test_a_gateway_that_comes_back_is_found_again(settings: AgentSettings, build_agent: BuildAgent) -> None:
    with serving(market_server(1)) as (url, _):
        there = with_gateways(settings, {"shared": url})
        down = with_gateways(settings, {"shared": "http://127.0.0.1:9/mcp"}, retrySeconds=1.5)
        service = Service(down, model_that_lists_tools(), build_agent)
        try:
            assert ask(service, "hello")["notices"]
            service.settings = there
            assert ask(service, "hello")["notices"], "not yet: a dead gateway is not tried again with each request"
            time.sleep(1.6)
            result = ask(service, "hello")
            assert not result["notices"]
            assert "market___getIndicator0" in json.loads(result["answer"])
        finally:
            service.close()


def test_a_tool_that_a_gateway_has_later_is_offered_in_the_same_session_and_one_that_it_lost_is_not(
    settings: AgentSettings, build_agent: BuildAgent
) -> None:
    server = market_server(2)
    with serving(server) as (url, _):
        service = Service(
            with_gateways(settings, {"shared": url}, retrySeconds=0.01), model_that_lists_tools(), build_agent
        )
        try:
            ask(service, "hello")
            (entry,) = service.sessions._entries.values()
            before = entry.conversation
            time.sleep(0.02)
            ask(service, "hello")
            assert entry.conversation is before, "nothing has changed, so the conversation stays as it is"
            server.remove_tool("market___getIndicator0")
            server.add_tool(lambda year: year, name="market___getLater", description="Returns a year.")
            time.sleep(0.02)
            offered = json.loads(ask(service, "hello")["answer"])
            assert {name for name in offered if name.startswith("market")} == {
                "market___getIndicator1",
                "market___getLater",
            }
        finally:
            service.close()


def test_a_gateway_that_fails_while_its_tools_are_listed_anew_costs_none_of_them(settings: AgentSettings) -> None:
    with serving(market_server(2)) as (url, _):
        given = with_gateways(settings, {"shared": url}, retrySeconds=0.01, connectSeconds=5)
        found = connect_gateways(given, CallerToken(Caller("alice", token="t")), [])
    try:
        time.sleep(0.02)
        assert not found.is_stale()
        assert len(found.tools) == 2
    finally:
        found.close()


def test_a_lost_connection_is_opened_anew_and_hinders_no_end(settings: AgentSettings, build_agent: BuildAgent) -> None:
    with serving(market_server(1)) as (url, _):
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools(), build_agent)
        try:
            ask(service, "hello")
            (entry,) = service.sessions._entries.values()
            assert entry.conversation is not None
            entry.conversation.gateway.clients[0].stop(None, None, None)
            assert "market___getIndicator0" in json.loads(ask(service, "hello")["answer"])
        finally:
            service.close()


def test_the_log_says_why_a_connection_broke_off(alice: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with serving(market_server(1)) as (url, _):
        client = GatewayClient(url, CallerToken(alice).auth(), "test", GatewayLimits())
        client.connect()
    try:
        result = client.call_tool_sync("1", "market___getIndicator0", {"year": 2024})
    finally:
        client.end()
    assert "the tool cannot be called" in str(result)
    (told,) = [record for record in caplog.records if "broke off" in record.getMessage()]
    assert url in told.getMessage()
    assert "httpx2." in (told.exc_text or logging.Formatter().formatException(told.exc_info or (None, None, None)))


def test_a_connection_stays_open_whose_opener_wakes_long_after_it_is_open(
    monkeypatch: pytest.MonkeyPatch, alice: Caller
) -> None:
    """A busy machine lets a thread wait: the connection is there by then, and its time to open is over."""
    limits, started = GatewayLimits.model_validate({"connectSeconds": 5}), GatewayClient.start

    def started_late(client: GatewayClient) -> Any:
        started(client)
        time.sleep(limits.connect_seconds + 0.5)
        return client

    monkeypatch.setattr(GatewayClient, "start", started_late)
    with serving(market_server(1)) as (url, _):
        client = GatewayClient(url, CallerToken(alice).auth(), "test", limits)
        client.connect()
        try:
            assert client.call_tool_sync("1", "market___getIndicator0", {"year": 2024})["status"] == "success"
        finally:
            client.end()


def test_no_connection_is_left_when_a_conversation_cannot_be_opened(
    settings: AgentSettings, build_agent: BuildAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentcore_kit.serving.service.build_session_manager", Mock(side_effect=OSError("no disk")))
    with serving(market_server(1)) as (url, _):
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools(), build_agent)
        before = threading.active_count()
        for _ in range(3):
            assert ask(service, "hello")["type"] == "error"
        assert threading.active_count() <= before + 1


def test_what_is_searched_for_is_the_users_newest_words() -> None:
    messages = [
        {"role": "user", "content": [{"text": "old"}]},
        {"role": "assistant", "content": [{"text": "answer"}]},
        {"role": "user", "content": [{"text": "new"}]},
        {"role": "user", "content": [{"toolResult": {}}]},
    ]
    assert last_user_text(messages) == "new"
    assert last_user_text([]) == ""


def model_that_lists_tools() -> Any:
    """Return a model whose answer is the list of tools it was offered."""
    from agentcore_kit.local.offline_model import OfflineModel

    class ListingModel(OfflineModel):
        async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> Any:
            yield {"messageStart": {"role": "assistant"}}
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": json.dumps([spec["name"] for spec in tool_specs])}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "end_turn"}}

    return ListingModel()


def ask(service: Service, prompt: str) -> dict[str, Any]:
    """Return the last event of one question."""

    async def run() -> dict[str, Any]:
        return [event async for event in service.ask(prompt, Caller("alice", token="t"), "s" * 33)][-1]

    return asyncio.run(run())


@pytest.mark.parametrize(("limit", "tools", "given"), [(20, 20, 20), (3, 3, 3), (3, 4, 0)])
def test_search_starts_above_the_limit_of_the_environment_file_not_at_it(
    settings: AgentSettings, limit: int, tools: int, given: int
) -> None:
    with serving(market_server(tools)) as (url, _):
        token = CallerToken(Caller("alice", token="t"))
        found = connect_gateways(with_gateways(settings, {"shared": url}, searchAbove=limit), token, [])
        try:
            assert (len(found.tools), len(found.plugins)) == (given, 0 if given else 1)
        finally:
            found.close()


def test_what_a_connection_is_told_as_it_ends_still_runs(monkeypatch: pytest.MonkeyPatch, alice: Caller) -> None:
    ran = []

    async def told() -> None:
        ran.append("told")

    async def ending(_: GatewayClient) -> None:
        ran.append("ended")
        asyncio.get_running_loop().call_soon(lambda: tasks.append(asyncio.ensure_future(told())))

    tasks: list[Any] = []
    monkeypatch.setattr(GatewayClient, "_async_background_thread", ending)
    client = GatewayClient("http://127.0.0.1:9/mcp", CallerToken(alice).auth(), "test", GatewayLimits())
    client._background_task()
    assert ran == ["ended", "told"]
