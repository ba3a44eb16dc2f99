"""Users call tools through the gateway: each sees and gets what the policies give them, in both revisions of MCP."""

from __future__ import annotations

import hashlib
import json
import logging

import pytest

from agentcore_kit.local.gateway.search import SEARCH_TOOL
from tests.gateway.client import NEW, OLD, REVISIONS, User, text_of
from tests.gateway.conftest import Running
from tests.gateway.targets import Target

TRACE = "0af7651916cd43dd8448eb211c80319c"
BY_DEFAULT = "No policy applies to the request (denied by default)."
DENIED = "AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement"


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_user_sees_and_calls_what_the_policies_permit(gateway: Running, claims: Target, revision: str) -> None:
    ana = gateway.user("ana", revision, department="finance")
    ben = gateway.user("ben", revision, department="sales")
    assert ana.tools() == ["claims___read", "claims___settle", SEARCH_TOOL]
    assert ben.tools() == ["claims___read", SEARCH_TOOL]
    assert ana.call("claims___settle", amount=10)["structuredContent"] == {
        "tool": "settle",
        "user": "ana",
        "amount": 10,
    }
    assert ben.call("claims___read", amount=1)["structuredContent"]["user"] == "ben"
    assert [(call.tool, call.user) for call in claims.calls] == [("settle", "ana"), ("read", "ben")]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("department", "tool", "amount", "why"),
    [
        ("sales", "claims___settle", 10, f"[{BY_DEFAULT}]"),
        ("finance", "claims___settle", 1000, f"[{BY_DEFAULT}]"),
        ("finance", "claims___delete", 1, f"[{BY_DEFAULT}]"),
        ("finance", "claims___read", 2020, "[Policy evaluation denied due to archive_is_closed]"),
        ("finance", "claims___no_such", 1, f"[{BY_DEFAULT} policies/tools has no tool claims___no_such]"),
        ("finance", "nowhere___tool", 1, f"[{BY_DEFAULT} policies/tools has no tool nowhere___tool]"),
    ],
)
def test_what_is_refused_never_runs(
    gateway: Running, claims: Target, revision: str, department: str, tool: str, amount: int, why: str
) -> None:
    result = gateway.user("ana", revision, department=department).call(tool, amount=amount)
    assert result["isError"] is True
    assert text_of(result) == f"{DENIED} {why}"
    assert claims.calls == []
    (line,) = gateway.audit()
    assert (line["decision"], line["user"], line["tool"]) == ("deny", "ana", tool)
    assert f"[{line['reason']}]" == why
    assert all(policy in why for policy in line["policies"])


def test_the_audit_has_who_what_and_which_policy_but_no_parameters(
    gateway: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.audit")
    user = gateway.user("ana", department="finance")
    user.headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "baggage": "session.id=session-1"}
    user.call("claims___settle", amount=987)
    (line,) = gateway.audit()
    hashed = hashlib.sha256(json.dumps({"amount": 987}, separators=(",", ":")).encode()).hexdigest()
    assert line == {
        "time": line["time"],
        "user": "ana",
        "tool": "claims___settle",
        "argumentsSha256": hashed,
        "decision": "allow",
        "policies": ["finance_settles"],
        "reason": "",
        "traceId": TRACE,
        "sessionId": "session-1",
    }
    assert [json.loads(record.getMessage()) for record in caplog.records if record.name == "gateway.audit"] == [line]
    assert (gateway.state / "gateway" / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_a_call_is_not_made_when_its_audit_line_cannot_be_written(gateway: Running, claims: Target) -> None:
    user = gateway.user(department="finance")
    user.call("claims___read", amount=1)
    folder = gateway.state / "gateway"
    folder.rename(folder.with_name("away"))
    folder.write_text("a file where the folder was")
    result = user.call("claims___read", amount=2)
    assert "audit line cannot be written" in text_of(result)
    assert [call.arguments for call in claims.calls] == [{"amount": 1}]


@pytest.mark.parametrize("revision", REVISIONS)
def test_token_trace_and_baggage_go_on_to_the_target(gateway: Running, claims: Target, revision: str) -> None:
    user = gateway.user("ana", revision)
    parent = "b7ad6b7169203331"
    user.headers = {"traceparent": f"00-{TRACE}-{parent}-01", "tracestate": "a=b", "baggage": "session.id=s-1,team=x"}
    user.call("claims___read", amount=1)
    (call,) = claims.calls
    assert call.headers["authorization"] == f"Bearer {user.token}"
    version, trace, _span, _ = call.headers["traceparent"].split("-")
    assert (version, trace) == ("00", TRACE)
    assert call.headers["tracestate"] == "a=b"
    assert set(call.headers["baggage"].split(",")) == {"session.id=s-1", "team=x"}


def test_a_call_that_the_mcp_server_answers_is_decided_and_audited_just_so(gateway: Running, claims: Target) -> None:
    """One with a progress token and a further parameter is none that is answered directly."""
    user = gateway.user("ana", OLD, department="finance")

    def ask(tool: str, amount: int) -> dict[str, object]:
        params = {"name": tool, "arguments": {"amount": amount}, "task": {}}
        found: dict[str, object] = user.result("tools/call", params)
        return found

    allowed, refused = ask("claims___settle", 10), ask("claims___settle", 1000)
    assert allowed == user.call("claims___settle", amount=10)
    assert refused == user.call("claims___settle", amount=1000)
    assert [call.user for call in claims.calls] == ["ana", "ana"]
    assert [line["decision"] for line in gateway.audit()] == ["allow", "deny", "allow", "deny"]


def test_both_revisions_are_answered_as_they_ask(gateway: Running) -> None:
    old, new = gateway.user(revision=OLD), gateway.user(revision=NEW)
    hello = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    assert old.result("initialize", hello)["protocolVersion"] == OLD
    assert NEW in new.result("server/discover")["supportedVersions"]
    assert "resultType" not in old.call("claims___read", amount=1)
    assert new.call("claims___read", amount=1)["resultType"] == "complete"
    wrong = new.post("tools/call", {"name": "claims___read", "arguments": {}}, **{"Mcp-Name": "claims___settle"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32020)
    unknown = User(new.url, new.token, OLD, {"MCP-Protocol-Version": "2031-01-01"})
    assert unknown.post("tools/list").status_code == 400
