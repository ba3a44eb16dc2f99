"""The agent's tools. A model sees only these names, types and docstrings, so they are written for it.

Every tool documents five things: a clear name, its parameters, what it returns, its errors, and when to use it.
Each says what happens on failure: what is transient is tried again, everything else is explained to the user.
"""

from __future__ import annotations

from typing import Any, Literal

from agentcore_kit.runtime.retries import RetryPolicy
from agentcore_kit.serving import tool_error
from pydantic import Field
from strands import tool
from strands.types.tools import AgentTool

from agent.backend import Backend, NotFound, SampleData, Unavailable

Region = Literal["EMEA", "APAC", "AMER"]
DataType = Literal["revenue", "sales", "customers"]

backend: Backend = SampleData()

# How often each service is tried, and how long one try may take.
REVENUE_SERVICE = RetryPolicy(attempts=3, timeout_seconds=2.0)
MARKET_SERVICE = RetryPolicy(attempts=3, timeout_seconds=2.0)


@tool(name="getQuarterlyRevenue")
async def get_quarterly_revenue(
    region: Region,
    quarter: str = Field(pattern=r"^\d{4}-Q[1-4]$"),
) -> dict[str, Any]:
    """Retrieves our own quarterly revenue for one region and one quarter, in millions of USD.

    Use when the user asks about our revenue, sales, turnover, income, earnings, results or performance: how much we
    made, how we did, a comparison of regions or quarters, or an executive summary. Call it once for each region and
    quarter; a year is its four quarters. Do not use for the market, the industry or competitors: use getMarketData.

    Args:
        region: Region code. EMEA (Europe, European, Middle East, Africa), APAC (Asia, Asian, Asia-Pacific, Pacific),
            AMER (America, Americas, American, US, USA, United States, North America, Latin America).
            When the user names no region, use all of them.
        quarter: Calendar quarter in YYYY-QN format, for example 2024-Q3 for July through September 2024.
            When the user names no period, use the last complete quarter.

    Returns:
        {"region": "EMEA", "quarter": "2024-Q3", "revenue": 482.3, "currency": "USD", "unit": "millions"}

    Errors:
        404 when there is no figure for that quarter: tell the user which quarters exist.
        503 when the revenue service is unavailable after three tries: tell the user to try again later.
    """
    try:
        revenue = await REVENUE_SERVICE.call(backend.revenue, region, quarter)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the revenue service is unavailable; try again in a few minutes")
    return {"region": region, "quarter": quarter, "revenue": revenue, "currency": "USD", "unit": "millions"}


@tool(name="calculateGrowth")
def calculate_growth(currentValue: float, previousValue: float) -> dict[str, Any]:
    """Calculates the growth from a previous to a current value, in percent, rounded to one decimal.

    Use when the user asks for growth, change, increase, decrease, decline, trend, how something grew or fell, or an
    executive summary. First retrieve both values with getQuarterlyRevenue, unless the user gives them. "Growth compared
    to last quarter" is the last complete quarter against the one before it. Never calculate growth yourself.

    Args:
        currentValue: The later value, for example the revenue of the quarter asked about.
        previousValue: The earlier value it is compared with, in the same unit. Must not be zero.

    Returns:
        {"growth": 4.3, "unit": "percent"}

    Errors:
        400 when the previous value is zero: growth from zero is undefined, give both values instead.
    """
    if previousValue == 0:
        return tool_error(400, "growth from zero is undefined; give both values instead")
    growth = round((currentValue - previousValue) / abs(previousValue) * 100, 1)
    return {"growth": growth, "unit": "percent"}


@tool(name="getMarketData")
async def get_market_data(region: Region, dataType: DataType) -> dict[str, Any]:
    """Retrieves the latest indicator of the whole market (the industry, all companies together) for one region.

    Use when the user asks about the market, the industry, the sector, competitors, market size or market trends.
    Do not use for our own revenue or results: use getQuarterlyRevenue.

    Args:
        region: Region code. EMEA (Europe, European, Middle East, Africa), APAC (Asia, Asian, Asia-Pacific, Pacific),
            AMER (America, Americas, American, US, USA, United States, North America, Latin America).
            When the user names no region, use all of them.
        dataType: Which indicator. revenue (market size, turnover, volume), sales (contracts, deals, units sold),
            customers (clients, buyers, companies). When the user names none, use revenue.

    Returns:
        {"region": "EMEA", "dataType": "revenue", "value": 18.4, "unit": "billions USD", "period": "2026-Q3",
        "changeOnYear": "+3.1 %"}

    Errors:
        404 when there is no such indicator: tell the user which regions and types exist.
        503 when the market data service is unavailable after three tries: tell the user to try again later.
    """
    try:
        indicator = await MARKET_SERVICE.call(backend.market, region, dataType)
    except NotFound as error:
        return tool_error(404, str(error))
    except (Unavailable, TimeoutError):
        return tool_error(503, "the market data service is unavailable; try again in a few minutes")
    return {
        "region": region,
        "dataType": dataType,
        "value": indicator.value,
        "unit": indicator.unit,
        "period": indicator.period,
        "changeOnYear": f"{indicator.change_percent:+.1f} %",
    }


TOOLS: list[AgentTool] = [get_quarterly_revenue, calculate_growth, get_market_data]
