"""The tools: what the data says, and what a caller is told when there is nothing."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from agentcore_kit.mcp_server import Failure

from tool import tools
from tool.backend import NotFound, Office


def test_hours_are_those_of_the_data() -> None:
    found = tools.get_office_hours("Paris")
    assert (found.city, found.opens, found.closes) == ("Paris", "08:30", "19:00")


@pytest.mark.parametrize("city", get_args(get_args(tools.City)[0]))
def test_every_city_that_is_offered_has_an_office(city: Any) -> None:
    assert tools.get_office_hours(city).opens < tools.get_office_hours(city).closes


def test_an_office_that_is_not_there_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        def office(self, city: str) -> Office:
            raise NotFound(f"there is no office in {city}")

    monkeypatch.setattr(tools, "backend", Empty())
    with pytest.raises(Failure, match="no office in Paris") as refused:
        tools.get_office_hours("Paris")
    assert refused.value.code == 404
