"""What a metric is: its level, its unit, and whether more is better. Which there are is in `metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "ms", "tokens", "USD", "calls"]

FLOORS: Mapping[Unit, float] = {"ms": 50.0, "tokens": 500.0, "calls": 0.25, "USD": 0.0015}
"""The smallest change that `kit compare` counts, of a unit, where `evals/thresholds.yaml` says nothing of a metric.

A smaller difference of latency is the machine's mood; one more sentence or tool makes every prompt a little longer. The
USD are those of 500 tokens in at 3 USD a million.
"""


@dataclass(frozen=True)
class Metric:
    """One figure of a report. Shares are from 0 to 1; `judged` ones need a judge model."""

    name: str
    level: str
    title: str
    unit: Unit = "share"
    higher_is_better: bool = True
    judged: bool = False

    @property
    def floor(self) -> float:
        """The smallest change that counts, in the metric's unit, where the team has set no other."""
        return FLOORS.get(self.unit, 0.0)


def lower(name: str, level: str, title: str, unit: Unit = "share") -> Metric:
    """Return a metric that is better when it is lower."""
    return Metric(name, level, title, unit, higher_is_better=False)


def judged(name: str, level: str, title: str) -> Metric:
    """Return a share that a judge model says."""
    return Metric(name, level, title, judged=True)


def show(metric: Metric, value: float | None) -> str:
    """Return a value as people read it."""
    if value is None:
        return "not judged" if metric.judged else "not reported" if metric.unit == "tokens" else "–"
    match metric.unit:
        case "share":
            return f"{value * 100:.1f} %"
        case "ms":
            return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.1f} ms"
        case "USD":
            return f"{value:.5f} USD"
        case "calls":
            return f"{value:.2f}"
        case _:
            return f"{value:,.0f}"
