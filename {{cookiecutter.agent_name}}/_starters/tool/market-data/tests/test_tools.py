"""The tools: right figures, each user's own list, and changes that can be repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from agentcore_kit.mcp_server import Caller, Failure

from tool import tools
from tool.backend import SqliteBackend

ALICE, BOB = Caller("alice"), Caller("bob")


@pytest.fixture(autouse=True)
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own database."""
    monkeypatch.setattr(tools, "backend", SqliteBackend(tmp_path / "market.db"))


def test_market_data_is_the_figure_of_the_backend() -> None:
    found = tools.get_market_data("APAC", "customers")
    assert (found.value, found.unit, found.period) == (74.8, "thousand companies", "2026-Q3")
    assert (found.changeOnYear, found.ageSeconds) == ("+5.9 %", 0)


def test_each_user_has_a_list_of_their_own() -> None:
    tools.add_watched_market("EMEA", "sales", ALICE)
    tools.add_watched_market("AMER", "revenue", BOB)
    assert [one.region for one in tools.list_watched_markets(ALICE).watched] == ["EMEA"]
    assert [one.region for one in tools.list_watched_markets(BOB).watched] == ["AMER"]
    assert not tools.remove_watched_market("AMER", "revenue", ALICE).changed
    assert tools.list_watched_markets(BOB).watched


def test_changes_can_be_repeated() -> None:
    assert tools.add_watched_market("EMEA", "sales", ALICE).changed
    again = tools.add_watched_market("EMEA", "sales", ALICE)
    assert (len(again.watched), again.changed) == (1, False)
    assert tools.remove_watched_market("EMEA", "sales", ALICE).changed
    assert not tools.remove_watched_market("EMEA", "sales", ALICE).changed


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "MOST_WATCHED", 1)
    tools.add_watched_market("EMEA", "sales", ALICE)
    with pytest.raises(Failure, match="remove one first") as refused:
        tools.add_watched_market("AMER", "sales", ALICE)
    assert refused.value.code == 409
    assert not tools.add_watched_market("EMEA", "sales", ALICE).changed
