"""Gateways: tools over real MCP with the caller's token, search above twenty tools, and life without a gateway."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from agent.wiring.gateway import SEARCH_ABOVE, SEARCH_TOOL, CallerToken, connect_gateways, last_user_text
from agent.wiring.identity import Caller
from agent.wiring.service import Service
from agent.wiring.settings import Settings
from ops.spec import Tools


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


def market_server(tools: int) -> MCPServer:
    """Return a server with `tools` tools, and the search tool that a gateway offers."""
    server = MCPServer("market")

    def make(number: int) -> None:
        @server.tool(name=f"market___getIndicator{number}")
        def get_indicator(year: int) -> dict[str, int]:
            """Retrieves an indicator. Use when the user asks for an indicator."""
            return {"year": year, "value": number}

    for number in range(tools):
        make(number)

    @server.tool(name=SEARCH_TOOL)
    def search(query: str) -> str:
        """Finds tools by meaning."""
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


def with_gateways(settings: Settings, urls: dict[str, str]) -> Settings:
    """Return settings whose manifest and environment name these gateways."""
    spec = settings.manifest.spec.model_copy(update={"tools": Tools(gateways=list(urls))})
    return replace(
        settings,
        manifest=settings.manifest.model_copy(update={"spec": spec}),
        environment=settings.environment.model_copy(update={"gateways": urls}),
    )


def test_few_tools_are_all_offered_with_the_callers_newest_token(settings: Settings) -> None:
    with serving(market_server(3)) as (url, recorder):
        token = CallerToken(Caller("alice", token="first"))
        found = connect_gateways(with_gateways(settings, {"shared": url}), token)
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


def test_many_tools_are_found_by_search(settings: Settings) -> None:
    with serving(market_server(SEARCH_ABOVE + 1)) as (url, _):
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools())
        try:
            result = ask(service, "Which indicator was it in 2024?")
            offered = json.loads(result["answer"])
            assert "market___getIndicator7" in offered
            assert "market___getIndicator3" not in offered
            assert "getQuarterlyRevenue" in offered, "local tools stay"
        finally:
            service.close()


def test_a_gateway_that_is_down_costs_its_tools_not_the_agent(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/mcp"
        service = Service(with_gateways(settings, {"shared": url}), model_that_lists_tools())
        try:
            result = ask(service, "hello")
        finally:
            service.close()
    assert result["notices"] == ["The tools of gateway shared are unavailable at the moment."]
    assert "getQuarterlyRevenue" in json.loads(result["answer"])


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
    from agent.wiring.offline import OfflineModel

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


@pytest.mark.parametrize("tools", [SEARCH_ABOVE])
def test_search_starts_above_the_limit_not_at_it(settings: Settings, tools: int) -> None:
    with serving(market_server(tools)) as (url, _):
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice", token="t")))
        try:
            assert len(found.tools) == tools
        finally:
            found.close()
