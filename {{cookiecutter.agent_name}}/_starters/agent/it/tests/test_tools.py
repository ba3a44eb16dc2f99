"""The agent's own tools: right answers from the sample data, a yes before each change, and what failures come to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from agentcore_kit.testing.tool_context import tool_context
from agentcore_kit.tool_contract.documentation import name_problem
from strands.interrupt import InterruptException

from agent import tools
from agent.backend import AccessRequest, Article, NotFound, SampleData, Unavailable, VpnState


class FailingBackend:
    """Raises each of these errors once, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def _called(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)

    def vpn(self, user_id: str) -> VpnState:
        self._called()
        return VpnState("connected", "", "2026-11-16")

    def articles(self, query: str) -> Sequence[Article]:
        self._called()
        return [Article("KB-1", query, ("Restart it.",))]

    def has_account(self, user_id: str, system: str) -> bool:
        self._called()
        return True

    def send_reset_link(self, user_id: str, system: str) -> None:
        self._called()

    def request_access(self, user_id: str, software: str, justification: str) -> AccessRequest:
        self._called()
        return AccessRequest("REQ-1", "somebody", 1)

    def open_ticket(self, user_id: str, subject: str) -> str:
        self._called()
        return "IT-1"


def reset(user: str = "jdoe1", system: Any = "email", confirmed: bool = True) -> dict[str, Any]:
    return asyncio.run(tools.reset_password(tool_context(confirmed=confirmed), system, user))


def access(user: str = "jdoe1", software: Any = "Jira", confirmed: bool = True) -> dict[str, Any]:
    context = tool_context(confirmed=confirmed)
    return asyncio.run(tools.request_software_access(context, software, "I plan the sprints.", user))


def ticket(user: str = "jdoe1", subject: str = "The keyboard is broken", confirmed: bool = True) -> dict[str, Any]:
    return asyncio.run(tools.create_it_ticket(tool_context(confirmed=confirmed), subject, user))


def vpn(user: str = "jdoe1") -> dict[str, Any]:
    return asyncio.run(tools.check_vpn_status(user))


def search(query: str = "printer") -> dict[str, Any]:
    return asyncio.run(tools.search_knowledge_base(query))


Use = Callable[..., dict[str, Any]]
CHANGES: list[Use] = [reset, access, ticket]
ALL: list[Use] = [*CHANGES, vpn, search]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch) -> SampleData:
    """Give each test its own tickets, requests and links."""
    fresh = SampleData()
    monkeypatch.setattr(tools, "backend", fresh)
    return fresh


def error(result: dict[str, Any]) -> str:
    assert result["status"] == "error"
    return str(result["content"][0]["text"])


def test_the_vpn_is_as_the_data_says() -> None:
    assert (vpn()["status"], vpn()["reason"]) == ("disconnected", "the certificate ran out on 2026-11-12")
    assert (vpn("anna3")["status"], vpn("anna3")["reason"]) == ("connected", "it works")


def test_the_article_that_fits_best_comes_first() -> None:
    found = search("printer does not print")["articles"]
    assert (found[0]["id"], len(found[0]["steps"])) == ("KB-103", 3)
    assert search("My Wi-Fi is offline")["articles"][0]["id"] == "KB-101"


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_changed_without_a_yes(change: Use, data: SampleData) -> None:
    with pytest.raises(InterruptException) as asked:
        change(confirmed=False)
    assert "jdoe1" in asked.value.interrupt.reason
    assert (data.tickets, data.requests, data.links) == ({}, {}, set())


def test_a_yes_sends_the_link(data: SampleData) -> None:
    assert reset() == {"userId": "jdoe1", "system": "email", "status": "link sent", "validMinutes": 30}
    assert data.links == {("jdoe1", "email")}


def test_the_same_request_has_the_same_number() -> None:
    assert ticket()["ticketId"] == ticket(subject="the keyboard is broken!")["ticketId"] == "IT-7001"
    assert ticket(subject="The mouse is broken")["ticketId"] == "IT-7002"
    assert ticket("anna3")["ticketId"] == "IT-7003"
    assert (access()["requestId"], access("anna3")["requestId"], access()["requestId"]) == (
        "REQ-301",
        "REQ-302",
        "REQ-301",
    )
    assert access()["approver"] == "engineering tools"


def test_what_does_not_exist_is_explained_and_nobody_is_asked() -> None:
    for use in (vpn, ticket, access, reset):
        assert error(use("zoe9")) == "Error 404: there is no user zoe9; check the user id"
    assert error(reset("anna3", "erp")) == "Error 404: anna3 has no account in erp; check the system"
    assert "offer to open a ticket" in error(search("coffee machine"))


@pytest.mark.parametrize("use", ALL)
def test_what_fails_for_a_moment_is_tried_again(monkeypatch: pytest.MonkeyPatch, use: Use) -> None:
    backend = FailingBackend(Unavailable("busy"))
    monkeypatch.setattr(tools, "backend", backend)
    assert use().get("status") != "error"
    backend.errors = [Unavailable("down")] * 9
    assert "503" in error(use())
    backend.errors, before = [NotFound("there is none")], backend.calls
    assert error(use()) == "Error 404: there is none"
    assert backend.calls == before + 1


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
        "resetPassword": {"userId", "system"},
        "checkVPNStatus": {"userId"},
        "requestSoftwareAccess": {"userId", "software", "justification"},
        "searchKnowledgeBase": {"query"},
        "createITTicket": {"userId", "subject"},
    }
    assert agreed.items() <= found.items(), "others may be added"
