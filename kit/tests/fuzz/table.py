"""The figures of a run as a table."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.run import Figures


def lines(figures: Figures) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    idle, loaded, growth = figures.idle.figures(), figures.loaded.figures(), figures.growth()
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(figures.answers.items()))
    last = figures.use[-1][1]
    rows = {
        "requests": f"{figures.requests} in {figures.seconds:.0f} s, seed {figures.seed}",
        "sessions": figures.sessions,
        "answers by status": answers,
        **{f"/ping, {name}": _pings(idle, loaded, name) for name in ("Longest", "P99")},
        "/ping, not healthy": loaded["notHealthy"],
        "memory": f"{last.memory / 1024:.0f} MiB, {growth['memory'] / 1024:+.1f} MiB in {growth['sessions']} sessions",
        "descriptors": f"{last.descriptors}, {growth['descriptors']:+.0f}",
        "threads": f"{last.threads}, {growth['threads']:+.0f}",
        "faults": sum(each.times for each in figures.faults.values()),
    }
    yield f"| {figures.server} | |"
    yield "|---|---|"
    yield from (f"| {name} | {value} |" for name, value in rows.items())


def _pings(idle: dict[str, float | int], loaded: dict[str, float | int], which: str) -> str:
    """Return what pings took, in milliseconds."""
    return (
        f"{loaded[f'server{which}Ms']} ms of {loaded['pings']}, {loaded[f'own{which}Ms']} ms of its own; "
        f"before the first request {idle[f'server{which}Ms']} ms; "
        f"an idle server beside it {loaded[f'idleServer{which}Ms']} ms"
    )
