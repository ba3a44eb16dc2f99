"""The agent's own tools: right answers from the sample data, and the defined behaviour on each kind of failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.testing.tool_context import tool_context
from agentcore_kit.tool_contract.documentation import name_problem
from strands.interrupt import InterruptException

from agent import tools
from agent.backend import Holiday, NotFound, Policy, SampleData, Ticket, Unavailable, VacationBalance


class FailingBackend:
    """Fails as told, call by call, before it answers; a number makes it slow by so many seconds."""

    def __init__(self, *failures: Exception | float) -> None:
        self.failures = list(failures)
        self.calls = 0

    def _called(self) -> None:
        self.calls += 1
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            time.sleep(failure)

    def balance(self, employee_id: str) -> VacationBalance:
        self._called()
        return VacationBalance(30, 0, 10, "2026-11-01")

    def policy(self, name: str) -> Policy:
        self._called()
        return Policy(name, "Ask first.", ("Ask.",), "leave team")

    def holidays(self, year: int, region: str) -> Sequence[Holiday]:
        self._called()
        return [Holiday(date(year, 1, 1), "New Year's Day")]

    def open_ticket(self, employee_id: str, category: str, description: str) -> Ticket:
        self._called()
        return Ticket("HR-1", employee_id, category, description)


LOOKUPS = [
    lambda: tools.check_vacation_balance("E1001"),
    lambda: tools.get_policy("pension"),
    lambda: tools.get_upcoming_holidays(2026, "DE"),
]


def use(monkeypatch: pytest.MonkeyPatch, *failures: Exception | float) -> FailingBackend:
    backend = FailingBackend(*failures)
    monkeypatch.setattr(tools, "backend", backend)
    return backend


def error(result: dict[str, Any]) -> str:
    assert result["status"] == "error"
    return str(result["content"][0]["text"])


def ticket(employee_id: str = "E1001", text: str = "October was paid twice.", confirmed: bool = True) -> dict[str, Any]:
    return asyncio.run(tools.create_hr_ticket(tool_context(confirmed=confirmed), "payroll", employee_id, text))


def test_a_balance_is_what_is_granted_and_carried_over_less_what_is_taken() -> None:
    assert asyncio.run(tools.check_vacation_balance("E1001")) == {
        "employeeId": "E1001",
        "entitlement": 30.0,
        "carriedOver": 2.5,
        "taken": 18.0,
        "remaining": 14.5,
        "unit": "days",
        "asOf": "2026-11-01",
    }


@pytest.mark.parametrize("name", ["parental leave", "Parental Leave", "parental leave policy"])
def test_a_policy_has_its_rule_its_steps_and_a_contact(name: str) -> None:
    policy = asyncio.run(tools.get_policy(name))
    assert policy["policyName"] == "parental leave"
    assert "26 weeks" in policy["text"]
    assert len(policy["steps"]) == 3
    assert policy["contact"] == "leave team"


@pytest.mark.parametrize("region", ["DE", "FR", "UK"])
@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_every_region_has_its_holidays_in_order(region: Any, year: int) -> None:
    holidays = asyncio.run(tools.get_upcoming_holidays(year, region))["holidays"]
    days = [holiday["date"] for holiday in holidays]
    assert len(days) >= 8
    assert days == sorted(days)
    assert all(holiday["day"].startswith(f"{date.fromisoformat(holiday['date']):%A}, ") for holiday in holidays)


def test_the_same_request_is_the_same_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    data = SampleData()
    monkeypatch.setattr(tools, "backend", data)
    assert ticket() == {"ticketId": "HR-5001", "employeeId": "E1001", "category": "payroll", "status": "open"}
    assert ticket(text="October was paid twice!")["ticketId"] == "HR-5001"
    assert ticket("E1002")["ticketId"] == "HR-5002"
    assert ticket(text="November was paid twice.")["ticketId"] == "HR-5003"
    assert len(data.tickets) == 3


def test_a_ticket_is_opened_only_after_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = SampleData()
    monkeypatch.setattr(tools, "backend", data)
    with pytest.raises(InterruptException) as asked:
        ticket(confirmed=False)
    for told in ("E1001", "payroll", "October was paid twice."):
        assert told in asked.value.interrupt.reason
    assert not data.tickets


def test_what_does_not_exist_is_explained() -> None:
    assert "no employee E9999" in error(asyncio.run(tools.check_vacation_balance("E9999")))
    assert "no employee E9999" in error(ticket("E9999"))
    assert "health insurance" in error(asyncio.run(tools.get_policy("dress code")))
    assert "2025 to 2027" in error(asyncio.run(tools.get_upcoming_holidays(2035, "UK")))


@pytest.mark.parametrize("look_up", LOOKUPS)
def test_a_look_up_is_tried_again_when_that_can_help(monkeypatch: pytest.MonkeyPatch, look_up: Any) -> None:
    backend = use(monkeypatch, Unavailable("busy"))
    assert "status" not in asyncio.run(look_up())
    assert backend.calls == 2
    backend = use(monkeypatch, NotFound("there is none"))
    assert error(asyncio.run(look_up())) == "Error 404: there is none"
    assert backend.calls == 1


@pytest.mark.parametrize("look_up", LOOKUPS)
def test_a_look_up_gives_up_after_three_tries(monkeypatch: pytest.MonkeyPatch, look_up: Any) -> None:
    backend = use(monkeypatch, *[Unavailable("down")] * 9)
    assert "503" in error(asyncio.run(look_up()))
    assert backend.calls == 3


def test_a_slow_look_up_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "LOOKUP", RetryPolicy(attempts=3, timeout_seconds=0.8))
    backend = use(monkeypatch, 1.2)
    assert asyncio.run(tools.check_vacation_balance("E1001"))["remaining"] == 20
    assert backend.calls == 2


def test_a_ticket_is_tried_again_as_it_is_never_opened_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = use(monkeypatch, Unavailable("busy"), Unavailable("busy"))
    assert ticket()["ticketId"] == "HR-1"
    assert backend.calls == 4
    use(monkeypatch, *[Unavailable("down")] * 9)
    assert "503" in error(ticket())


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.tool_name)
def test_every_tool_is_documented_to_the_standard(tool: Any) -> None:
    """Name, parameters, returns, errors, when to use: what a model needs to choose and call a tool."""
    spec = tool.tool_spec
    assert not name_problem(spec["name"])
    for part in ("Use when", "Returns:", "Errors:"):
        assert part in spec["description"]
    for name, schema in spec["inputSchema"]["json"]["properties"].items():
        assert len(schema["description"]) > 30, f"parameter {name} needs a description"


def test_the_tools_have_the_agreed_names_and_parameters() -> None:
    found = {tool.tool_name: set(tool.tool_spec["inputSchema"]["json"]["properties"]) for tool in tools.TOOLS}
    agreed = {
        "checkVacationBalance": {"employeeId"},
        "getPolicy": {"policyName"},
        "createHRTicket": {"employeeId", "category", "description"},
        "getUpcomingHolidays": {"year", "region"},
    }
    assert agreed.items() <= found.items(), "others may be added"
