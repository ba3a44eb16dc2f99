"""The folder of a run, from its beginning to its reports, and what a command ends with.

Exit codes: 0 passed, 1 below threshold, 2 bad input, 3 could not run.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.explain import choose
from agentcore_kit.config.repository import repository_root

if TYPE_CHECKING:
    from agentcore_kit.evaluation.judging_cost import JudgingCost
    from agentcore_kit.evaluation.reports.report import Report
    from agentcore_kit.evaluation.thresholds import Thresholds


def results_path() -> Path:
    """Return the folder that has a folder for each evaluation run."""
    return repository_root() / "evals" / "results"


BELOW, WRONG_INPUT, COULD_NOT_RUN = 1, 2, 3


ReportOnly = Annotated[bool, typer.Option(help="Measure and tell: being worse or below a threshold is no failure.")]


class CannotRun(RuntimeError):
    """The evaluation cannot start or go on; the message says what to do."""


class NoSuchRun(ValueError):
    """There is no run of a name.

    Args:
        message: Which.
        next_step: What to do now.
    """

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(f"{message}; {next_step}")
        self.told = f"error: {message}\nnext:  {next_step}"


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn what went wrong into a message and an exit code."""
    try:
        yield
    except ConfigError as error:
        stop(str(error), WRONG_INPUT)
    except CannotRun as error:
        stop(str(error), COULD_NOT_RUN)
    except NoSuchRun as error:
        stop(error.told, WRONG_INPUT)
    except (ValueError, typer.BadParameter) as error:
        stop(str(error), WRONG_INPUT)
    except OSError as error:
        stop(f"{error.filename or 'input or output'}: {error.strerror or error}", COULD_NOT_RUN)
    except Exception:  # Python's own exit code for it is 1, which would read as `below threshold`
        stop(traceback.format_exc(), COULD_NOT_RUN)


def stop(message: str, code: int) -> None:
    """End with a message and an exit code."""
    print(message, file=sys.stderr)
    raise SystemExit(code)


def find_run(name: str, results: Path) -> Path:
    """Return the folder of a run.

    Args:
        name: Its path, its name, or `last` for the one that began last; the path of a folder with runs means its last.
        results: The folder with the runs.

    Raises:
        ValueError: When there is none, naming those that are there.
    """
    if (Path(name) / "run.json").is_file():
        return Path(name)
    if name and Path(name).is_dir():
        name, results = "last", Path(name)
    started = {path.parent.name: _started(path.parent) for path in results.glob("*/run.json")}
    runs = sorted(started, key=lambda run: (started[run], run))
    wanted = runs[-1] if name == "last" and runs else name
    if wanted not in runs:
        raise NoSuchRun(f"there is no run {name!r} in {results}", choose(name, runs) if runs else "make one: kit eval")
    return results / wanted


def open_run(results: Path, name: str, resume: str, info: dict[str, Any]) -> Path:
    """Return the folder of a new run, or of the one to go on with.

    Args:
        results: The folder with the runs.
        name: The new run's name; the time, if empty.
        resume: The run to go on with; empty for a new one.
        info: What `run.json` says of the run: target, dataset, model and so on.

    Raises:
        ValueError: When the run to go on with is not there, or asked other rows or another target.
        CannotRun: When the folder cannot be written.
    """
    if resume:
        folder = find_run(resume, results)
        known = read_run(folder)
        for key in ("target", "environment", "date", "dataset", "select", "judge", "model"):
            then, now = known.get(key), info[key]
            if then != now and (now or key != "model"):  # a target elsewhere tells its model when it answers
                raise ValueError(f"--resume: run {folder.name} had another {key} ({then!r}, now {now!r}); start anew")
        if known.get("digest") != info["digest"]:
            raise ValueError(f"--resume: {info['dataset']} has changed since run {folder.name} began; start anew")
        return folder
    if name and not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(
            f"--run: {name!r} is no name of a run; it may have letters, digits, dots, dashes and underscores"
        )
    now = datetime.now(UTC)
    folder = results / (name or f"{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03}")
    try:
        folder.mkdir(mode=0o700, parents=True)  # answers may be as confidential as conversations are
        started = {"run": folder.name, "started": now.isoformat(timespec="milliseconds"), **info}
        _write(folder, started)
    except FileExistsError:
        raise ValueError(f"--run: {folder} is there already; choose another name, or --resume {folder.name}") from None
    except OSError as error:
        raise CannotRun(
            f"results cannot be written to {folder}: {error.strerror}; choose another: --results …"
        ) from None
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a run's folder while working in it. Raises CannotRun when somebody else does."""
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"run {folder.name} is being worked on by another kit eval; wait for its end") from None
        yield
    finally:
        os.close(held)


@contextmanager
def progress(folder: Path, cases: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show how far a run is: yields what to call with each case. Notes the seconds it took, whatever its end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[wrong]} wrong"))
    began = perf_counter()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=cases, wrong=0)
        wrong = 0

        def count(case: dict[str, Any]) -> None:
            nonlocal wrong
            wrong += case["status"] != "passed"
            bar.update(task, advance=1, wrong=wrong)

        try:
            yield count
        finally:
            _update(folder, lambda info: {"seconds": round(info.get("seconds", 0.0) + perf_counter() - began, 3)})


def note_judging(folder: Path, cost: JudgingCost) -> None:
    """Note in `run.json` what judging was said to cost; of a run that goes on, what was said when it began stays."""
    _update(folder, lambda info: {"judging": info.get("judging") or cost.recorded()})


def conclude(
    folder: Path,
    model: Mapping[str, Any],
    limits: Thresholds,
    left_out: dict[str, list[str]],
    finished: bool,
    rows: int | None = None,
) -> Report:
    """Summarise a run's cases, hold them against the thresholds, and write the reports.

    Args:
        folder: The run's folder.
        model: The target's model; may be empty when no row was left to ask.
        limits: The thresholds.
        left_out: The ids of the rows that the target could not be asked, by the reason.
        finished: Whether the run came to its end.
        rows: How many were to be asked; a run is finished only when all of them are there or left out.

    Returns:
        What the reports say.

    Raises:
        ConfigError: When the environment file, which has the latency limit, is wrong.
    """
    from agentcore_kit.evaluation import reports
    from agentcore_kit.evaluation.prices import price_in
    from agentcore_kit.evaluation.reports.report import Report
    from agentcore_kit.evaluation.results import results
    from agentcore_kit.evaluation.summary import summarise
    from agentcore_kit.evaluation.thresholds import check_limits

    known = read_run(folder)
    model = model or known.get("model") or {}
    price = price_in(known["environment"], str(model.get("id"))) if model.get("provider") != "offline" else None
    summary = summarise(results(folder), price)
    if rows is not None and rows != summary.total.cases + sum(map(len, left_out.values())):
        finished = False
    info = _update(folder, lambda _: {"model": model, "price": asdict(price) if price else None, "finished": finished})
    checks = check_limits(limits.limits(model, info["environment"]), summary.total.metrics())
    report = Report(folder, info, summary, checks, left_out, finished, limits.left_out_by_date)
    reports.write(report)
    return report


def tell(report: Report, why: str = "stopped") -> None:
    """Print what a run came to and where its reports are; of one that did not come to its end, say why, and exit."""
    from rich.console import Console

    from agentcore_kit.evaluation.reports.console import print_report

    console, folder = Console(), report.folder
    print_report(report, console)
    console.print(f"[dim]{os.path.relpath(folder)}: report.html, summary.md, junit.xml, results.json[/]")
    if not report.finished:
        stop(f"{why}; what was computed is kept. Go on with: kit eval --resume {folder.name}", COULD_NOT_RUN)
    if report.summary.total.cases == report.summary.total.errors:
        first = next(report.cases(), {"error": "no row could be asked"})
        stop(f"nothing could be evaluated: {first['error']}", COULD_NOT_RUN)


def read_run(folder: Path) -> dict[str, Any]:
    """Return what `run.json` says. Raises ValueError naming a file that is damaged."""
    path = folder / "run.json"
    try:
        info: dict[str, Any] = {**json.loads(path.read_text(encoding="utf-8"))}
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); remove the folder, and start anew") from None
    return info


def _started(folder: Path) -> str:
    try:
        return str(read_run(folder).get("started", ""))
    except ValueError:  # it is the last choice, and named when chosen
        return ""


def _update(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    info = read_run(folder)
    info |= change(info)
    _write(folder, info)
    return info


def _write(folder: Path, info: dict[str, Any]) -> None:
    """Write `run.json` whole or not at all."""
    draft = folder / "run.json.draft"
    draft.write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / "run.json")
