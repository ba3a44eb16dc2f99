"""Gateways whose tools are not as they should be: one costs itself, and what went wrong inside stays in the log."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
import uvicorn

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.gateways import CallerToken, connect_gateways
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_gateway import market_server, with_gateways

SECRET = "postgres://admin:hunter2@10.0.0.7/hr"


class Changed:
    """Passes requests on to an MCP server, and changes what it answers."""

    def __init__(self, app: Any, schemas: dict[int, Any], refuse_calls: bool) -> None:
        self.app, self.schemas, self.refuse_calls = app, schemas, refuse_calls

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def changed(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = self._changed(b"".join(parts))
            headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
            await send({**message, "body": body})

        await self.app(scope, receive, changed)

    def _changed(self, body: bytes) -> bytes:
        try:
            answer = json.loads(body)
        except ValueError:
            return body
        result = answer.get("result") if isinstance(answer, dict) else None
        if isinstance(result, dict) and "tools" in result:
            for number, schema in self.schemas.items():
                result["tools"][number]["inputSchema"] = schema
        if isinstance(result, dict) and "content" in result and self.refuse_calls:
            answer.pop("result")
            answer["error"] = {"code": -32603, "message": SECRET}
        return json.dumps(answer).encode()


@contextmanager
def serving(schemas: dict[int, Any], *, refuse_calls: bool = False) -> Iterator[str]:
    """Serve three tools of which some have other schemas; yields the URL."""
    app = market_server(3).streamable_http_app(stateless_http=True, json_response=True)
    with served_app(Changed(app, schemas, refuse_calls), lifespan="on") as url:
        yield url


@contextmanager
def served_app(app: Any, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """Serve an application on a free local port; yields the URL of an MCP server in it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", lifespan=lifespan)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        server.should_exit = True
        thread.join(timeout=5)


@pytest.mark.integration
@pytest.mark.parametrize(
    "schema",
    [None, "object", {"type": "banana"}, {"type": "object", "properties": {"a": {"type": 7}}}, {"type": "array"}],
    ids=["none", "text", "unknown type", "unknown type within", "no object"],
)
def test_a_tool_with_a_broken_schema_costs_itself(settings: AgentSettings, schema: Any) -> None:
    with serving({1: schema}) as url:
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])
        try:
            names = [tool.tool_name for tool in found.tools]
            assert names == ["market___getIndicator0", "market___getIndicator2"]
            assert found.notices == ["The tool market___getIndicator1 of gateway shared cannot be used: its schema."]
            assert not found.missing
            assert found.clients[0].call_tool_sync("1", "market___getIndicator2", {"year": 2024})["status"] == "success"
        finally:
            found.close()


@pytest.mark.integration
def test_what_a_gateway_raises_stays_in_the_log(settings: AgentSettings, caplog: pytest.LogCaptureFixture) -> None:
    with serving({}, refuse_calls=True) as url, caplog.at_level(logging.ERROR):
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])
        try:
            result = found.clients[0].call_tool_sync("1", "market___getIndicator2", {"year": 2024})
        finally:
            found.close()
    assert result["status"] == "error"
    told = "Error 503: the tool cannot be called; its operators find the cause in the log"
    assert result["content"] == [{"text": told}]
    assert SECRET in caplog.text
