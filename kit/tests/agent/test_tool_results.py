"""What tools give: cut with a mark, a notice and a way to read on; of every kind of content the model is told."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
)
from starlette.responses import JSONResponse
from strands import tool

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.gateways import CallerToken, connect_gateways
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import Family, chunk, content_is_text, http_server, sse
from tests.agent.test_gateway import with_gateways
from tests.agent.test_gateway_faults import served_app
from tests.agent.test_providers import asking
from tests.agent.test_turn import agent_with, ask
from tests.agent.test_turn_limits import Scripted, call, served

ROWS = "".join(f"row {number:05d};" for number in range(500))
"""5,000 and more characters in one line, each part of which is unlike every other."""

PNG = base64.b64encode(b"\x89PNG").decode()
SECRET = "https://admin:hunter2@10.0.0.7/mcp"


@tool(name="dump")
def dump() -> str:
    """Dumps all rows."""
    return ROWS


class Reading(Scripted):
    """Calls `dump`, then reads on as it is told, until nothing follows."""

    def __init__(self) -> None:
        super().__init__([call(1, "dump")])
        self.told: list[str] = []

    async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> Any:
        for block in messages[-1]["content"]:
            if "toolResult" in block:
                self.told.append(block["toolResult"]["content"][0]["text"])
        before, mark, more = (self.told or [""])[-1].partition("start ")
        names = [spec["name"] for spec in tool_specs or ()]
        if before and mark and "reference" in self.told[0]:
            assert "readToolResult" in names
            reference = self.told[0].partition('reference "')[2].partition('"')[0]
            self.replies = [[call(9, "readToolResult", reference=reference, start=int(more.split()[0].rstrip(";]")))]]
        elif self.told:
            self.replies = [[{"text": "All read."}]]
        else:
            assert "readToolResult" not in names, "only where there is something to read"
        async for event in super().stream(messages):
            yield event


def test_a_result_that_is_cut_is_told_to_caller_and_model_and_can_be_read_to_its_end(
    settings: AgentSettings, alice: Caller
) -> None:
    model = Reading()
    result = ask(served(settings, model, dump, maxToolResultCharacters=1000), alice, "All?")[-1]
    assert result["answer"] == "All read."
    (notice,) = result["notices"]
    assert (
        notice == f"The result of dump was cut: the first 1,000 of {len(ROWS):,} characters; the rest can be read on."
    )
    assert result["toolCalls"][0]["result"].startswith(ROWS[:1000])
    assert "cut off" in result["toolCalls"][0]["result"]
    assert all(len(json.dumps(made["result"])) < 1300 for made in result["toolCalls"])
    read = "".join(text.rpartition(" … [")[0] or text for text in model.told)
    assert read == ROWS


def test_a_result_that_is_no_longer_there_is_said_to_be_so(settings: AgentSettings, alice: Caller) -> None:
    model = Scripted([call(1, "readToolResult", reference="c7", start=0)], [{"text": "Gone."}])
    service = served(settings, model, dump)
    (made,) = ask(service, alice, "More?")[-1]["toolCalls"]
    assert made["status"] == "error"
    assert made["result"] == "Error 404: that result is no longer kept; call the tool again that gave it"


def test_only_so_many_results_are_kept_whole(settings: AgentSettings, alice: Caller) -> None:
    from agentcore_kit.serving.tool_results import KEPT, WholeResults

    kept = WholeResults(1000)
    for number in range(KEPT + 1):
        kept.keep(f"c{number}", ROWS)
    assert kept.read("c0", 0)["status"] == "error"
    assert kept.read("c1", 0)["status"] == "success"
    assert kept.read("c1", len(ROWS))["status"] == "error"
    assert kept.read("c1", -1)["status"] == "error"


CONTENTS: dict[str, tuple[CallToolResult, list[Any]]] = {
    "structured only": (CallToolResult(content=[], structured_content={"rows": [1]}), [{"json": {"rows": [1]}}]),
    "structured, false": (
        CallToolResult(content=[], structured_content={"result": False}),
        [{"json": {"result": False}}],
    ),
    "structured beside blank text": (
        CallToolResult(content=[TextContent(type="text", text=" ")], structured_content={"rows": [1]}),
        [{"json": {"rows": [1]}}],
    ),
    "structured as text": (
        CallToolResult(content=[TextContent(type="text", text='{"rows": [1]}')], structured_content={"rows": [1]}),
        [{"text": '{"rows": [1]}'}],
    ),
    "picture": (
        CallToolResult(content=[ImageContent(type="image", data=PNG, mime_type="image/png")]),
        [{"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}],
    ),
    "picture of another kind": (
        CallToolResult(content=[ImageContent(type="image", data=PNG, mime_type="image/svg+xml")]),
        [{"text": "[not supported, so it was left out: image, image/svg+xml, 4 bytes]"}],
    ),
    "audio": (
        CallToolResult(content=[AudioContent(type="audio", data=PNG, mime_type="audio/wav")]),
        [{"text": "[not supported, so it was left out: audio, audio/wav, 4 bytes]"}],
    ),
    "resource link": (
        CallToolResult(
            content=[
                ResourceLink(
                    type="resource_link", name="report", uri="file:///report.pdf", mime_type="application/pdf",
                    description="The report.",
                )
            ]
        ),
        [{"text": "[link to a resource: report, file:///report.pdf, application/pdf, The report.]"}],
    ),
    "resource": (
        CallToolResult(
            content=[
                EmbeddedResource(
                    type="resource",
                    resource=BlobResourceContents(uri="file:///report.pdf", mime_type="application/pdf", blob=PNG),
                )
            ]
        ),
        [{"text": "[not supported, so it was left out: resource, file:///report.pdf, application/pdf, 4 bytes]"}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CONTENTS)
def test_every_kind_of_content_reaches_the_model_or_is_named(settings: AgentSettings, what: str) -> None:
    sent, told = CONTENTS[what]
    server = MCPServer("market")

    @server.tool(name="market___get")
    def get() -> CallToolResult:
        """Gets it."""
        return sent

    with served_app(server.streamable_http_app(stateless_http=True), "on") as url:
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])
        try:
            result = found.clients[0].call_tool_sync("1", "market___get", {})
        finally:
            found.close()
    assert result["status"] == "success"
    assert result["content"] == told


class Refusing:
    """Answers with a status in the place of a server, from the first request on or only to calls of tools."""

    def __init__(self, app: Any, status: int, calls_only: bool) -> None:
        self.app, self.status, self.calls_only = app, status, calls_only

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        message = await receive()
        first = [message]

        async def again() -> Any:
            return first.pop() if first else await receive()

        if not self.calls_only or b'"tools/call"' in message.get("body", b""):
            await JSONResponse({"message": SECRET}, self.status)(scope, again, send)
            return
        await self.app(scope, again, send)


REFUSED = {
    401: "Error 401: the gateway does not accept the user's sign-in; the user has to sign in again",
    403: "Error 403: the user may not call this tool",
    404: "Error 404: the gateway does not have this tool",
    429: "Error 429: the gateway has too many requests; try again later",
    502: "Error 503: the gateway failed; try again later",
}


@pytest.mark.parametrize("status", REFUSED)
def test_what_status_a_gateway_answers_is_logged_and_told(
    settings: AgentSettings, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = MCPServer("market")

    @server.tool(name="market___get")
    def get() -> str:
        """Gets it."""
        return "7"

    app = Refusing(server.streamable_http_app(stateless_http=True), status, calls_only=True)
    with served_app(app, "on") as url, caplog.at_level(logging.WARNING):
        found = connect_gateways(with_gateways(settings, {"shared": url}), CallerToken(Caller("alice")), [])
        try:
            result = found.clients[0].call_tool_sync("1", "market___get", {})
        finally:
            found.close()
    assert (result["status"], result["content"]) == ("error", [{"text": REFUSED[status]}])
    assert f"HTTP status {status}" in caplog.text
    assert "hunter2" not in caplog.text


NOTICES = {
    401: "The tools of gateway shared are unavailable: it does not accept your sign-in; sign in again.",
    403: "The tools of gateway shared are unavailable: you may not use them.",
    404: "The tools of gateway shared are unavailable at the moment.",
    429: "The tools of gateway shared are unavailable at the moment: it has too many requests.",
    502: "The tools of gateway shared are unavailable at the moment.",
}


@pytest.mark.parametrize("status", NOTICES)
def test_a_gateway_that_refuses_the_session_is_told_apart(
    settings: AgentSettings, alice: Caller, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    app = Refusing(MCPServer("market").streamable_http_app(stateless_http=True), status, calls_only=False)
    with served_app(app, "on") as url, caplog.at_level(logging.WARNING):
        there = with_gateways(settings, {"shared": url})
        service = Service(there, Scripted([{"text": "It is 7."}]), agent_with())
        result = ask(service, alice, "How many?")[-1]
        service.close()
    assert (result["answer"], result["notices"]) == ("It is 7.", [NOTICES[status]])
    assert f"HTTP status {status}" in caplog.text


def test_a_picture_is_named_to_callers(settings: AgentSettings, alice: Caller) -> None:
    @tool(name="draw")
    def draw() -> Any:
        """Draws it."""
        return {
            "status": "success",
            "content": [{"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}, {"text": "A line."}],
        }

    model = Scripted([call(1, "draw")], [{"text": "Drawn."}])
    (made,) = ask(served(settings, model, draw), alice, "Draw?")[-1]["toolCalls"]
    assert made["result"] == ["[image: png, 4 bytes]", "A line."]


@pytest.mark.parametrize("block", ["image", "video"])
def test_what_a_model_refuses_of_a_tools_result_is_left_out_and_locks_nobody_out(
    settings: AgentSettings, alice: Caller, block: str
) -> None:
    """A model that takes text only refuses a picture, and would do so in each later turn."""

    @tool(name="draw")
    def draw() -> Any:
        """Draws it."""
        content = {"format": "png" if block == "image" else "mp4", "source": {"bytes": b"\x89PNG"}}
        return {"status": "success", "content": [{block: content}, {"text": "A line."}]}

    requests: list[Any] = []

    def answer(request: Any) -> tuple[int, str, bytes]:
        requests.append(request)
        if refused := content_is_text(request):
            return 422, "application/json", json.dumps({"error": {"message": refused}}).encode()
        calling = {"index": 0, "id": "c1", "type": "function", "function": {"name": "draw", "arguments": "{}"}}
        if len(requests) == 1:
            return 200, "text/event-stream", sse(chunk({"tool_calls": [calling]}), chunk({}, "tool_calls"))
        return 200, "text/event-stream", sse(chunk({"content": "Drawn."}), chunk({}, "stop"))

    with http_server(answer) as url:
        there = asking(settings, Family("a-model", ()), url)
        service = Service(there, build_model(there), agent_with(draw))
        result = ask(service, alice, "Draw?")[-1]
        assert (result["type"], result.get("answer")) == ("result", "Drawn."), result
        assert result["notices"] == [f"The model does not take this content of tools, so it was left out: {block}."]
        assert f"[not supported, so it was left out: {block}" in json.dumps(requests[-1])
        assert "A line." in json.dumps(requests[-1])
        count = len(requests)
        result = ask(service, alice, "And now?")[-1]
        assert (result["answer"], result["notices"]) == ("Drawn.", [])
        assert len(requests) == count + 1, "it is left out for good"
        service.close()
