"""The tools: what the data says, and the defined behaviour on each kind of failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agentcore_kit.tool_contract.documentation import name_problem

from agent import tools
from agent.backend import NotFound, Office, Unavailable


class FailingBackend:
    """Raises each of these errors once, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def office(self, city: str) -> Office:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return Office("07:00", "20:00")


def failing(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> FailingBackend:
    backend = FailingBackend(*errors)
    monkeypatch.setattr(tools, "backend", backend)
    return backend


def hours(city: str = "Paris") -> dict[str, Any]:
    return asyncio.run(tools.get_office_hours(city))


def error(result: dict[str, Any]) -> str:
    assert result["status"] == "error"
    return str(result["content"][0]["text"])


def test_hours_are_those_of_the_data() -> None:
    found = hours()
    assert (found["opens"], found["closes"]) == ("08:30", "19:00")


def test_a_city_without_an_office_is_explained_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert error(hours("Rome")) == "Error 404: there is no office in Rome; there are offices in Berlin, London, Paris"
    backend = failing(monkeypatch, NotFound("nothing"))
    assert "404" in error(hours())
    assert backend.calls == 1


def test_a_service_that_fails_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = failing(monkeypatch, Unavailable("busy"), Unavailable("busy"))
    assert hours()["opens"] == "07:00"
    assert backend.calls == 3


def test_a_service_that_stays_down_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = failing(monkeypatch, *[Unavailable("down")] * 9)
    assert "503" in error(hours())
    assert backend.calls == tools.OFFICE_SERVICE.attempts


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: tool.tool_name)
def test_every_tool_is_documented_to_the_standard(tool: Any) -> None:
    """Name, parameters, returns, errors, when to use: what a model needs to choose and call a tool."""
    spec = tool.tool_spec
    assert not name_problem(spec["name"])
    for part in ("Use when", "Returns:", "Errors:"):
        assert part in spec["description"]
    for name, schema in spec["inputSchema"]["json"]["properties"].items():
        assert len(schema["description"]) > 30, f"parameter {name} needs a description"
