"""Measures the local memory of a generated memory repository: `python benchmarks/remembering.py PATH PYTHON`.

PYTHON has what the memory needs. Three memories, one empty, one with a tenth, one with 100,000 events and 20,000
records of 200 people, are asked in turns over HTTP with boto3, so that a machine that gets slower treats all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, time
from typing import Any

EVENTS, RECORDS, ACTORS, CALLS = 100_000, 20_000, 200, 300
WORDS = [
    "revenue",
    "growth",
    "region",
    "quarter",
    "forecast",
    "board",
    "pack",
    "churn",
    "margin",
    "pricing",
    "outlook",
    "customer",
    "market",
    "share",
    "target",
    "budget",
    "deadline",
    "project",
    "review",
    "dashboard",
    "report",
    "table",
    "chart",
    "euro",
    "dollar",
    "percent",
    "summary",
    "executive",
    "analyst",
    "treasury",
]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("python", nargs="?", default=sys.executable)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure()))
        return
    for name, figure in figures(given.path, given.python).items():
        print(f"{name}: {figure:g}")


def figures(repository: Path, python: str) -> dict[str, float]:
    """Return what `make bench` prints of the memory."""
    command = [python, str(Path(__file__).resolve()), str(repository), "--measure"]
    environment = {**os.environ, "PYTHONPATH": "src:.", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(command, cwd=repository, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure() -> dict[str, float]:
    """Return the figures; runs in the repository."""
    times: dict[str, dict[str, list[float]]] = {}
    sizes = {"empty": (0, 0), "tenth": (EVENTS // 10, RECORDS // 10), "full": (EVENTS, RECORDS)}
    with ExitStack() as stack:
        clients = {name: start(stack, *size) for name, size in sizes.items()}
        for number in range(CALLS):
            for name, (client, memory_id) in clients.items():
                taken = times.setdefault(name, {"write": [], "retrieve": []})
                taken["write"].append(write(client, memory_id, number))
                taken["retrieve"].append(retrieve(client, memory_id, number))
    p95 = {name: {what: ordered(values, 95) for what, values in each.items()} for name, each in times.items()}
    return {
        "write, median ms (aim 5)": round(ordered(times["full"]["write"], 50), 2),
        "write median, full / empty (aim 3)": round(
            ordered(times["full"]["write"], 50) / ordered(times["empty"]["write"], 50), 2
        ),
        "retrieval, P95 ms (aim 20)": round(p95["full"]["retrieve"], 2),
        "retrieval P95, full / empty (aim 3)": round(p95["full"]["retrieve"] / p95["empty"]["retrieve"], 2),
        "retrieval median, ten times as much (below 10 is sub-linear)": round(
            ordered(times["full"]["retrieve"], 50) / ordered(times["tenth"]["retrieve"], 50), 2
        ),
    }


def start(stack: ExitStack, events: int, records: int) -> tuple[Any, str]:
    """Serve a memory that holds so much; return a client and the memory's id."""
    import boto3
    from agentcore_kit.local.memory_server.server import build, serving
    from agentcore_kit.local.memory_server.settings import Settings

    settings = Settings.from_files()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-memory-")))
    server = build(settings, folder, 0)
    fill(server.service.store, events, records)
    address = stack.enter_context(serving(server)).address
    client = boto3.client(
        "bedrock-agentcore", region_name=settings.region, endpoint_url=address,
        aws_access_key_id="bench", aws_secret_access_key="bench",  # noqa: S106 - the local memory asks for none
    )  # fmt: skip
    return client, settings.memory_id


def fill(store: Any, events: int, records: int) -> None:
    """Write events and records of many people, below HTTP, as one transaction."""
    from agentcore_kit.local.memory_server.store import Event, Record, new_record_id

    pick, now = random.Random(7), time()  # noqa: S311 - the same words every time
    with store.transaction():
        for number in range(events):
            said = {"conversational": {"role": "USER", "content": {"text": " ".join(pick.choices(WORDS, k=12))}}}
            at = now - events + number
            event_id = f"{round(at * 1000):019d}#{number:08x}"
            event = Event(event_id, f"actor{number % ACTORS}", f"s{number % (ACTORS * 50)}", at, [said])
            store.add_event(event, now + 86_400 * 90)
        for number in range(records):
            text, place = " ".join(pick.choices(WORDS, k=10)), f"/facts/actor{number % ACTORS}/"
            store.put_record(Record(new_record_id(), "facts-localstore", place, text, now, now - number))


def write(client: Any, memory_id: str, number: int) -> float:
    """Return the ms that writing an event takes, with what is learned from it."""
    said = {"conversational": {"role": "USER", "content": {"text": f"I'm working on the p{number} project."}}}
    began = perf_counter()
    client.create_event(
        memoryId=memory_id,
        actorId=f"actor{number % ACTORS}",
        sessionId=f"new{number}",
        eventTimestamp=time(),
        payload=[said],
    )
    return (perf_counter() - began) * 1000


def retrieve(client: Any, memory_id: str, number: int) -> float:
    """Return the ms that a search takes."""
    place, query = f"/facts/actor{number * 7 % ACTORS}/", f"{WORDS[number % len(WORDS)]} of the pricing project"
    began = perf_counter()
    client.retrieve_memory_records(
        memoryId=memory_id, namespacePath=place, searchCriteria={"searchQuery": query, "topK": 10}
    )
    return (perf_counter() - began) * 1000


def ordered(values: list[float], percent: float) -> float:
    """Return a percentile by the nearest rank."""
    return sorted(values)[min(int(len(values) * percent / 100), len(values) - 1)]


if __name__ == "__main__":
    main()
