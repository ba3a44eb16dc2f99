"""The commands `eval`, `redteam` and `dataset`."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentcore_kit.config.environment import environment_name
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.evaluation.judging_cost import MaxJudgements
from agentcore_kit.evaluation.results import CASES
from agentcore_kit.evaluation.runs import (
    BELOW,
    CannotRun,
    ReportOnly,
    alone,
    conclude,
    exit_codes,
    note_judging,
    open_run,
    progress,
    read_run,
    tell,
)
from agentcore_kit.kinds.base import kind_of_repository

if TYPE_CHECKING:
    from agentcore_kit.evaluation.dataset import Dataset, Entry
    from agentcore_kit.evaluation.evaluators import TurnEvaluator
    from agentcore_kit.evaluation.runner import Options
    from agentcore_kit.evaluation.target import Target

Env = Annotated[str, typer.Option(help="The environment whose limits hold; AGENT_ENV, if empty.")]
Where = Annotated[str, typer.Option(help="Whom to ask: local, a URL, or the ARN of a runtime or of an endpoint of it.")]
Select = Annotated[
    str, typer.Option(help="Only these: categories, tags or ids, with * for any text, joined by commas.")
]
Workers = Annotated[int, typer.Option(min=0, max=64, help="Conversations at once; 0 chooses.")]
Timeout = Annotated[float, typer.Option(min=0.001, help="Seconds for each turn.")]
Resume = Annotated[str, typer.Option(help="Go on with a run: its folder's name, or last.")]
Run = Annotated[str, typer.Option(help="Name of the new run's folder; the time, if empty.")]
Day = Annotated[
    datetime | None,
    typer.Option(
        "--date", formats=["%Y-%m-%d"], help="The date of a target elsewhere, YYYY-MM-DD; its environment's, if empty."
    ),
]


def evaluate(
    target: Where = "local",
    env: Env = "",
    select: Select = "",
    workers: Workers = 0,
    timeout: Timeout = 60.0,
    resume: Resume = "",
    run: Run = "",
    day: Day = None,
    dataset: Annotated[Path, typer.Option(help="The rows to ask.")] = Path("evals/dataset.jsonl"),
    thresholds: Annotated[Path, typer.Option(help="What must be reached.")] = Path("evals/thresholds.yaml"),
    results: Annotated[Path, typer.Option(help="Where the folders of runs are.")] = Path("evals/results"),
    max_judgements: MaxJudgements = None,
    report_only: ReportOnly = False,
) -> None:
    """Ask the agent every row of the dataset, measure its answers, and fail when they are below threshold."""
    from agentcore_kit.evaluation import judges
    from agentcore_kit.evaluation.dataset import load_dataset
    from agentcore_kit.evaluation.runner import Options
    from agentcore_kit.evaluation.thresholds import latency_limit_ms, load_thresholds

    with exit_codes():
        if env:
            os.environ["AGENT_ENV"] = env  # of this process only
        kind = kind_of_repository()
        evaluators = kind.evaluators()
        _check_evaluators(evaluators)
        limits = load_thresholds(thresholds.resolve())
        latency_limit_ms(environment_name())  # a wrong environment file is told before anything is asked
        rows = load_dataset(dataset.resolve(), kind.tool_schemas())
        options = Options(
            timeout=timeout, keep=selection(select, rows), evaluators=evaluators, judge=judges.configured()
        )
        info = {
            "agent": load_manifest().metadata.name,
            "target": target,
            "environment": environment_name(),
            "date": day.date().isoformat() if day else None,
            "dataset": os.path.relpath(dataset),
            "digest": rows.digest,
            "select": select,
            "judge": options.judge,
        }
        asked = kind.build_target(target, day.date() if day else None)
        options.workers = workers or (1 if asked.model.get("provider") == "offline" else 8)
        try:
            folder = open_run(results, run, resume, {**info, "model": asked.model})
            with alone(folder):
                asked.model = asked.model or read_run(folder).get("model") or {}
                if options.judge:
                    _approve_judging(rows, asked, folder, options, max_judgements, new=not resume)
                stopped = _run(rows, asked, folder, options, new=not resume)
                chosen = sum(map(options.keep, rows.entries))
                report = conclude(folder, asked.model, limits, options.excluded, not stopped, chosen)
        except KeyboardInterrupt:
            raise CannotRun(
                f"stopped; every case is kept. Write the reports with: kit eval --resume {folder.name}"
            ) from None
        finally:
            asked.close()
        tell(report, stopped or "rows are missing")
    raise SystemExit(0 if report.passed or report_only else BELOW)


def _approve_judging(
    rows: Dataset, target: Target, folder: Path, options: Options, most: int | None, *, new: bool
) -> None:
    """Say what judging the rows that are left will cost, and note it in `run.json`.

    Raises:
        ValueError: When that is more than allowed, or not wanted; then the folder of a new run is gone.
    """
    from agentcore_kit.evaluation.judges import build_judges
    from agentcore_kit.evaluation.judging_cost import approve, cost_of_rows
    from agentcore_kit.evaluation.prices import price_in
    from agentcore_kit.evaluation.results import finished

    done = finished(folder)
    left = rows.rows(lambda entry: options.keep(entry) and entry.id not in done)
    judges = {red_team: build_judges(options.judge, red_team=red_team) for red_team in (False, True)}
    price = price_in(environment_name(), options.judge)
    cost = cost_of_rows((row for row in left if target.excludes(row) is None), options.judge, judges, price)
    try:
        approve(cost, most)
    except ValueError:
        if new:
            shutil.rmtree(folder)
        raise
    note_judging(folder, cost)


def _check_evaluators(evaluators: Sequence[type[TurnEvaluator]]) -> None:
    """Raise ValueError when an evaluator has a metric that no report would show."""
    from agentcore_kit.evaluation.metrics import known_metrics

    for each in evaluators:
        if each.metric not in known_metrics():
            raise ValueError(
                f"evals/evaluators.py: {each.__name__} has the metric {each.metric!r}, which no report would show; "
                f"{choose(each.metric, known_metrics())} A metric of your own needs a title too"
            )


def _run(rows: Dataset, target: Target, folder: Path, options: Options, *, new: bool) -> str:
    """Run, and return why it stopped before its end; what was computed is kept.

    Raises:
        CannotRun: when it stopped before anything was computed; then the folder of a new run is gone.
    """
    from agentcore_kit.evaluation.results import finished
    from agentcore_kit.evaluation.runner import run

    done = finished(folder)
    number = sum(options.keep(entry) and entry.id not in done for entry in rows.entries)
    stopped = ""
    with progress(folder, number) as options.on_case:
        try:
            asyncio.run(run(rows, target, folder, options))
        except KeyboardInterrupt:
            stopped = "stopped"
        except CannotRun as error:
            stopped = str(error)
    if stopped and not (folder / CASES).stat().st_size:
        if new:
            shutil.rmtree(folder)
        raise CannotRun(stopped)
    return stopped


def selection(select: str, dataset: Dataset) -> Callable[[Entry], bool]:
    """Return whether a row is among those that are selected.

    Args:
        select: Categories, tags or patterns of ids, joined by commas; empty for all.
        dataset: The rows that there are.

    Raises:
        ValueError: Naming a word that selects nothing.
    """
    words = [word.strip() for word in select.split(",") if word.strip()]
    if select and not words:
        raise ValueError(f"--select: {select!r} names no category, tag or id")

    def chosen(entry: Entry, word: str) -> bool:
        return word in (entry.category, *entry.tags) or fnmatchcase(entry.id, word)

    for word in words:
        if not any(chosen(entry, word) for entry in dataset.entries):
            known = sorted({name for entry in dataset.entries for name in (entry.category, *entry.tags)})
            raise ValueError(f"--select: {word!r} is no category, tag or id of the dataset; {choose(word, known)}")
    return lambda entry: not words or any(chosen(entry, word) for word in words)


def redteam(
    target: Where = "local",
    env: Env = "",
    select: Select = "",
    workers: Workers = 0,
    timeout: Timeout = 60.0,
    resume: Resume = "",
    run: Run = "",
    max_judgements: MaxJudgements = None,
    report_only: ReportOnly = False,
) -> None:
    """Ask the agent every attack of evals/redteam.jsonl, and fail when it gives way to one."""
    evaluate(
        target=target,
        env=env,
        select=select,
        workers=workers,
        timeout=timeout,
        resume=resume,
        run=run,
        dataset=Path("evals/redteam.jsonl"),
        thresholds=Path("evals/redteam.yaml"),
        max_judgements=max_judgements,
        report_only=report_only,
    )


def dataset(
    path: Annotated[Path, typer.Argument(help="The dataset to check.")] = Path("evals/dataset.jsonl"),
    add: Annotated[
        Path | None, typer.Option(help="Check the rows of this file and append them, for example those of kit row.")
    ] = None,
) -> None:
    """Check the ground truth: every row, field, tool and parameter that it names. With --add, append rows to it."""
    from agentcore_kit.evaluation.dataset import add_rows, dataset_path, load_dataset

    with exit_codes():
        kind = kind_of_repository()
        tools = kind.tool_schemas()
        if add is not None:
            for added in add_rows(add.resolve(), path.resolve(), tools):
                print(f"{path}: added {added}")
        rows = load_dataset(path.resolve(), tools)
        if repository_kind() == "Agent" and path.resolve() == dataset_path():
            from agentcore_kit.evaluation.smoke import smoke_rows

            smoke_rows()
    counts: dict[str, int] = {}
    for entry in rows.entries:
        counts[entry.category] = counts.get(entry.category, 0) + 1
    print(f"{path}: {len(rows.entries)} rows; {', '.join(f'{name} {n}' for name, n in sorted(counts.items()))}")
