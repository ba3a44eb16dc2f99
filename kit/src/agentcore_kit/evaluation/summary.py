"""What a run comes to: each metric over all cases and by category, in one pass over the results."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from agentcore_kit.config.prices import Price
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.prices import case_usd

REPEATS = 3
"""The same call, with the same parameters, so many times in one turn is a loop."""


@dataclass
class Tally:
    """Sums of one group of cases.

    Attributes:
        unjudged: Cases of which a metric could not be measured for want of a judge.
        unjudged_metrics: Those metrics.
        undecided: Cases of which nobody can say whether they are right, for the same reason.
        unreported: Turns whose tokens the model's provider did not report.
        usd: What all answers cost in USD, those of cases that broke off included; None where that is not known.
    """

    cases: int = 0
    passed: int = 0
    errors: int = 0
    unjudged: int = 0
    unjudged_metrics: set[str] = field(default_factory=set)
    undecided: int = 0
    unreported: int = 0
    turns: int = 0
    loops: int = 0
    model_calls: int = 0
    cost: float = 0.0
    priced: bool = True
    usd: float | None = 0.0
    scores: dict[str, tuple[float, int]] = field(default_factory=dict)
    latencies: array[float] = field(default_factory=lambda: array("d"))
    first_tokens: array[float] = field(default_factory=lambda: array("d"))
    tool_latencies: array[float] = field(default_factory=lambda: array("d"))
    tokens: array[float] = field(default_factory=lambda: array("d"))

    def add(self, case: Mapping[str, Any], price: Price | None) -> None:
        """Count one case. One that could not run counts as such, and in nothing else."""
        self.cases += 1
        usd = case_usd(case, price)
        self.usd = None if self.usd is None or usd is None else self.usd + usd
        if case["status"] == "error":
            self.errors += 1
            return
        self.passed += case["status"] == "passed"
        self.undecided += case["status"] == "unjudged"
        self.unjudged += bool(case.get("unjudged"))
        self.unjudged_metrics.update(case.get("unjudged", {}))
        for metric, score in case["scores"].items():
            total, count = self.scores.get(metric, (0.0, 0))
            self.scores[metric] = (total + score, count + 1)
        for turn in case["turns"]:
            self._add_turn(turn, price)

    def _add_turn(self, turn: Mapping[str, Any], price: Price | None) -> None:
        self.turns += 1
        self.model_calls += turn["modelCalls"]
        self.latencies.append(turn["latencyMs"])
        reported = turn["tokens"] is not None
        if reported:
            self.tokens.append(turn["tokens"])
        self.unreported += not reported
        if turn["firstTokenMs"] is not None:
            self.first_tokens.append(turn["firstTokenMs"])
        self.tool_latencies.extend(call["durationMs"] for call in turn["calls"])
        self.loops += loops(turn)
        if price is None or not reported:
            self.priced = False
        else:
            self.cost += price.usd(turn["inputTokens"], turn["outputTokens"])

    def metrics(self) -> dict[str, float | None]:
        """Return every metric; None where nothing was there to measure or judge."""
        found: dict[str, float | None] = dict.fromkeys(known_metrics())
        found.update({name: total / count for name, (total, count) in self.scores.items()})
        found["caseErrorRate"] = self.errors / self.cases if self.cases else None
        if self.turns:
            found |= {
                "toolLatencyP95": percentile(self.tool_latencies, 95),
                "steps": self.model_calls / self.turns,
                "latencyP50": percentile(self.latencies, 50),
                "latencyP95": percentile(self.latencies, 95),
                "firstTokenP50": percentile(self.first_tokens, 50),
                "firstTokenP95": percentile(self.first_tokens, 95),
                "tokens": None if self.unreported else sum(self.tokens) / self.turns,
                "tokensP95": None if self.unreported else percentile(self.tokens, 95),
                "cost": self.cost / self.turns if self.priced else None,
                "loopRate": self.loops / self.turns,
            }
        return {name: found[name] for name in known_metrics()}

    def counts(self) -> dict[str, int]:
        """Return over how many cases each score is a mean."""
        return {name: count for name, (_, count) in self.scores.items()}


@dataclass
class Summary:
    """A run's tallies."""

    total: Tally
    categories: dict[str, Tally]


def summarise(cases: Iterable[Mapping[str, Any]], price: Price | None) -> Summary:
    """Return the tallies of all cases and of each category; without `price`, cost is unknown."""
    summary = Summary(Tally(), {})
    for case in cases:
        summary.total.add(case, price)
        summary.categories.setdefault(case["category"], Tally()).add(case, price)
    return summary


def loops(turn: Mapping[str, Any]) -> bool:
    """Whether a turn went in circles: one call made again and again, or as many model calls as are allowed."""
    calls = [(call["name"], str(call["input"])) for call in turn["calls"]]
    return turn["stopReason"] == "limit_turns" or any(calls.count(call) >= REPEATS for call in set(calls))


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return a percentile by the nearest rank, None of nothing."""
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1] if ordered else None
