"""The contract of each protocol revision, with the server that `make dev` starts: what is asked, and what it answers.

Up to 2025-11-25 a client opens with a handshake; from 2026-07-28 on every request says in itself who asks for what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import jsonschema
import pytest
from mcp_types import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
)

from agentcore_kit.mcp_server.errors import read_failure
from agentcore_kit.testing.tool_client import Served
from agentcore_kit.tool_contract.definitions import Definition, offered
from agentcore_kit.tool_contract.samples import example

pytestmark = pytest.mark.integration

ME = {"name": "test", "version": "1"}
HANDSHAKE, STATELESS = "2025-11-25", "2026-07-28"
NOBODY_KNOWS = "1900-01-01"
TOOL = offered()[0]
revisions = pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])


@dataclass(frozen=True)
class Asked:
    """What came back for one message: the HTTP answer, and of its body the result or the error."""

    http: httpx.Response

    @property
    def result(self) -> dict[str, Any]:
        """The result of a request that was answered."""
        assert self.http.status_code == 200, self.http.text
        found: dict[str, Any] = self.http.json()["result"]
        return found

    @property
    def refusal(self) -> tuple[int, int]:
        """The HTTP status and the JSON-RPC code of a request that was refused."""
        return self.http.status_code, self.http.json()["error"]["code"]


def post(dev: Served, body: Any, **headers: str) -> httpx.Response:
    """Send a body with the headers of every request; more of them by name, with `_` for `-`."""
    accepted = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {dev.token}"}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"content": body} if isinstance(body, str) else {"json": body}
    return httpx.post(dev.url, headers={"Content-Type": "application/json"} | accepted | more, timeout=30, **content)


def envelope(version: str) -> dict[str, Any]:
    """Return what a request without a handshake says of itself."""
    told = {"protocolVersion": version, "clientCapabilities": {}, "clientInfo": ME}
    return {f"io.modelcontextprotocol/{name}": one for name, one in told.items()}


def ask(dev: Served, version: str, method: str, params: dict[str, Any] | None = None, **headers: str) -> Asked:
    """Send a request as a client of a revision does."""
    params = dict(params or {})
    told = {"MCP_Protocol_Version": version}
    if version == STATELESS:
        params["_meta"] = envelope(version)
        told |= {"Mcp_Method": method} | ({"Mcp_Name": params["name"]} if method == "tools/call" else {})
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return Asked(post(dev, message, **told | headers))


def initialize(dev: Served, version: str) -> Asked:
    return ask(dev, HANDSHAKE, "initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": ME})


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [
        (HANDSHAKE, HANDSHAKE),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        (NOBODY_KNOWS, HANDSHAKE),
        (STATELESS, HANDSHAKE),  # it has no handshake; who opens with one gets the newest that has
    ],
)
def test_a_handshake_agrees_on_a_revision(dev: Served, asked: str, agreed: str) -> None:
    answer = initialize(dev, asked)
    assert answer.result["protocolVersion"] == agreed
    assert answer.result["serverInfo"]["name"] == "example-tool"


def test_without_a_handshake_the_server_says_what_it_speaks(dev: Served) -> None:
    found = ask(dev, STATELESS, "server/discover").result
    assert STATELESS in found["supportedVersions"]
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "example-tool"
    assert found["resultType"] == "complete"


@pytest.mark.parametrize(("version", "method"), [(HANDSHAKE, "initialize"), (STATELESS, "server/discover")])
def test_nothing_is_announced_that_there_is_not(dev: Served, version: str, method: str) -> None:
    opening = initialize(dev, version) if method == "initialize" else ask(dev, version, method)
    announced = {name: one for name, one in opening.result["capabilities"].items() if one}
    assert announced == {"tools": {"listChanged": False}}


def test_a_revision_that_nobody_knows_is_refused(dev: Served) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": envelope(NOBODY_KNOWS)}}
    answer = post(dev, message, MCP_Protocol_Version=NOBODY_KNOWS, Mcp_Method="tools/list")
    assert Asked(answer).refusal == (400, UNSUPPORTED_PROTOCOL_VERSION)
    assert STATELESS in answer.json()["error"]["data"]["supported"]
    of_the_handshake = ask(dev, HANDSHAKE, "tools/list", MCP_Protocol_Version=NOBODY_KNOWS)
    assert of_the_handshake.http.status_code == 400


def test_a_request_without_its_version_is_one_of_the_handshake(dev: Served) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert Asked(post(dev, message)).result["tools"]


@revisions
def test_all_tools_are_listed_as_they_are(dev: Served, version: str) -> None:
    def seen(tools: list[Definition]) -> list[Any]:
        return [(one["name"], one["inputSchema"], one["outputSchema"], one["annotations"]) for one in tools]

    found = ask(dev, version, "tools/list").result
    assert seen(found["tools"]) == seen(offered())
    if version == STATELESS:  # whether an intermediary may keep the list, and for how long
        assert (found["resultType"], found["cacheScope"], found["ttlMs"]) == ("complete", "private", 0)


@revisions
def test_a_right_call_is_answered_as_its_schema_says(dev: Served, version: str) -> None:
    found = ask(dev, version, "tools/call", {"name": TOOL["name"], "arguments": example(TOOL)}).result
    assert not found["isError"]
    jsonschema.validate(found["structuredContent"], TOOL["outputSchema"])
    assert found.get("resultType") == ("complete" if version == STATELESS else None)


@revisions
@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [(TOOL["name"], {"noSuchArgument": 1}, 400), (TOOL["name"], {}, 400), ("noSuchTool", {}, 404)],
)
def test_a_wrong_call_is_a_failure_of_the_tool_that_a_model_can_read(
    dev: Served, version: str, name: str, arguments: dict[str, Any], code: int
) -> None:
    found = ask(dev, version, "tools/call", {"name": name, "arguments": arguments}).result
    assert found["isError"]
    assert "structuredContent" not in found
    assert read_failure(found["content"][0]["text"])["code"] == code


def test_a_call_without_a_name_is_no_call(dev: Served) -> None:
    refused = ask(dev, HANDSHAKE, "tools/call", {"arguments": {}})
    assert refused.refusal == (200, INVALID_PARAMS)


@revisions
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("no/such", {}),
        ("prompts/list", {}),
        ("prompts/get", {"name": "x"}),
        ("resources/list", {}),
        ("resources/templates/list", {}),
        ("resources/read", {"uri": "file:///x"}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}}),
        ("subscriptions/listen", {"notifications": {"toolsListChanged": True}}),
    ],
)
def test_what_is_not_announced_is_no_method(dev: Served, version: str, method: str, params: dict[str, Any]) -> None:
    named = {"Mcp_Name": str(params.get("name") or params.get("uri"))} if params else {}
    status = 404 if version == STATELESS else 200
    assert ask(dev, version, method, params, **named).refusal == (status, METHOD_NOT_FOUND)


def test_a_ping_is_of_the_handshakes_revisions_alone(dev: Served) -> None:
    assert ask(dev, HANDSHAKE, "ping").result == {}
    assert ask(dev, STATELESS, "ping").refusal == (404, METHOD_NOT_FOUND)


def test_no_revision_has_the_opening_of_the_other(dev: Served) -> None:
    assert ask(dev, STATELESS, "initialize").refusal == (404, METHOD_NOT_FOUND)
    assert ask(dev, HANDSHAKE, "server/discover").refusal == (200, METHOD_NOT_FOUND)


@pytest.mark.parametrize(
    "headers",
    [
        {"Mcp_Method": "tools/list"},
        {"Mcp_Method": ""},
        {"Mcp_Name": "noSuchTool"},
        {"Mcp_Name": ""},
    ],
)
def test_headers_that_do_not_say_what_the_body_does_are_refused(dev: Served, headers: dict[str, str]) -> None:
    call = {"name": TOOL["name"], "arguments": example(TOOL)}
    assert ask(dev, STATELESS, "tools/call", call, **headers).refusal == (400, HEADER_MISMATCH)


@pytest.mark.parametrize("told", [HANDSHAKE, NOBODY_KNOWS])
def test_a_body_of_another_revision_than_its_header_is_refused(dev: Served, told: str) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": envelope(told)}}
    answer = post(dev, message, MCP_Protocol_Version=STATELESS, Mcp_Method="tools/list")
    assert Asked(answer).refusal == (400, HEADER_MISMATCH)


def test_a_request_that_does_not_say_who_asks_for_what_is_refused(dev: Served) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    answer = post(dev, message, MCP_Protocol_Version=STATELESS, Mcp_Method="tools/list")
    assert Asked(answer).refusal == (400, INVALID_PARAMS)


@revisions
def test_no_session_is_opened_and_any_is_taken(dev: Served, version: str) -> None:
    opening = initialize(dev, version) if version == HANDSHAKE else ask(dev, version, "server/discover")
    assert "mcp-session-id" not in opening.http.headers
    injected = ask(dev, version, "tools/list", Mcp_Session_Id="0123456789abcdef" * 3)  # as the Runtime does
    assert injected.result["tools"]


@revisions
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
@pytest.mark.parametrize("more", [{}, {"Last-Event-ID": "1"}])
def test_there_is_no_stream_to_open_or_to_resume_and_no_session_to_end(
    dev: Served, version: str, method: str, more: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {dev.token}", "Accept": "text/event-stream", "MCP-Protocol-Version": version}
    refused = httpx.request(method, dev.url, headers=headers | more, timeout=30)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


@revisions
@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "notifications/no_such"])
def test_a_notification_is_taken_without_an_answer(dev: Served, version: str, method: str) -> None:
    params = {"requestId": 7} | ({"_meta": envelope(version)} if version == STATELESS else {})
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    taken = post(dev, message, MCP_Protocol_Version=version, Mcp_Method=method)
    assert (taken.status_code, taken.content) == (202, b"")


@revisions
def test_what_is_no_message_is_refused(dev: Served, version: str) -> None:
    headers = {"MCP_Protocol_Version": version, "Mcp_Method": "tools/list"}
    assert Asked(post(dev, "{", **headers)).refusal == (400, PARSE_ERROR)
    for body in ({"no": "message"}, [{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}], "null"):
        assert post(dev, body, **headers).status_code == 400


@revisions
def test_nobody_is_answered_without_a_token(dev: Served, version: str) -> None:
    refused = ask(dev, version, "tools/list", Authorization="").http
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
