"""Very many tools, very many users, and users who ask too often."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import perf_counter
from typing import Any

import httpx
import pytest

from agentcore_kit.local.gateway import search
from agentcore_kit.local.gateway.limits import UserLimits
from agentcore_kit.local.gateway.search import FOUND, SEARCH_TOOL, Offered, ToolIndex
from tests.gateway.client import NEW, OLD, User
from tests.gateway.conftest import Running, Start
from tests.gateway.finance import EVERYTHING, PAYROLL
from tests.gateway.targets import Target
from tests.gateway.test_targets import eventually

SESSIONS, CALLS = 100, 4
SUBJECTS = ("invoice", "contract", "vacation", "shipment", "warehouse", "patent", "lawsuit", "forecast", "payroll")
VERBS = ("create", "find", "cancel", "approve", "archive", "export")


def test_a_hundred_sessions_of_mixed_users_at_once(gateway: Running, claims: Target) -> None:
    """Each gets its own answers, and every decision has its line."""

    async def session(client: httpx.AsyncClient, number: int) -> None:
        user = gateway.user(f"user-{number}", (OLD, NEW)[number % 2], department=("finance", "sales")[number % 3 > 0])
        user.headers = {"baggage": f"session.id=session-{number}"}
        for turn in range(CALLS):
            amount = 1000 * turn + number  # of finance, only what is below 1000 may be settled
            tool = ("claims___read", "claims___settle")[turn % 2]
            sent = user.request("tools/call", {"name": tool, "arguments": {"amount": amount}})
            result = (await client.send(sent)).json()["result"]
            if tool == "claims___read" and amount != 2020:
                said = {"tool": "read", "user": f"user-{number}", "amount": amount}
                assert result["structuredContent"] == said
            else:
                assert result["isError"] is True

    async def all_at_once() -> None:
        async with httpx.AsyncClient(timeout=300, trust_env=False) as client:
            await asyncio.gather(*(session(client, number) for number in range(SESSIONS)))

    asyncio.run(all_at_once())
    lines = gateway.audit()
    assert len(lines) == SESSIONS * CALLS
    assert Counter(line["user"] for line in lines) == {f"user-{number}": CALLS for number in range(SESSIONS)}
    assert all(line["sessionId"] == line["user"].replace("user", "session") for line in lines)
    allowed = [line for line in lines if line["decision"] == "allow"]
    assert len(allowed) == len(claims.calls)
    assert Counter(call.user for call in claims.calls) == Counter(line["user"] for line in allowed)
    for call in claims.calls:
        assert call.headers["baggage"] == f"session.id={call.user.replace('user', 'session')}"


def test_who_asks_too_often_waits_and_nobody_else_does(start: Start, claims: Target) -> None:
    gateway = start({"claims": claims}, requestsPerMinute=5)
    ana, ben = gateway.user("ana"), gateway.user("ben")
    answers = [ana.post("tools/call", {"name": "claims___read", "arguments": {"amount": 1}}) for _ in range(8)]
    assert Counter(answer.status_code for answer in answers)[200] >= 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    wait = int(refused.headers["Retry-After"])
    assert 0 < wait <= 60
    assert refused.json()["error"]["data"] == {"retryAfterSeconds": wait}
    assert ben.call("claims___read", amount=1)["isError"] is False
    throttled = [line for line in gateway.audit() if line["decision"] == "throttled"]
    assert {line["user"] for line in throttled} == {"ana"}
    gateway.change(requestsPerMinute=100_000)
    assert ana.call("claims___read", amount=1)["isError"] is False


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("agentcore_kit.local.gateway.limits.monotonic", lambda: now[0])
    limits = UserLimits()
    assert [limits.wait_seconds("ana", 2) for _ in range(3)] == [0, 0, 30]
    now[0] += 30
    assert [limits.wait_seconds("ana", 2) for _ in range(2)] == [0, 30]
    now[0] += 600
    assert [limits.wait_seconds("ana", 2) for _ in range(3)] == [0, 0, 30]


def test_the_search_finds_the_tool_and_shows_only_what_its_caller_may_call(start: Start) -> None:
    target = Target([f"{verb}_{subject}" for subject in SUBJECTS for verb in VERBS])
    with target.running():
        gateway = start({"office": target}, PAYROLL)
        hr, sales = gateway.user("ana", department="hr"), gateway.user("ben", department="sales")
        assert len(hr.tools()) == len(target.tools) + 1

        def found(user: User, query: str) -> list[str]:
            tools = user.call(SEARCH_TOOL, query=query)["structuredContent"]["tools"]
            assert all(tool["inputSchema"]["properties"]["amount"]["type"] == "integer" for tool in tools)
            return [tool["name"] for tool in tools]

        assert found(hr, "Export the payroll of this month")[0] == "office___export_payroll"
        assert "office___export_payroll" not in found(sales, "Export the payroll of this month")
        assert found(sales, "please cancel my vacation")[0] == "office___cancel_vacation"
        assert len(found(sales, "vacations")) <= FOUND
        assert found(sales, "zebra") == []
        wrong = hr.result("tools/call", {"name": SEARCH_TOOL, "arguments": {"query": 7}})
        assert wrong["isError"] is True


def test_a_search_waits_for_no_list_that_is_read_again_and_the_next_one_finds_what_changed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentcore_kit.local.gateway.targets.FRESH_SECONDS", 0)
    monkeypatch.setattr("agentcore_kit.local.gateway.targets.LIST_SECONDS", 600)
    weighed: Counter[str] = Counter()
    words = search._words

    def noting(tool: Offered) -> Any:
        weighed[tool.name] += 1
        return words(tool)

    monkeypatch.setattr(search, "_words", noting)
    target = Target(["find_invoice", "find_contract"])
    with target.running():
        gateway = start({"office": target}, EVERYTHING)
        user = gateway.user()

        def found(query: str) -> list[str]:
            return [tool["name"] for tool in user.call(SEARCH_TOOL, query=query)["structuredContent"]["tools"]]

        assert found("invoice") == ["office___find_invoice"]
        target.lists.clear()
        target.tools = ["find_invoice", "find_shipment"]
        gateway.describe("office", target)
        assert found("invoice") == ["office___find_invoice"], "of the list as it was read last"
        assert found("shipment") == []
        target.lists.set()
        assert eventually(lambda: found("shipment") == ["office___find_shipment"])
        assert found("contract") == []
    assert weighed == {f"office___find_{what}": 1 for what in ("invoice", "contract", "shipment")}


@pytest.mark.parametrize("revision", [OLD, NEW])
def test_a_search_is_answered_as_the_mcp_server_answers_it(start: Start, claims: Target, revision: str) -> None:
    """One with a further parameter is none that is answered directly."""
    gateway = start({"claims": claims}, EVERYTHING)
    user = gateway.user(revision=revision)
    asked = {"name": SEARCH_TOOL, "arguments": {"query": "settle a claim"}}
    assert user.result("tools/call", asked) == user.result("tools/call", asked | {"task": {}})
    assert [(line["tool"], line["decision"]) for line in gateway.audit()] == [(SEARCH_TOOL, "allow")] * 2


def test_searching_in_ten_times_as_many_tools_does_not_take_ten_times_as_long() -> None:
    def seconds(tools: int) -> float:
        about = "It does thing{} with a {}."
        index = ToolIndex([Offered(f"t___do{n}", about.format(n, SUBJECTS[n % 9]), {}) for n in range(tools)])

        def once() -> float:
            begin = perf_counter()
            for n in range(50):
                assert next(index.search(f"do thing{n}")).name.endswith(str(n))
            return perf_counter() - begin

        return min(once() for _ in range(5))

    assert seconds(1000) < 10 * seconds(100)
