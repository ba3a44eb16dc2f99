"""Measures the evaluation of a generated agent repository: `python benchmarks/evaluation.py PATH [--full]`.

PATH has run `make setup`. Prints seconds for 300 cases after start, what the harness adds to the
agent's own time (the median of five pairs, taken in turns), and how time and memory grow with the number of cases:
four times as many, or 10,000 with `--full`. Runs in the repository's own Python.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

PAIRS = 5
CASES = 300


def main() -> None:
    """Print the figures of the repository that the first argument names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--full", action="store_true", help="grow to 10,000 cases (minutes)")
    parser.add_argument("--measure", choices=["overhead", "cases"], help=argparse.SUPPRESS)
    parser.add_argument("--cases", type=int, default=CASES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(overhead() if given.measure == "overhead" else grown(given.cases)))
        return
    for name, figure in figures(given.path, 10_000 if given.full else 4 * CASES).items():
        print(f"{name}: {figure}")


def figures(repository: Path, many: int = 4 * CASES) -> dict[str, float]:
    """Return what `make bench` prints of the evaluation of a repository that has run `make setup`."""
    few, more = (measured(repository, "cases", number) for number in (CASES, many))
    return {
        f"seconds for {CASES} cases after start (aim 10)": few["seconds"],
        "harness / agent's own time (aim 0.3)": measured(repository, "overhead")["overhead"],
        f"time of a case, {many} / {CASES} cases": round(more["seconds"] / many / (few["seconds"] / CASES), 2),
        f"peak memory, {many} / {CASES} cases": round(more["megabytes"] / few["megabytes"], 2),
    }


def measured(repository: Path, what: str, cases: int = CASES) -> dict[str, float]:
    """Return the figures of one measurement, in a process of its own."""
    python = repository / ".venv" / "bin" / "python"
    command = [str(python), __file__, str(repository), "--measure", what, "--cases", str(cases)]
    environment = {**os.environ, "PYTHONPATH": "src:.", "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, cwd=repository, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def grown(number: int) -> dict[str, float]:
    """Return seconds after start, reports included, and peak memory for so many cases: the dataset over and over."""
    from agentcore_kit.evaluation.agent_targets import build_target
    from agentcore_kit.evaluation.dataset import load_dataset
    from agentcore_kit.evaluation.runner import Options, run
    from agentcore_kit.evaluation.runs import conclude
    from agentcore_kit.evaluation.thresholds import load_thresholds

    with tempfile.TemporaryDirectory() as folder:
        warm, path = repeated(Path(folder) / "warm.jsonl", 2), repeated(Path(folder) / "rows.jsonl", number)
        target = build_target("local")
        (Path(folder) / "warm").mkdir()
        asyncio.run(run(load_dataset(warm), target, Path(folder) / "warm", Options(evaluators=evaluators())))
        info = dict.fromkeys(("agent", "target", "dataset", "digest", "select", "judge", "started"), "bench")
        (Path(folder) / "run.json").write_text(json.dumps({**info, "environment": "local", "seconds": 0.0}))
        began = perf_counter()
        asyncio.run(run(load_dataset(path), target, Path(folder), Options(evaluators=evaluators())))
        conclude(Path(folder), target.model, load_thresholds(), {}, True)
        seconds = perf_counter() - began
        target.close()
    return {
        "seconds": round(seconds, 2),
        "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def evaluators() -> Any:
    """Return what the repository measures."""
    from agentcore_kit.kinds.base import kind_of_repository

    return kind_of_repository().evaluators()


def repeated(path: Path, number: int) -> Path:
    """Write so many rows: those of the dataset, again and again under other ids."""
    from agentcore_kit.evaluation.dataset import dataset_path

    lines = [json.loads(line) for line in dataset_path().read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8") as file:
        for index in range(number):
            row = {**lines[index % len(lines)], "scenario_id": f"row-{index}"}
            file.write(json.dumps(row) + "\n")
    return path


def overhead() -> dict[str, float]:
    """Return what the harness adds, as a share of the time that the agent alone needs for the same conversations."""
    from agentcore_kit.evaluation.dataset import load_dataset
    from agentcore_kit.evaluation.local_target import LocalTarget
    from agentcore_kit.evaluation.runner import Options, run

    rows = [row for row in load_dataset().rows() if not row.metadata.failures and not row.metadata.injections]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text("".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows), encoding="utf-8")
        dataset = load_dataset(path)

        def harness(name: str) -> float:
            target, place = LocalTarget(), Path(folder) / name
            place.mkdir()
            began = perf_counter()
            asyncio.run(run(dataset, target, place, Options(evaluators=evaluators())))
            took = perf_counter() - began
            target.close()
            return took

        harness("warm")
        alone(rows)
        ratios = [harness(f"run-{pair}") / alone(rows) - 1 for pair in range(PAIRS)]
    return {"overhead": round(median(ratios), 3)}


def alone(rows: list[Any]) -> float:
    """Return the seconds that the agent needs for the conversations, with nothing else around it."""
    from dataclasses import replace

    from agent.agent import build_agent
    from agentcore_kit.evaluation.faults import OPEN_SESSIONS
    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.serving.models import build_model
    from agentcore_kit.serving.service import Service
    from agentcore_kit.serving.sessions import Sessions
    from agentcore_kit.serving.settings import AgentSettings

    async def talk(service: Service) -> None:
        for row in rows:
            caller, session = Caller("bench"), f"bench-{uuid4()}"
            for turn in row.turns:
                async for _ in service.ask(turn.input, caller, session):
                    pass

    with tempfile.TemporaryDirectory() as state:
        settings = replace(AgentSettings.from_files(), state=Path(state))
        service = Service(settings, build_model(settings), build_agent)
        # As many open conversations as the harness keeps, so that both leave the collector of garbage as much to do.
        service.sessions = Sessions(service._open, max_sessions=OPEN_SESSIONS, idle_seconds=900)
        began = perf_counter()
        asyncio.run(talk(service))
        took = perf_counter() - began
        service.close()
    return took


if __name__ == "__main__":
    main()
