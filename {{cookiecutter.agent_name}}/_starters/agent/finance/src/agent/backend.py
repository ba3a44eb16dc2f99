"""Where the figures come from: packaged sample data, behind the interface a team replaces with its own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

_DATA = Path(__file__).parent / "data"


class NotFound(LookupError):
    """The backend has no such figure; asking again will not help."""


class Unavailable(ConnectionError):
    """The backend cannot answer now; asking again may help."""


@dataclass(frozen=True)
class MarketIndicator:
    """One industry indicator: `value` in `unit`, for `period` (YYYY-QN), and its change on the year in percent."""

    value: float
    unit: str
    change_percent: float
    period: str


class Backend(Protocol):
    """What the tools need of a data source. Calls may block: the tools run them off the event loop, with a time-out."""

    def revenue(self, region: str, quarter: str) -> float:
        """Return revenue in millions of USD. Raises NotFound or Unavailable."""

    def market(self, region: str, data_type: str) -> MarketIndicator:
        """Return the latest industry indicator. Raises NotFound or Unavailable."""


class SampleData:
    """The packaged sample data: invented figures, 2023-Q4 to 2026-Q3, for EMEA, APAC and AMER."""

    def revenue(self, region: str, quarter: str) -> float:
        """Return revenue in millions of USD. Raises NotFound."""
        table = _revenue()
        if quarter not in table:
            quarters = sorted(table)
            raise NotFound(f"no revenue for {quarter}; there is data from {quarters[0]} to {quarters[-1]}")
        if region not in table[quarter]:
            raise NotFound(f"no revenue for region {region}; there is data for {', '.join(table[quarter])}")
        return table[quarter][region]

    def market(self, region: str, data_type: str) -> MarketIndicator:
        """Return the latest industry indicator. Raises NotFound."""
        try:
            return _market()[region, data_type]
        except KeyError:
            raise NotFound(f"no {data_type} indicator for region {region}") from None


@cache
def _revenue() -> dict[str, dict[str, float]]:
    with (_DATA / "revenue.csv").open(encoding="utf-8", newline="") as file:
        return {
            row.pop("quarter"): {region: float(value) for region, value in row.items()} for row in csv.DictReader(file)
        }


@cache
def _market() -> dict[tuple[str, str], MarketIndicator]:
    with (_DATA / "market.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["region"], row["dataType"]): MarketIndicator(
                float(row["value"]), row["unit"], float(row["changePercent"]), row["period"]
            )
            for row in csv.DictReader(file)
        }
