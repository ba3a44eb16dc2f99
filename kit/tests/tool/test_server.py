"""The running server, called by the MCP SDK's own client and by hand: identity, errors, traces."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp_types import CallToolResult, TextContent
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentcore_kit.config.tool import Deprecation
from agentcore_kit.mcp_server.errors import FailureData, read_failure
from agentcore_kit.mcp_server.server import ToolSettings, build_server
from agentcore_kit.testing.tool_client import Served
from tests.tool.calls import Tools

pytestmark = pytest.mark.integration

EMEA = {"region": "EMEA", "dataType": "revenue"}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def post(running: Tools, headers: dict[str, str], name: str = "getMarketData", arguments: Any = EMEA) -> httpx.Response:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    return httpx.post(running.url, headers=JSON | headers, json=call, timeout=20)


def failure(result: CallToolResult) -> FailureData:
    """Return the failure that a call ended with."""
    assert result.is_error
    (block,) = result.content
    assert isinstance(block, TextContent)
    return read_failure(block.text)


def test_the_sdks_client_lists_and_calls(running: Tools) -> None:
    async def listed(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = {one.name: one for one in asyncio.run(running.connected(listed))}
    assert list(tools) == ["getMarketData", "listWatchedMarkets", "addWatchedMarket", "removeWatchedMarket"]
    hints = {name: one.annotations for name, one in tools.items() if one.annotations}
    assert [name for name, hint in hints.items() if hint.read_only_hint] == ["getMarketData", "listWatchedMarkets"]
    assert [name for name, hint in hints.items() if hint.destructive_hint] == ["removeWatchedMarket"]
    assert "caller" not in str([one.input_schema for one in tools.values()])
    result = running.call("getMarketData", EMEA)
    assert result.structured_content == {
        "ageSeconds": 0.0, "region": "EMEA", "dataType": "revenue", "value": 18.4, "unit": "billions USD",
        "period": "2026-Q3", "changeOnYear": "+3.1 %",
    }  # fmt: skip


def test_a_user_sees_only_their_own_rows(running: Tools) -> None:
    assert running.call("addWatchedMarket", EMEA, user="alice").structured_content == {
        "watched": [EMEA], "changed": True,
    }  # fmt: skip
    listed = running.call("listWatchedMarkets", user="bob").structured_content
    assert listed == {"watched": [], "changed": False}


def test_a_user_cannot_be_named_in_the_arguments(running: Tools) -> None:
    running.call("addWatchedMarket", EMEA, user="alice")
    listed = running.call("listWatchedMarkets", {"caller": "alice", "user_id": "alice"}, user="bob")
    assert failure(listed)["message"] == (
        "there is no argument 'caller', the tool takes none; there is no argument 'user_id', the tool takes none"
    )


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a.b.c"}, {"Authorization": "Basic YTpi"}])
def test_nobody_gets_in_without_a_token(running: Tools, headers: dict[str, str]) -> None:
    refused = post(running, headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"


def test_two_tokens_are_refused(running: Tools) -> None:
    both = [*(JSON | running.headers()).items(), *running.headers("bob").items()]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused = httpx.post(running.url, headers=both, json=call, timeout=20)
    assert refused.status_code == 401
    assert "more than one token" in refused.json()["error"]


@pytest.mark.parametrize(
    ("name", "arguments", "code", "said"),
    [
        ("getMarketData", {"region": "MARS"}, 400, "region: Input should be 'EMEA', 'APAC' or 'AMER'"),
        ("getMarketFigure", {}, 404, "there are getMarketData, "),
        ("getMarketData", EMEA | {"regon": "MARS"}, 400, "there is no argument 'regon', did you mean region?"),
        ("getMarketData", EMEA | {"limit": "MARS"}, 400, "there is no argument 'limit', there are region, dataType"),
    ],
)
def test_what_is_wrong_is_said_as_data_with_words(
    running: Tools, name: str, arguments: dict[str, str], code: int, said: str
) -> None:
    result = running.call(name, arguments)
    assert failure(result)["code"] == code
    assert said in failure(result)["message"]
    assert "MARS" not in str(result)


def test_an_unexpected_failure_keeps_its_cause_to_itself(running: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tool.tools.backend", object())
    result = running.call("getMarketData", EMEA)
    assert failure(result)["kind"] == "internal_error"
    assert "attribute" not in str(result)


def test_a_tool_that_ends_its_thread_does_not_end_the_server(running: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending:
        def market(self, *_: str) -> None:
            raise GeneratorExit

    with monkeypatch.context() as worse:
        worse.setattr("tool.tools.backend", Ending())
        result = running.call("getMarketData", EMEA)
    assert failure(result)["kind"] == "internal_error"
    assert not running.call("getMarketData", EMEA).is_error


def test_the_server_says_whether_it_is_well(running: Tools) -> None:
    assert httpx.get(running.url.replace("/mcp", "/ping"), timeout=5).json() == {"status": "Healthy"}


def test_many_calls_from_fifty_clients(running: Tools) -> None:
    async def calls(client: Client) -> int:
        found = [await client.call_tool("getMarketData", EMEA) for _ in range(4)]
        return sum(not one.is_error for one in found)

    async def all_clients() -> list[int]:
        return await asyncio.gather(*(running.connected(calls, f"user-{n}") for n in range(50)))

    assert sum(asyncio.run(all_clients())) == 200


def test_agents_are_told_when_the_tools_end(settings: ToolSettings) -> None:
    end = Deprecation.model_validate({"removal": "2027-06-30", "useInstead": "market-insights"})
    spec = settings.manifest.spec.model_copy(update={"deprecation": end})
    ending = replace(settings, manifest=settings.manifest.model_copy(update={"spec": spec}))
    for one in asyncio.run(build_server(ending).list_tools()):
        assert (one.description or "").endswith("Deprecated: ends on 2027-06-30; use market-insights instead.")


def test_a_call_is_part_of_its_callers_trace(running: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("agentcore_kit.runtime.telemetry._tracer", provider.get_tracer("test"))
    monkeypatch.setattr("mcp.shared._otel._tracer", provider.get_tracer("test"))
    trace_id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = running.headers(traceparent=f"00-{trace_id}-{parent}-01", baggage="session.id=conversation-1")
    post(running, headers)
    deadline = time.monotonic() + 180
    while len(spans.get_finished_spans()) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # the outer one ends a moment after the answer
    found = {span.name: span for span in spans.get_finished_spans()}
    outer, inner = found["POST /mcp"], found["tools/call getMarketData"]
    assert {trace.format_trace_id(span.context.trace_id) for span in (outer, inner)} == {trace_id}
    assert outer.parent is not None
    assert trace.format_span_id(outer.parent.span_id) == parent
    assert (outer.attributes or {})["session.id"] == "conversation-1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 400),
        ({"Accept": "image/png"}, 406),
        ({"Accept": "image/png", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}, 406),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_a_request_that_is_refused_before_it_is_read_says_why_as_data(
    running: Tools, headers: dict[str, str], status: int
) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused = httpx.post(running.url, headers=JSON | running.headers() | headers, json=call, timeout=20)
    assert refused.status_code == status
    assert refused.json()["error"]


def test_an_address_that_there_is_not_says_so_as_data(running: Tools) -> None:
    refused = httpx.post(running.url.replace("/mcp", "/sse"), headers=JSON | running.headers(), json={}, timeout=20)
    assert (refused.status_code, refused.json()) == (404, {"error": "Not Found"})


def test_a_body_whose_chunks_are_broken_leaves_no_stack_in_the_log(dev: Served) -> None:
    port = int(dev.url.rpartition(":")[2].partition("/")[0])
    for target in ("/mcp", "/sse"):
        head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
                client.sendall(head.encode() + b"zz\r\n{}")
                assert client.recv(1000).startswith(b"HTTP/1.1 40")
    assert dev.tools(), "it goes on"
    assert dev.home
    log = (dev.home / "server.log").read_text()
    assert '"ERROR"' not in log, log
