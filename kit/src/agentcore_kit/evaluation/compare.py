"""What got better and what worse between two runs, with intervals so that noise is not called a regression.

Cases that both runs have are paired: the same case before and after. How much a difference varies is bootstrapped over
the pairs; its interval is Student's, wide enough that all metrics together are right 95 times of 100 (Bonferroni): each
of twenty at 95 % would call noise a change in most comparisons. A change counts when its interval leaves out zero and
it reaches the metric's floor: what is smaller nobody needs to look at, and the threshold is the limit that blocks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev
from typing import Annotated, Any

import typer

from agentcore_kit.config.prices import Price
from agentcore_kit.evaluation.metric import Metric
from agentcore_kit.evaluation.metrics import known_metrics
from agentcore_kit.evaluation.prices import case_usd, price_of_run
from agentcore_kit.evaluation.results import CASES, results
from agentcore_kit.evaluation.runs import BELOW, ReportOnly, exit_codes, find_run, read_run
from agentcore_kit.evaluation.student import quantile
from agentcore_kit.evaluation.summary import loops, percentile
from agentcore_kit.evaluation.thresholds import Thresholds, load_thresholds

RESAMPLES = 300
"""Enough for a standard error; the ends of an interval would need thousands."""

LEAST_PAIRS = 8
"""Fewer say nothing about how much a difference varies."""

_PERCENTILES = {
    "toolLatencyP95": 95,
    "latencyP50": 50,
    "latencyP95": 95,
    "firstTokenP50": 50,
    "firstTokenP95": 95,
    "tokensP95": 95,
}
_TURN_VALUES = {
    "latencyP50": "latencyMs",
    "latencyP95": "latencyMs",
    "firstTokenP50": "firstTokenMs",
    "firstTokenP95": "firstTokenMs",
    "tokens": "tokens",
    "tokensP95": "tokens",
    "steps": "modelCalls",
}


@dataclass(frozen=True)
class Change:
    """One metric in both runs, over the same cases.

    The interval is of head minus base; `floor` is the smallest change that counts, in the metric's unit.
    """

    metric: Metric
    base: float
    head: float
    low: float
    high: float
    cases: int
    floor: float = 0.0

    @property
    def verdict(self) -> str:
        """`better`, `worse`, `same` when the difference may be noise or is below the floor, `too few cases to tell`."""
        if self.cases < LEAST_PAIRS:
            return "too few cases to tell"
        if self.low <= 0 <= self.high:
            return "same"
        if self.is_below_floor:
            return "same"
        return "better" if (self.head > self.base) == self.metric.higher_is_better else "worse"

    @property
    def is_below_floor(self) -> bool:
        """Whether the difference is too small to count, whatever it is due to."""
        return abs(self.head - self.base) < self.floor


@dataclass(frozen=True)
class Comparison:
    """Two runs. A case flipped when it was right in one and not in the other."""

    base: dict[str, Any]
    head: dict[str, Any]
    changes: list[Change]
    fixed: list[str]
    broken: list[str]
    only_base: list[str]
    only_head: list[str]
    usd: tuple[float | None, float | None] = (None, None)
    """What the answers of the cases that both have cost in base and in head; None where that is not known."""

    @property
    def worse(self) -> list[Change]:
        """The metrics that got worse beyond noise."""
        return [change for change in self.changes if change.verdict == "worse"]


@dataclass
class _Case:
    status: str
    values: dict[str, list[float]]
    usd: float | None


def compare(base: Path, head: Path, seed: int = 0, floors: Thresholds | None = None) -> Comparison:
    """Compare two runs, case by case.

    Args:
        base: The folder of the run before.
        head: The folder of the run after.
        seed: Of the random samples that tell change from noise.
        floors: Has the smallest change that counts of each metric; `evals/thresholds.yaml`, where it is left out.

    Raises:
        ConfigError: When that file is wrong.
        ValueError: When a folder has no run, when both are one, or have no case in common.
    """
    if base.resolve() == head.resolve():
        raise ValueError(f"base and head are both the run {base.name}; name two")
    limits = floors or load_thresholds()
    before, after = _load(base), _load(head)
    common = [name for name in before if name in after]
    if not common:
        raise ValueError(f"the runs {base.name} and {head.name} have no case in common")
    pairs = [(before[name], after[name]) for name in common]
    measured = [(metric, both) for metric in known_metrics().values() if (both := _both(metric.name, pairs))]
    changes = [_change(metric, both, 0.05 / len(measured), seed, limits.floor(metric)) for metric, both in measured]
    told = [name for name in common if "unjudged" not in (before[name].status, after[name].status)]
    right = {name: (before[name].status == "passed", after[name].status == "passed") for name in told}
    return Comparison(
        read_run(base),
        read_run(head),
        changes,
        fixed=[name for name in told if right[name] == (False, True)],
        broken=[name for name in told if right[name] == (True, False)],
        only_base=[name for name in before if name not in after],
        only_head=[name for name in after if name not in before],
        usd=(_usd(before[name] for name in common), _usd(after[name] for name in common)),
    )


def _load(folder: Path) -> dict[str, _Case]:
    if not (folder / CASES).exists():
        raise ValueError(f"{folder} has no run; give the name of a folder in evals/results")
    price = price_of_run(read_run(folder))
    return {
        case["id"]: _Case(case["status"], dict(_values(case, price)), case_usd(case, price)) for case in results(folder)
    }


def _usd(cases: Iterable[_Case]) -> float | None:
    """Return the sum of what cases cost; None where that of one is not known."""
    known = [case.usd for case in cases]
    return None if None in known else sum(usd for usd in known if usd)


def _values(case: dict[str, Any], price: Price | None) -> Iterator[tuple[str, list[float]]]:
    """Yield what each metric is computed from in one case. A case that could not run has no scores."""
    yield "caseErrorRate", [float(case["status"] == "error")]
    if case["status"] == "error":
        return
    for metric, score in case["scores"].items():
        yield metric, [score]
    for metric, field in _TURN_VALUES.items():
        yield metric, [turn[field] for turn in case["turns"] if turn[field] is not None]
    if price is not None:
        reported = [turn for turn in case["turns"] if turn["tokens"] is not None]
        yield "cost", [price.usd(turn["inputTokens"], turn["outputTokens"]) for turn in reported]
    yield "toolLatencyP95", [call["durationMs"] for turn in case["turns"] for call in turn["calls"]]
    yield "loopRate", [float(loops(turn)) for turn in case["turns"]]


_Pairs = Sequence[tuple[list[float], list[float]]]


def _both(name: str, pairs: Sequence[tuple[_Case, _Case]]) -> _Pairs:
    """Return what a metric is computed from, of each case that has it in both runs."""
    return [(a.values[name], b.values[name]) for a, b in pairs if a.values.get(name) and b.values.get(name)]


def _change(metric: Metric, both: _Pairs, chance_of_error: float, seed: int, floor: float) -> Change:
    statistic = _statistic(metric.name)

    def of(pairs: _Pairs) -> tuple[float, float]:
        before = statistic([value for values, _ in pairs for value in values])
        return before, statistic([value for _, values in pairs for value in values])

    base, head = of(both)
    reach = 0.0
    if len(both) >= LEAST_PAIRS and any(before != after for before, after in both):
        chance = random.Random(seed)  # noqa: S311 - no secret depends on it
        resampled = (of(chance.choices(both, k=len(both))) for _ in range(RESAMPLES))
        reach = quantile(1 - chance_of_error / 2, len(both) - 1) * stdev(after - before for before, after in resampled)
    return Change(metric, base, head, head - base - reach, head - base + reach, len(both), floor)


def _statistic(name: str) -> Callable[[Sequence[float]], float]:
    if name in _PERCENTILES:
        return lambda values: percentile(values, _PERCENTILES[name]) or 0.0
    return lambda values: sum(values) / len(values)


def compare_runs(
    base: Annotated[
        str,
        typer.Argument(help="The run before: its folder, one with runs, or its name; lists the runs, if empty."),
    ] = "",
    head: Annotated[str, typer.Argument(help="The run after; the last one, if empty.")] = "last",
    results: Annotated[Path, typer.Option(help="Where the folders of runs are.")] = Path("evals/results"),
    write: Annotated[str, typer.Option(help="Also write the table to this Markdown file.")] = "",
    report_only: ReportOnly = False,
) -> None:
    """Say what got better and what worse between two runs. Exit code 1 when something got worse beyond noise."""
    from rich.console import Console
    from rich.markdown import Markdown

    from agentcore_kit.evaluation.reports.comparison import markdown
    from agentcore_kit.evaluation.reports.console import print_runs

    with exit_codes():
        if not base:
            print_runs(results)
            return
        found = compare(find_run(base, results), find_run(head, results))
        text = markdown(found)
        if write:
            Path(write).write_text(text, encoding="utf-8")
    console = Console()
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        print(text, end="")  # as it is: a table whose lines are wrapped is none
    raise SystemExit(BELOW if found.worse and not report_only else 0)
