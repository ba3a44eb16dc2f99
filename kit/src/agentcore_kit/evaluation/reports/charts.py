"""What charts show, in percent of whatever width they get, so that their text stays readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentcore_kit.evaluation.summary import percentile

_BINS = 24
_STEP = 100 / _BINS


@dataclass(frozen=True)
class Column:
    """A column of a histogram: where it begins and how wide and high it is, in percent."""

    x: float
    width: float
    height: float


@dataclass(frozen=True)
class Histogram:
    """The distribution of values. `marks` are the places of median and P95 in percent; the rest is text."""

    title: str
    columns: list[Column]
    marks: list[float]
    low: str
    middle: str
    high: str


def histogram(values: Sequence[float], title: str) -> Histogram:
    """Return the distribution of values; the slowest percent is counted in the last column."""
    low, high = min(values), percentile(values, 99) or max(values)
    span = (high - low) or 1.0
    counts = [0] * _BINS
    for value in values:
        counts[min(int((value - low) / span * _BINS), _BINS - 1)] += 1
    median, p95 = percentile(values, 50) or 0.0, percentile(values, 95) or 0.0
    return Histogram(
        title,
        [Column(index * _STEP + 0.3, _STEP - 0.6, count / max(counts) * 100) for index, count in enumerate(counts)],
        [min((value - low) / span, 1) * 100 for value in (median, p95)],
        f"{low:,.0f}",
        f"median {median:,.0f}, P95 {p95:,.0f}",
        f"{high:,.0f}",
    )
