"""What all reports show: the run, its verdict, its metrics, and its cases one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import Any

from agentcore_kit.evaluation.judging_cost import JudgingCost
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.prices import about_price
from agentcore_kit.evaluation.results import CaseResult, results
from agentcore_kit.evaluation.summary import Summary
from agentcore_kit.evaluation.target import BY_DATE
from agentcore_kit.evaluation.thresholds import Check

LEVELS = tuple(dict.fromkeys(metric.level for metric in known_metrics().values()))


def _needs(metric: str) -> bool:
    """Whether a metric needs something that may be missing: a judge, a price, or tokens that the provider reports."""
    return known_metrics()[metric].judged or known_metrics()[metric].unit in ("USD", "tokens")


@dataclass(frozen=True)
class JudgedTurn:
    """What a judge said of one turn of a case; turns are counted from 1."""

    case: str
    turn: int
    score: float
    reason: str


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        info: What `run.json` says.
        left_out: The ids of the rows that were not asked, by the reason.
        may_be_left_out: The share of the rows that may be left out because they mean another day than the target's.
    """

    folder: Path
    info: dict[str, Any]
    summary: Summary
    checks: list[Check]
    left_out: dict[str, list[str]]
    finished: bool
    may_be_left_out: float = 1.0

    @property
    def too_few(self) -> str:
        """What is wrong when too many rows were left out because of their date; empty when it is right."""
        other_day = sum(len(ids) for reason, ids in self.left_out.items() if reason.startswith(BY_DATE))
        rows = self.summary.total.cases + sum(map(len, self.left_out.values()))
        if other_day <= self.may_be_left_out * rows + 1e-9:
            return ""
        return (
            f"{other_day} of {rows} mean another day than the target's, at most {self.may_be_left_out * 100:g} % may "
            f"(leftOutByDate in evals/thresholds.yaml); state the day with today in "
            f"environments/{self.info['environment']}.yaml where that is not production, or give the rows a newer date"
        )

    @property
    def failing(self) -> list[Check]:
        """The thresholds that are not met; what no judge scored, no provider reported or has no price is not either."""
        unjudged = self.summary.total.unjudged_metrics
        return [
            check
            for check in self.checks
            if check.met is False or (check.met is None and (_needs(check.metric) or check.metric in unjudged))
        ]

    @property
    def passed(self) -> bool:
        """Whether the gate lets this run through."""
        return self.finished and not self.failing and not self.too_few and self.summary.total.cases > 0

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        total = self.summary.total
        counts = f"{total.passed} of {total.cases} cases right"
        if total.undecided:
            counts += f", {total.undecided} not judged"
        if total.errors:
            counts += f", {total.errors} could not run"
        if not self.finished:
            return f"Not finished: {counts}"
        if self.passed:
            idle = sum(check.met is None for check in self.checks)
            return f"Passed: {counts}, {f'{idle} thresholds had nothing to measure' if idle else 'all thresholds met'}"
        if self.too_few and not self.failing:
            return f"Too few rows asked: {self.too_few} ({counts})"
        return f"Below threshold: {', '.join(known_metrics()[check.metric].title for check in self.failing)} ({counts})"

    @property
    def judging(self) -> str:
        """Who judged, and what it was said to cost before; empty where nobody did."""
        if not self.info.get("judge"):
            return ""
        cost = self.info.get("judging")
        return str(JudgingCost(**cost)) if cost else f"judged by {self.info['judge']}"

    @property
    def price(self) -> str:
        """What the answers cost, and by which price, or why that is not known; empty for the offline model."""
        if (self.info.get("model") or {}).get("provider", "offline") == "offline":
            return ""
        about, usd = about_price(self.info), self.summary.total.usd
        if self.info.get("price") is None:
            return f"price: {about}"
        if usd is None:
            return f"price: not known, as tokens of some turns were not reported; {about}"
        return f"price: {usd:.4f} USD for {self.summary.total.cases} cases, without judges; {about}"

    def judged_low(self, metric: str, most: int = 10) -> list[JudgedTurn]:
        """Return the turns that a judge scored below 1 in a metric, the lowest first."""
        found = (
            JudgedTurn(case["id"], number, judgement["score"], judgement["reason"])
            for case in self.cases()
            for number, turn in enumerate(case["turns"], 1)
            for judgement in turn.get("judgements", ())
            if judgement["metric"] == metric and judgement["score"] is not None and judgement["score"] < 1
        )
        return nsmallest(most, found, key=lambda turn: turn.score)

    @cached_property
    def low(self) -> dict[str, list[JudgedTurn]]:
        """The lowest turns of each judged metric whose threshold is not met, by the metric's name."""
        judged = (check.metric for check in self.failing if known_metrics()[check.metric].judged)
        return {metric: turns for metric in judged if (turns := self.judged_low(metric))}

    @property
    def label(self) -> str:
        """What must stand beside the figures: which model, and that the offline one is no LLM."""
        model = self.info.get("model") or {}
        name = f"{model.get('provider', '?')} {model.get('id', '')}".strip()
        if not model.get("label"):
            return name
        return f"{model['label']}: tests wiring and tool documentation, not model quality"

    @property
    def remarks(self) -> list[str]:
        """What is in no figure, and why: rows that were not asked, cases that a judge failed to judge."""
        lines = [f"not asked: {len(ids)} rows, because {reason}" for reason, ids in self.left_out.items()]
        if self.too_few:
            lines.append(f"too few rows asked: {self.too_few}")
        total, measured = self.summary.total, {check.metric: check for check in self.checks}
        if total.unreported:
            lines.append(
                f"tokens not reported: {total.unreported} of {total.turns} turns, because the model's provider does "
                "not say them; have it report usage, or remove the limits of tokens and cost from evals/thresholds.yaml"
            )
        elif (cost := measured.get("cost")) and cost.met is None:
            lines.append(f"no cost, which evals/thresholds.yaml limits: {about_price(self.info)}")
        if total.undecided and not self.info.get("judge"):
            lines.append(
                f"not judged: {total.undecided} cases, because an expected input needs a judge; set EVAL_JUDGE_MODEL"
            )
        elif total.unjudged:
            lines.append(f"not judged: {total.unjudged} cases in at least one metric, because the judge failed")
        return lines

    def cases(self) -> Iterator[CaseResult]:
        """Yield the cases in the order they ended."""
        return results(self.folder)

    def wrong_cases(self, most: int) -> tuple[list[CaseResult], int]:
        """Return the first cases that went wrong, so many at most, and how many more there are."""
        found = list(islice((case for case in self.cases() if case["status"] != "passed"), most))
        return found, self.summary.total.cases - self.summary.total.passed - len(found)

    def check(self, metric: str) -> Check | None:
        """Return the threshold of a metric, if it has one."""
        return next((check for check in self.checks if check.metric == metric), None)
