"""The tools: right figures, each user's own list, and changes that can be repeated."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ops.spec import Deprecation
from runtime.identity import Caller
from runtime.settings import Settings
from tool import tools
from tool.wiring.failures import Failure
from tool.wiring.server import build_server


def test_market_data_is_the_figure_of_the_backend() -> None:
    found = tools.get_market_data("APAC", "customers")
    assert (found.value, found.unit, found.period, found.changeOnYear) == (
        74.8, "thousand companies", "2026-Q3", "+5.9 %",
    )  # fmt: skip
    assert found.ageSeconds == 0


def test_each_user_has_a_list_of_their_own(alice: Caller, bob: Caller) -> None:
    tools.add_watched_market("EMEA", "sales", alice)
    tools.add_watched_market("AMER", "revenue", bob)
    assert [one.region for one in tools.list_watched_markets(alice).watched] == ["EMEA"]
    assert [one.region for one in tools.list_watched_markets(bob).watched] == ["AMER"]
    assert not tools.remove_watched_market("AMER", "revenue", alice).changed
    assert tools.list_watched_markets(bob).watched


def test_changes_can_be_repeated(alice: Caller) -> None:
    assert tools.add_watched_market("EMEA", "sales", alice).changed
    again = tools.add_watched_market("EMEA", "sales", alice)
    assert (len(again.watched), again.changed) == (1, False)
    assert tools.remove_watched_market("EMEA", "sales", alice).changed
    assert not tools.remove_watched_market("EMEA", "sales", alice).changed


def test_a_list_has_an_end(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "MOST_WATCHED", 1)
    tools.add_watched_market("EMEA", "sales", alice)
    with pytest.raises(Failure, match="remove one first") as refused:
        tools.add_watched_market("AMER", "sales", alice)
    assert refused.value.code == 409
    assert not tools.add_watched_market("EMEA", "sales", alice).changed


def test_agents_are_told_when_the_tools_end(settings: Settings) -> None:
    end = Deprecation.model_validate({"removal": "2027-06-30", "useInstead": "market-insights"})
    spec = settings.manifest.spec.model_copy(update={"deprecation": end})
    ending = replace(settings, manifest=settings.manifest.model_copy(update={"spec": spec}))
    for one in asyncio.run(build_server(ending).list_tools()):
        assert (one.description or "").endswith("Deprecated: ends on 2027-06-30; use market-insights instead.")
