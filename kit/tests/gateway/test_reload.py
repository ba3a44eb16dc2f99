"""What is saved holds without a restart; what is wrong does not, and what was before stays."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.platform import Gateway
from agentcore_kit.local.gateway.settings import Reloaded, reader
from tests.gateway.conftest import Running
from tests.gateway.finance import FINANCE
from tests.gateway.targets import Target
from tests.gateway.test_targets import eventually


def test_a_policy_that_is_saved_holds(gateway: Running, claims: Target) -> None:
    user = gateway.user("ana", department="sales")
    assert user.call("claims___settle", amount=10)["isError"] is True
    gateway.permit({name: text.replace('"finance" ', '"sales" ') for name, text in FINANCE.items()})
    assert eventually(lambda: user.call("claims___settle", amount=10)["isError"] is False)
    assert "claims___settle" in user.tools()
    assert "claims___settle" not in gateway.user("ben", department="finance").tools()


def test_a_policy_that_is_wrong_is_told_when_it_is_saved(gateway: Running, caplog: pytest.LogCaptureFixture) -> None:
    gateway.permit({"broken": "permit("})
    assert eventually(lambda: "policies: what was saved is wrong" in caplog.text), "though nobody calls"


def test_a_body_that_is_no_message_is_answered_in_one_line(gateway: Running) -> None:
    request = gateway.user().request("tools/list")
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    answer = httpx.post(request.url, json={}, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32600)
    assert '"method"' in answer.json()["error"]["message"]


def test_while_a_file_is_wrong_what_was_before_holds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "number"
    file.write_text("1")

    def read() -> int:
        try:
            return int(file.read_text())
        except ValueError:
            raise ConfigError(["number: is none"]) from None

    number = Reloaded(lambda: [file], read, "number")
    assert number() == 1
    file.write_text("two")
    assert eventually(lambda: number() == 1 and "number: is none" in caplog.text)
    file.write_text("3")
    assert eventually(lambda: number() == 3)


def test_what_holds_from_the_next_start_on_is_said_when_it_is_saved(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    saved = Gateway()
    monkeypatch.setattr("agentcore_kit.local.gateway.settings.read_gateway", lambda: saved)
    read = reader()
    assert read() == saved
    saved = Gateway.model_validate({"requestsPerMinute": 7})
    assert read() == saved
    assert not caplog.records
    saved = Gateway(port=8200, audience="others")
    assert read() == saved
    assert "gateway.port and gateway.audience changed" in caplog.text
    assert "Ctrl-C, then make dev" in caplog.text


INTERCEPTORS = """
def on_request(event, context):
    body = event["mcp"]["gatewayRequest"]["body"]
    assert event["interceptorInputVersion"] == "1.0" and "authorization" in event["mcp"]["gatewayRequest"]["headers"]
    if body["method"] == "tools/call":
        amount = body["params"]["arguments"].get("amount")
        if amount == 13:
            answer = {"jsonrpc": "2.0", "id": body["id"], "error": {"code": -32090, "message": "no 13"}}
            return {"interceptorOutputVersion": "1.0",
                    "mcp": {"transformedGatewayResponse": {"statusCode": 200, "body": answer}}}
        if amount == 14:
            raise RuntimeError("broken")
        if amount == 15:
            body["params"]["name"] = "claims___settle"
        body["params"]["arguments"]["amount"] = amount + 1
    return {"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayRequest": {"body": body}}}


def on_response(event, context):
    body = event["mcp"]["gatewayResponse"]["body"]
    if "structuredContent" in body.get("result", {}):
        body["result"]["structuredContent"]["seen"] = "FIRST"
    return {"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayResponse": {"body": body}}}
"""


@pytest.fixture
def interceptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of interceptors that can be named."""
    file = tmp_path / "own_interceptors.py"
    file.write_text(INTERCEPTORS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_interceptors", raising=False)
    return file


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_interceptors_see_and_change_requests_and_responses(
    gateway: Running, claims: Target, interceptors: Path, revision: str, caplog: pytest.LogCaptureFixture
) -> None:
    user = gateway.user("ana", revision)
    gateway.change(interceptors={"request": "own_interceptors:on_request", "response": "own_interceptors:on_response"})
    changed = user.call("claims___read", amount=1)
    assert changed["structuredContent"] == {"tool": "read", "user": "ana", "amount": 2, "seen": "FIRST"}
    assert user.call("claims___read", amount=2019)["isError"] is True, "policies see what goes to the tool"
    instead = user.post("tools/call", {"name": "claims___read", "arguments": {"amount": 13}}).json()
    assert instead == {"jsonrpc": "2.0", "id": 7, "error": {"code": -32090, "message": "no 13"}}
    broken = user.post("tools/call", {"name": "claims___read", "arguments": {"amount": 14}})
    assert (broken.status_code, broken.json()["error"]["code"]) == (500, -32603)
    assert "broken" not in broken.text
    assert "RuntimeError('broken')" in caplog.text
    assert user.call("claims___read", amount=15)["isError"] is True, "a tool named instead is decided on"
    assert "claims___read" in user.tools()
    assert [call.arguments for call in claims.calls] == [{"amount": 2}]
    interceptors.write_text(INTERCEPTORS.replace("FIRST", "SECOND, after it was saved"))
    seen = user.call("claims___read", amount=1)["structuredContent"]["seen"]
    assert seen == "SECOND, after it was saved"
    caplog.set_level(logging.ERROR)
    gateway.change(interceptors={"request": "own_interceptors:no_such", "response": None})
    assert user.call("claims___read", amount=1)["structuredContent"]["amount"] == 2, "what was before holds"
    gateway.change(interceptors={})
    assert user.call("claims___read", amount=1)["structuredContent"]["amount"] == 1


def test_an_interceptor_that_was_written_later_is_found(
    gateway: Running, claims: Target, interceptors: Path, caplog: pytest.LogCaptureFixture
) -> None:
    user = gateway.user("ana")
    gateway.change(interceptors={"request": "own_interceptors:on_request"})
    assert user.call("claims___read", amount=1)["structuredContent"]["amount"] == 2
    gateway.change(interceptors={"request": "own_interceptors:later"})
    assert user.call("claims___read", amount=1)["structuredContent"]["amount"] == 2, "what was before holds"
    user.tools()
    assert caplog.text.count("gateway.interceptors: wrong") == 1, "said once, however often it is asked for"
    later = INTERCEPTORS.replace("amount + 1", "amount + 10").replace("on_request", "later")
    interceptors.write_text(later)
    assert user.call("claims___read", amount=1)["structuredContent"]["amount"] == 11


@pytest.mark.parametrize(
    "answer",
    [
        "{'transformedGatewayResponse': {'statusCode': 'good'}}",
        "{'transformedGatewayResponse': 'good'}",
        "{'transformedGatewayRequest': ['good']}",
        "None",
    ],
)
def test_an_interceptor_that_answers_nonsense_has_failed(
    gateway: Running, claims: Target, interceptors: Path, answer: str
) -> None:
    interceptors.write_text(
        f"def on_request(event, context):\n    return {{'interceptorOutputVersion': '1.0', 'mcp': {answer}}}\n"
    )
    gateway.change(interceptors={"request": "own_interceptors:on_request"})
    failed = gateway.user("ana").post("tools/call", {"name": "claims___read", "arguments": {"amount": 1}})
    assert (failed.status_code, failed.json()["error"]["code"]) == (500, -32603)
    assert claims.calls == []


def test_what_is_no_call_is_refused_with_interceptors_as_without(gateway: Running, interceptors: Path) -> None:
    user = gateway.user("ana")

    def refused(params: Any) -> tuple[int, int]:
        request = user.request("tools/call", {"name": "claims___read", "arguments": {}})
        body = json.loads(request.content) | {"params": params}
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        answer = httpx.post(user.url, json=body, headers=headers, trust_env=False)
        return answer.status_code, answer.json()["error"]["code"]

    wrong: list[Any] = [["claims___read"], {"name": "claims___rëad ✓", "arguments": {}}]
    without = [refused(params) for params in wrong]
    gateway.change(interceptors={"response": "own_interceptors:on_response"})
    assert [refused(params) for params in wrong] == without
