"""`kit eval` and `kit dataset` of a memory: is what should be remembered remembered, and nothing else."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentcore_kit.config.environment import environment_name
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.evaluation.memory_dataset import Case, digest, load
from agentcore_kit.evaluation.runs import (
    BELOW,
    ReportOnly,
    conclude,
    exit_codes,
    open_run,
    progress,
    tell,
)

if TYPE_CHECKING:
    from agentcore_kit.evaluation.memory_evaluators import Target
    from agentcore_kit.evaluation.reports.report import Report


def evaluate(
    target: Annotated[
        str, typer.Option(help="local, or an environment in AWS: kit environments lists them.")
    ] = "local",
    select: Annotated[str, typer.Option(help="Only these groups or ids, with * for any text, joined by commas.")] = "",
    run: Annotated[str, typer.Option(help="Name of the new run's folder; the time, if empty.")] = "",
    dataset: Annotated[Path, typer.Option(help="The conversations.")] = Path("evals/dataset.jsonl"),
    thresholds: Annotated[Path, typer.Option(help="What must be reached.")] = Path("evals/thresholds.yaml"),
    results: Annotated[Path, typer.Option(help="Where the folders of runs are.")] = Path("evals/results"),
    report_only: ReportOnly = False,
) -> None:
    """Hold all conversations with the memory, look at what it kept, and fail when that is below threshold."""
    with exit_codes():
        report = run_evaluation(target, select, run, dataset.resolve(), thresholds.resolve(), results)
    raise SystemExit(0 if report.passed or report_only else BELOW)


def run_evaluation(where: str, select: str, name: str, dataset: Path, thresholds: Path, results: Path) -> Report:
    """Run, write the reports and print them.

    Args:
        where: `local`, or an environment in AWS.
        select: Groups or ids of conversations, joined by commas; empty for all.
        name: Of the new run's folder; empty for the time.
        dataset: The conversations.
        thresholds: What must be reached.
        results: The folder that has a folder for each run.

    Raises:
        ConfigError, ValueError: Wrong input. CannotRun: When the memory or the results folder is not there.
    """
    from agentcore_kit.evaluation.memory_evaluators import measure
    from agentcore_kit.evaluation.thresholds import load_thresholds

    manifest = load_manifest()
    limits = load_thresholds(thresholds)
    cases = _selected(load(dataset, manifest.spec.strategies), select)
    info = {
        "agent": manifest.metadata.name, "target": where,
        "environment": environment_name() if where == "local" else where,
        "dataset": os.path.relpath(dataset), "digest": digest(dataset), "select": select, "judge": None,
    }  # fmt: skip
    with _target(where) as target:
        folder = open_run(results, name, "", info)
        with (folder / "cases.jsonl").open("w", encoding="utf-8") as file, progress(folder, len(cases)) as count:
            for result in measure(cases, target):
                file.write(json.dumps(result, ensure_ascii=False) + "\n")
                count(result)
        report = conclude(folder, target.model, limits, {}, True)
    tell(report)
    return report


def dataset(
    path: Annotated[Path, typer.Argument(help="The dataset to check.")] = Path("evals/dataset.jsonl"),
) -> None:
    """Check the dataset. Exit code 2 when something in it is wrong."""
    with exit_codes():
        cases = load(path.resolve(), load_manifest().spec.strategies)
    groups = Counter(case.group for case in cases)
    shown = ", ".join(f"{name} {number}" for name, number in sorted(groups.items()))
    print(f"{os.path.relpath(path)}: {len(cases)} conversations; {shown}")


@contextmanager
def _target(where: str) -> Iterator[Target]:
    from agentcore_kit.evaluation.memory_evaluators import deployed, local

    if where != "local":
        with deployed(where) as target:
            yield target
        return
    with tempfile.TemporaryDirectory(prefix="eval-") as folder, local(Path(folder)) as target:
        yield target


def _selected(cases: list[Case], select: str) -> list[Case]:
    words = [word.strip() for word in select.split(",") if word.strip()]
    for word in words:
        if not any(_means(word, case) for case in cases):
            known = sorted({case.group for case in cases})
            raise ValueError(f"--select: {word!r} is no group or id of the dataset; {choose(word, known)}")
    return [case for case in cases if not words or any(_means(word, case) for word in words)]


def _means(word: str, case: Case) -> bool:
    return word == case.group or fnmatchcase(case.scenario_id, word)
