"""A fuzzing run: requests in rounds, and after each a look at the log, the pings and what the process uses."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from agentcore_kit.serving.invocation import SESSION_HEADER
from tests.fuzz.processes import Pings, PingTimes, Running, pinging
from tests.fuzz.target import Target
from tests.fuzz.wire import Manner, Reply, Request, send
from tests.usage import Usage

STALL_SECONDS = 1.0
"""How long a ping may take, without the time in which the machine had no processor for the server."""

JUDGED_SESSIONS = 1000
"""After how many sessions growth is judged: before, caches still fill."""

MEMORY_KIB_A_SESSION = 8
"""How much memory may be more after each session: the allocator's holes, and caches that still fill."""

DESCRIPTORS, THREADS = 16, 8
"""How many more descriptors and threads there may be: those of clients that have just left."""

LONGEST_HEAD = 60_000
"""About how long request line and headers may be, by the HTTP servers' own limits."""

_CLIENTS = 8
_ROUND = 500
"""How many requests are sent before the process is left alone for a moment and looked at."""

_FEWEST_ROUNDS = 4
_OF_A_STACK = re.compile(
    r"\s|-+$|$|Traceback |During handling |The above exception |Exception occurred during processing"
)
_IDLE_SECONDS = 3.0
_SHOWN = 300


@dataclass(frozen=True)
class Plan:
    """What a run is: repeated by the same seed and number of requests.

    Attributes:
        seed: Of all that is sent.
        requests: How many are sent.
        only: The number of the one request that is sent, to see a fault again; None for all.
    """

    seed: int
    requests: int
    only: int | None = None

    @classmethod
    def from_variables(cls) -> Plan:
        """Return the plan that FUZZ_SEED, FUZZ_REQUESTS and FUZZ_ONLY name."""
        only = os.environ.get("FUZZ_ONLY")
        seed, requests = os.environ.get("FUZZ_SEED", "1"), os.environ.get("FUZZ_REQUESTS", "300")
        return cls(int(seed), int(requests), int(only) if only else None)


@dataclass
class Fault:
    """Something that must not be.

    Attributes:
        what: What was wrong.
        request: What was sent, in words; of a line of the log, which of some requests is not known.
        again: What repeats it.
        times: How often it was seen.
    """

    what: str
    request: str
    again: str
    times: int = 1


@dataclass
class Figures:
    """What a run gave.

    Attributes:
        answers: How many requests were answered with each status; of clients that left, none was read.
        use: What the process used after each round, with the sessions until then.
        idle: Pings before the first request.
        loaded: Pings while requests were sent.
    """

    server: str
    seed: int
    requests: int = 0
    opened: set[str] = field(default_factory=set, repr=False)
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    use: list[tuple[int, Usage]] = field(default_factory=list)
    idle: PingTimes = field(default_factory=PingTimes)
    loaded: PingTimes = field(default_factory=PingTimes)
    faults: dict[str, Fault] = field(default_factory=dict)

    @property
    def sessions(self) -> int:
        """How many sessions were opened, as far as clients stayed to see it."""
        return len(self.opened)

    def fault(self, what: str, request: str, again: str) -> None:
        """Note a fault; those that differ in numbers only count as one."""
        known = self.faults.setdefault(re.sub(r"[0-9a-f-]{8,}|\d+", "#", what)[:120], Fault(what, request, again, 0))
        known.times += 1

    def written(self) -> dict[str, Any]:
        """Return the figures as JSON has them."""
        return {
            "server": self.server, "seed": self.seed, "requests": self.requests, "sessions": self.sessions,
            "seconds": round(self.seconds, 1), "answers": dict(sorted(self.answers.items())),
            "pingIdle": self.idle.figures(), "pingLoaded": self.loaded.figures(),
            "use": [{"sessions": sessions, **asdict(use)} for sessions, use in self.use],
            "growth": self.growth(), "faults": [asdict(each) for each in self.faults.values()],
        }  # fmt: skip

    def growth(self) -> dict[str, float]:
        """Return by how much each use grew between the second and the last quarter of the run, as medians.

        The first quarter is the warm-up: caches fill, and sessions come up to their limit.
        """
        quarter = max(1, len(self.use) // 4)
        early, late = self.use[quarter : 2 * quarter] or self.use[:1], self.use[-quarter:]
        found: dict[str, float] = {
            name: median(getattr(use, name) for _, use in late) - median(getattr(use, name) for _, use in early)
            for name in ("memory", "descriptors", "threads")
        }
        return {**found, "sessions": late[-1][0] - early[0][0]}


def fuzz(target: Target, plan: Plan, folder: Path, keep: Callable[[Figures], None]) -> Figures:
    """Send a server what the plan says, and return what happened.

    Args:
        target: The server.
        plan: What is sent.
        folder: For its files.
        keep: Called with the figures after each round and at the end.

    Raises:
        AssertionError: When it does not answer an ordinary question rightly, before or afterwards.
    """
    figures = Figures(target.name, plan.seed)
    numbers = list(range(plan.requests)) if plan.only is None else [plan.only]
    with (
        target.serving(folder) as server,
        pinging(server.port, server.process.running.pid, folder, dict(os.environ)) as pings,
    ):
        target.check_works(server.port)
        time.sleep(_IDLE_SECONDS)
        figures.idle = pings.since_last()
        server.process.new_lines()  # of its start
        began = time.monotonic()
        each = min(_ROUND, -(-len(numbers) // _FEWEST_ROUNDS))
        with ThreadPoolExecutor(_CLIENTS) as clients:
            for start in range(0, len(numbers), each):
                sent = numbers[start : start + each]
                for outcome in clients.map(partial(_ask, target, plan, port=server.port), sent):
                    _count(figures, outcome)
                _look(figures, server, f"requests {sent[0]} to {sent[-1]}", plan)
                _add(figures.loaded, pings)
                figures.use.append((figures.sessions, server.process.settled()))
                _look(figures, server, f"after requests {sent[0]} to {sent[-1]}", plan)
                figures.seconds = time.monotonic() - began
                keep(figures)
        target.check_works(server.port)
    _judge(figures)
    keep(figures)
    return figures


def _judge(figures: Figures) -> None:
    """Note as faults what pings and growth show."""
    wrong = [f"/ping was answered with {status}" for status in figures.loaded.refused]
    longest = max(figures.loaded.own, default=0.0)
    if longest > STALL_SECONDS:
        wrong.append(f"/ping took {longest:.2f} s of the server's own time")
    growth = figures.growth()
    most = {"memory": MEMORY_KIB_A_SESSION * growth["sessions"], "descriptors": DESCRIPTORS, "threads": THREADS}
    for name, limit in most.items():
        if growth["sessions"] >= JUDGED_SESSIONS and growth[name] > limit:
            wrong.append(f"{name}: {growth[name]:+.0f} in {growth['sessions']} sessions")
    for each in wrong:
        figures.fault(each, "all", f"FUZZ_SEED={figures.seed}")


@dataclass(frozen=True)
class _Outcome:
    """What became of one request; `wrong` says why it must not be."""

    number: int
    about: str
    status: str
    session: str
    wrong: str | None


def _ask(target: Target, plan: Plan, number: int, port: int) -> _Outcome:
    rng = Random(f"{plan.seed}/{target.name}/{number}")  # noqa: S311  # so that a seed repeats it
    request = target.request(rng, number)
    try:
        reply = send(port, request, rng)
    except OSError as error:
        return _Outcome(number, request.about, "none", "", f"no connection: {type(error).__name__}: {error}")
    wrong = None if reply is None else _objection(target, request, reply)
    return _Outcome(number, request.about, str(reply.status) if reply else "left", _session_of(request, reply), wrong)


def _session_of(request: Request, reply: Reply | None) -> str:
    """Return the session that a request has opened, if it has one of its own."""
    if reply is None or reply.status not in (200, 201):
        return ""
    return reply.headers.get(SESSION_HEADER.lower()) or request.session


def _count(figures: Figures, outcome: _Outcome) -> None:
    figures.requests += 1
    figures.opened |= {outcome.session} - {""}
    figures.answers[outcome.status] += 1
    if outcome.wrong:
        again = f"FUZZ_SEED={figures.seed} FUZZ_ONLY={outcome.number}"
        figures.fault(outcome.wrong, outcome.about, again)


def _objection(target: Target, request: Request, reply: Reply) -> str | None:
    if reply.status >= 500 and reply.status != 503:
        return f"status {reply.status}: {_shown(reply.body)}"
    if b"Traceback" in reply.body:
        return f"a traceback in the answer: {_shown(reply.body)}"
    if reply.status == 0:
        # It is answered at once, and the rest of it resets the connection.
        too_long = len(request.head(0)) > LONGEST_HEAD
        # Who sends no more has left, for most servers.
        if too_long or not request.is_http or request.manner is Manner.CUT:
            return None
        return f"no answer: {_shown(reply.body)}"
    return target.objection(request, reply)


def _look(figures: Figures, server: Running, when: str, plan: Plan) -> None:
    """Take what the server has logged meanwhile that it must not: errors, tracebacks, and lines that are no JSON."""
    again = f"FUZZ_SEED={plan.seed}"
    if server.process.running.poll() is not None:
        raise AssertionError(f"{figures.server} has ended: {_tail(server.process.log)}")
    for line in server.process.new_lines():
        try:
            said = json.loads(line)
            level = str(said["level"])
        except (ValueError, KeyError, TypeError):
            if not _OF_A_STACK.match(line):  # of which the last line says what it was
                figures.fault(f"a line of the log that is no JSON: {line[:_SHOWN]}", when, again)
            continue
        if level in ("ERROR", "CRITICAL") or "Traceback" in line:
            figures.fault(f"log, {level}: {_logged(said)}", when, again)


def _logged(said: dict[str, Any]) -> str:
    text = str(said.get("message", ""))[:_SHOWN]
    stack = next((value for value in said.values() if isinstance(value, str) and "Traceback" in value), "")
    return f"{text} | {stack.strip().splitlines()[-1][:_SHOWN]}" if stack else text


def _add(times: PingTimes, pings: Pings) -> None:
    newer = pings.since_last()
    times.server += newer.server
    times.own += newer.own
    times.idle += newer.idle
    times.refused += newer.refused


def _shown(body: bytes) -> str:
    return body[:_SHOWN].decode("utf-8", "replace")


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]
