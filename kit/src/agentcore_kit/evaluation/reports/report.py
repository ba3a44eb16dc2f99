"""What all reports show: the run, its verdict, its metrics, and its cases one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path
from typing import Any

from agentcore_kit.evaluation.judging_cost import JudgingCost
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.results import CaseResult, results
from agentcore_kit.evaluation.summary import Summary
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
    """One run. `info` is what `run.json` says; `left_out` has the ids of rows not asked, by reason."""

    folder: Path
    info: dict[str, Any]
    summary: Summary
    checks: list[Check]
    left_out: dict[str, list[str]]
    finished: bool

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
        return self.finished and not self.failing and self.summary.total.cases > 0

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
        return f"Below threshold: {', '.join(known_metrics()[check.metric].title for check in self.failing)} ({counts})"

    @property
    def judging(self) -> str:
        """Who judged, and what it was said to cost before; empty where nobody did."""
        if not self.info.get("judge"):
            return ""
        cost = self.info.get("judging")
        return str(JudgingCost(**cost)) if cost else f"judged by {self.info['judge']}"

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

    @property
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
        total, measured = self.summary.total, {check.metric: check for check in self.checks}
        if total.unreported:
            lines.append(
                f"tokens not reported: {total.unreported} of {total.turns} turns, because the model's provider does "
                "not say them; have it report usage, or remove the limits of tokens and cost from evals/thresholds.yaml"
            )
        elif (cost := measured.get("cost")) and cost.met is None:
            lines.append("no cost: evals/thresholds.yaml limits it, and has no price of this model under prices")
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

    def check(self, metric: str) -> Check | None:
        """Return the threshold of a metric, if it has one."""
        return next((check for check in self.checks if check.metric == metric), None)
