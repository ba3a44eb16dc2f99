"""The verbs `eval`, `redteam` and `dataset`. Exit codes: 0 passed, 1 below threshold, 2 bad input, 3 could not run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.document import ROOT, DocumentError
from ops.environment import environment_name
from ops.explain import choose

if TYPE_CHECKING:
    from ops.evaluation.dataset import Dataset, Entry
    from ops.evaluation.reports.report import Report
    from ops.evaluation.run import Options
    from ops.evaluation.target import Target

RESULTS = ROOT / "evals" / "results"
BELOW, BAD_INPUT, COULD_NOT_RUN = 1, 2, 3

Where = Annotated[str, typer.Option(help="Whom to ask: local, a URL, or the ARN of a runtime or of an endpoint of it.")]
Select = Annotated[
    str, typer.Option(help="Only these: categories, tags or ids, with * for any text, joined by commas.")
]
Workers = Annotated[int, typer.Option(min=0, max=64, help="Conversations at once; 0 chooses.")]
Timeout = Annotated[float, typer.Option(min=0.001, help="Seconds for each turn.")]
Resume = Annotated[str, typer.Option(help="Go on with a run: its folder's name, or last.")]
Run = Annotated[str, typer.Option(help="Name of the new run's folder; the time, if empty.")]
Day = Annotated[str, typer.Option("--date", help="The date of a target elsewhere, YYYY-MM-DD; today, if empty.")]


def evaluate(
    target: Where = "local",
    select: Select = "",
    workers: Workers = 0,
    timeout: Timeout = 60.0,
    resume: Resume = "",
    run: Run = "",
    day: Day = "",
    dataset: Annotated[Path, typer.Option(help="The rows to ask.")] = Path("evals/dataset.jsonl"),
    thresholds: Annotated[Path, typer.Option(help="What must be reached.")] = Path("evals/thresholds.yaml"),
    results: Annotated[Path, typer.Option(help="Where the folders of runs are.")] = RESULTS,
) -> None:
    """Ask the agent every row of the dataset, measure its answers, and fail when they are below threshold."""
    with exit_codes():
        report = run_evaluation(
            where=target, select=select, workers=workers, timeout=timeout, resume=resume, name=run, day=day,
            dataset_path=dataset, thresholds_path=thresholds, results=results,
        )  # fmt: skip
    raise SystemExit(0 if report.passed else BELOW)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn what went wrong into a message and an exit code."""
    from ops.evaluation.target import CannotRun

    try:
        yield
    except DocumentError as error:
        _stop(str(error), BAD_INPUT)
    except CannotRun as error:
        _stop(str(error), COULD_NOT_RUN)
    except (ValueError, typer.BadParameter) as error:
        _stop(str(error), BAD_INPUT)


def _stop(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code)


def run_evaluation(
    *,
    where: str,
    select: str,
    workers: int,
    timeout: float,
    resume: str,
    name: str,
    day: str,
    dataset_path: Path,
    thresholds_path: Path,
    results: Path,
) -> Report:
    """Run, write the reports and print them.

    Raises:
        DocumentError, ValueError: bad input. CannotRun: the target or the results folder is not there.
    """
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    from rich.console import Console

    from ops.evaluation import judges
    from ops.evaluation.dataset import load_dataset
    from ops.evaluation.gate import load_thresholds
    from ops.evaluation.run import Options
    from ops.evaluation.target import build_target, own_tools

    limits = load_thresholds(thresholds_path.resolve())
    rows = load_dataset(dataset_path.resolve(), own_tools())
    keep = selection(select, rows)
    judge = judges.configured()
    info = {
        "agent": _agent_name(),
        "target": where,
        "environment": environment_name(),
        "dataset": os.path.relpath(dataset_path),
        "digest": rows.digest,
        "select": select,
        "judge": judge,
    }
    folder = open_run(results, name, resume, info)
    target = build_target(where, date.fromisoformat(day) if day else None)
    default = 1 if target.model.get("provider") == "offline" else 8
    options = Options(workers=workers or default, timeout=timeout, keep=keep, judge=judge)
    try:
        finished = _run_with_progress(rows, target, folder, options)
    finally:
        target.close()
    report = conclude(folder, target.model, limits, options.excluded, finished)
    console = Console()
    from ops.evaluation.reports.console import print_report

    print_report(report, console)
    console.print(f"[dim]{os.path.relpath(folder)}: report.html, summary.md, junit.xml, results.json[/]")
    if not finished:
        _stop(f"stopped; what was computed is kept. Go on with: make eval RESUME={folder.name}", COULD_NOT_RUN)
    if report.summary.total.cases == report.summary.total.errors:
        first = next(report.cases(), {"error": "no row could be asked"})
        _stop(f"nothing could be evaluated: {first['error']}", COULD_NOT_RUN)
    return report


def selection(select: str, dataset: Dataset) -> Callable[[Entry], bool]:
    """Return which rows `SELECT` means. Raises ValueError naming a word that selects nothing."""
    words = [word.strip() for word in select.split(",") if word.strip()]

    def chosen(entry: Entry, word: str) -> bool:
        return word in (entry.category, *entry.tags) or fnmatchcase(entry.id, word)

    for word in words:
        if not any(chosen(entry, word) for entry in dataset.entries):
            known = sorted({name for entry in dataset.entries for name in (entry.category, *entry.tags)})
            raise ValueError(f"SELECT: {word!r} is no category, tag or id of the dataset; {choose(word, known)}")
    return lambda entry: not words or any(chosen(entry, word) for word in words)


def open_run(results: Path, name: str, resume: str, info: dict[str, Any]) -> Path:
    """Return the folder of a new run, or of the one to go on with.

    Raises:
        ValueError: when the run to go on with is not there, or asked other rows or another target.
        CannotRun: when the folder cannot be written.
    """
    from ops.evaluation.target import CannotRun

    if resume:
        runs = sorted(path.parent.name for path in results.glob("*/run.json"))
        wanted = runs[-1] if resume == "last" and runs else resume
        if wanted not in runs:
            raise ValueError(f"RESUME: there is no run {wanted!r} in {results}; {choose(wanted, runs)}")
        known = json.loads((results / wanted / "run.json").read_text(encoding="utf-8"))
        for key in ("target", "digest", "select", "judge"):
            if known[key] != info[key]:
                raise ValueError(
                    f"RESUME: run {wanted} had another {key} ({known[key]!r}, now {info[key]!r}); start anew"
                )
        return results / wanted
    now = datetime.now(UTC)
    folder = results / (name or f"{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03}")
    try:
        folder.mkdir(parents=True)
        started = {"run": folder.name, "started": now.isoformat(timespec="seconds"), **info}
        (folder / "run.json").write_text(json.dumps(started, indent=2) + "\n", encoding="utf-8")
    except FileExistsError:
        raise ValueError(f"RUN: {folder} is there already; choose another name, or RESUME={folder.name}") from None
    except OSError as error:
        raise CannotRun(f"results cannot be written to {folder}: {error.strerror}; choose another: RESULTS=…") from None
    return folder


def _run_with_progress(rows: Dataset, target: Target, folder: Path, options: Options) -> bool:
    """Run, and return whether it came to its end; Ctrl-C keeps what there is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ops.evaluation.run import finished, run

    done = finished(folder)
    number = sum(options.keep(entry) and entry.id not in done for entry in rows.entries)
    columns = (TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[wrong]} wrong"))
    began = perf_counter()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=number, wrong=0)
        wrong = 0

        def count(case: dict[str, Any]) -> None:
            nonlocal wrong
            wrong += case["status"] != "passed"
            progress.update(task, advance=1, wrong=wrong)

        options.on_case = count
        try:
            asyncio.run(run(rows, target, folder, options))
        except KeyboardInterrupt:
            return False
        finally:
            _note_seconds(folder, perf_counter() - began)
    return True


def _note_seconds(folder: Path, seconds: float) -> None:
    path = folder / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    info["seconds"] = round(info.get("seconds", 0.0) + seconds, 3)
    path.write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")


def conclude(
    folder: Path, model: dict[str, Any], limits: Any, left_out: dict[str, list[str]], finished: bool
) -> Report:
    """Summarise a run's cases, hold them against the thresholds, and write the reports."""
    from ops.evaluation import reports
    from ops.evaluation.gate import check_limits
    from ops.evaluation.reports.report import Report
    from ops.evaluation.run import results
    from ops.evaluation.summary import summarise

    info = {**json.loads((folder / "run.json").read_text(encoding="utf-8")), "model": model}
    (folder / "run.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
    summary = summarise(results(folder), limits.price(model))
    checks = check_limits(limits.limits(model, info["environment"]), summary.total.metrics())
    report = Report(folder, info, summary, checks, left_out, finished)
    reports.write(report)
    return report


def dataset(
    build: Annotated[
        bool, typer.Option("--build", help="Compute the rows from evals/cases.py and write them.")
    ] = False,
    path: Annotated[Path, typer.Argument(help="The dataset to check.")] = Path("evals/dataset.jsonl"),
) -> None:
    """Check the dataset; with --build, compute it anew from the cases."""
    from ops.evaluation.dataset import load_dataset
    from ops.evaluation.target import own_tools

    with exit_codes():
        if build:
            from ops.evaluation.build import built

            for file, text in built().items():
                file.write_text(text, encoding="utf-8")
        rows = load_dataset(path.resolve(), own_tools())
    counts: dict[str, int] = {}
    for entry in rows.entries:
        counts[entry.category] = counts.get(entry.category, 0) + 1
    print(f"{path}: {len(rows.entries)} rows; {', '.join(f'{name} {n}' for name, n in sorted(counts.items()))}")


def _agent_name() -> str:
    from ops.manifest import load_manifest

    return load_manifest().metadata.name


def compare(
    base: Annotated[str, typer.Argument(help="The run before: its folder, or its name in evals/results.")],
    head: Annotated[str, typer.Argument(help="The run after; the last one, if empty.")] = "last",
    results: Annotated[Path, typer.Option(help="Where the folders of runs are.")] = RESULTS,
    write: Annotated[str, typer.Option(help="Also write the table to this Markdown file.")] = "",
) -> None:
    """Say what got better and what worse between two runs. Exit code 1 when something got worse beyond noise."""
    from rich.console import Console
    from rich.markdown import Markdown

    from ops.evaluation.compare import compare as compared
    from ops.evaluation.compare import markdown

    with exit_codes():
        found = compared(_folder(base, results), _folder(head, results))
        text = markdown(found)
        if write:
            Path(write).write_text(text, encoding="utf-8")
    console = Console()
    console.print(Markdown(text) if console.is_terminal else text, markup=False)
    raise SystemExit(BELOW if found.worse else 0)


def _folder(name: str, results: Path) -> Path:
    if Path(name).is_dir():
        return Path(name)
    runs = sorted(path.parent.name for path in results.glob("*/run.json"))
    wanted = runs[-1] if name == "last" and runs else name
    if wanted not in runs:
        raise ValueError(
            f"there is no run {name!r} in {results}; {choose(name, runs) if runs else 'make one: make eval'}"
        )
    return results / wanted


def row(
    trace: Annotated[str, typer.Option(help="A local trace, or the beginning of its id; the last one, if empty.")] = "",
    file: Annotated[str, typer.Option(help="Spans downloaded from CloudWatch, instead of the local file.")] = "",
    append: Annotated[str, typer.Option(help="Append the row to this file, evals/review.jsonl for example.")] = "",
) -> None:
    """Turn a recorded conversation into a row of the dataset to review, with personal data masked."""
    from ops.evaluation.trace_to_row import draft, from_cloudwatch, from_span_file

    with exit_codes():
        if file:
            turns = from_cloudwatch(Path(file), trace)
        else:
            from agent.wiring.settings import STATE
            from agent.wiring.telemetry import SPAN_FILE

            turns = from_span_file(STATE / SPAN_FILE, trace)
        line = draft(turns).model_dump_json(exclude_defaults=True)
    if append:
        with Path(append).open("a", encoding="utf-8") as rows:
            rows.write(line + "\n")
    print(line)
    print(
        "Review it: are calls, figures and answer right, anything personal left? Then move it to evals/dataset.jsonl",
        file=sys.stderr,
    )
