"""The server's tools. A model sees only their names, types and descriptions, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it;
`make check` says which is missing. What happens when its backend fails is declared beside it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from agentcore_kit.mcp_server import Aged, Caller, Failure, tool
from agentcore_kit.runtime.settings import STATE
from pydantic import BaseModel, Field

from tool.backend import Backend, NotFound, SqliteBackend

Region = Annotated[
    Literal["EMEA", "APAC", "AMER"],
    Field(
        description="Region code. EMEA (Europe, European, Middle East, Africa), APAC (Asia, Asian, Asia-Pacific, "
        "Pacific), AMER (America, Americas, American, US, USA, United States, North America, Latin America). "
        "When the user names no region, use all of them."
    ),
]
DataType = Annotated[
    Literal["revenue", "sales", "customers"],
    Field(
        description="Which indicator. revenue (market size, turnover, volume), sales (contracts, deals, units sold), "
        "customers (clients, buyers, companies). When the user names none, use revenue."
    ),
]

MOST_WATCHED = 50

backend: Backend = SqliteBackend(STATE / "market.db")


class MarketData(Aged):
    """The latest indicator of one market."""

    region: str = Field(description="the region asked for")
    dataType: str = Field(description="the indicator asked for")
    value: float = Field(description="the figure, in unit")
    unit: str = Field(description="what the figure counts, for example billions USD")
    period: str = Field(description="the quarter it is for, as YYYY-QN")
    changeOnYear: str = Field(description="the change on the year in percent, for example +3.1 %")


class WatchedMarket(BaseModel):
    """One market on a watch list."""

    region: str = Field(description="its region code")
    dataType: str = Field(description="its indicator")


class WatchList(BaseModel):
    """A user's watch list."""

    watched: list[WatchedMarket] = Field(description="the markets on the list, in alphabetical order")
    changed: bool = Field(default=False, description="whether this call changed the list")


@tool("getMarketData", title="Market data", effect="read", fall_back_seconds=3600)
def get_market_data(region: Region, dataType: DataType) -> MarketData:
    """Retrieves the latest indicator of the whole market (the industry, all companies together) for one region.

    Use when the user asks about the market, the industry, the sector, competitors, how big a market is, its size or
    its trends.
    Do not use for the user's own company, and not to see which markets are watched: use listWatchedMarkets.

    Returns: the figure with its unit, period (YYYY-QN), change on the year, and its age when it is an earlier one.

    Errors: 404 when there is no such indicator; 503 when the market data service is unavailable after three tries and
    there is no answer of the last hour: tell the user to try again later.
    """
    try:
        found = backend.market(region, dataType)
    except NotFound as error:
        raise Failure(404, str(error)) from None
    return MarketData(
        region=region,
        dataType=dataType,
        value=found.value,
        unit=found.unit,
        period=found.period,
        changeOnYear=f"{found.change_percent:+.1f} %",
    )


@tool("listWatchedMarkets", title="Watched markets", effect="read")
def list_watched_markets(caller: Caller) -> WatchList:
    """Lists the markets on the user's own watch list.

    Use when the user asks what is on the watch list, which markets are on it, or to show, see or read the list.
    Do not use for figures: use getMarketData.

    Returns: the region and indicator of every watched market; an empty list when none is watched.

    Errors: 403 when it is not known who asks; 503 when the list is unavailable after three tries: tell the user to try
    again later.
    """
    return _watch_list(caller)


@tool("addWatchedMarket", title="Watch a market", effect="change")
def add_watched_market(region: Region, dataType: DataType, caller: Caller) -> WatchList:
    """Adds one market to the user's own watch list. Adding one that is there already changes nothing.

    Use when the user asks to watch, follow, bookmark, track or add a market, or to put one on the list.

    Returns: the whole list afterwards, and whether it was changed.

    Errors: 403 when it is not known who asks; 409 when 50 markets are watched already: remove one first; 503 when the
    list is unavailable after three tries: tell the user to try again later.
    """
    known = backend.watched(caller.user_id)
    if len(known) >= MOST_WATCHED and (region, dataType) not in known:
        raise Failure(409, f"the list has {MOST_WATCHED} markets, the most there can be; remove one first")
    return _watch_list(caller, backend.watch(caller.user_id, (region, dataType)))


@tool("removeWatchedMarket", title="Stop watching a market", effect="remove")
def remove_watched_market(region: Region, dataType: DataType, caller: Caller) -> WatchList:
    """Removes one market from the user's own watch list. Removing one that is not there changes nothing.

    Use when the user asks to unwatch, unfollow, drop, delete or remove a market, or to stop watching it.

    Returns: the whole list afterwards, and whether it was changed.

    Errors: 403 when it is not known who asks; 503 when the list is unavailable after three tries: tell the user to try
    again later.
    """
    return _watch_list(caller, backend.unwatch(caller.user_id, (region, dataType)))


def _watch_list(caller: Caller, changed: bool = False) -> WatchList:
    watched = [WatchedMarket(region=region, dataType=kind) for region, kind in backend.watched(caller.user_id)]
    return WatchList(watched=watched, changed=changed)
