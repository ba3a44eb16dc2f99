"""The servers under test in processes of their own: what they use, what they log, and how fast they answer pings."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from agentcore_kit.testing.server_process import START_SECONDS
from tests.fuzz.pings import __file__ as PINGS
from tests.usage import Usage, usage_of

_END_SECONDS = 60


@dataclass
class Process:
    """A running process and the file that has all that it says."""

    running: subprocess.Popen[bytes]
    log: Path
    _read: int = 0

    def uses(self) -> Usage:
        """Return what it uses now."""
        return usage_of(self.running.pid)

    def settled(self, most_seconds: float = 20.0) -> Usage:
        """Wait until it uses the same descriptors and threads for a second, and return what it uses then."""
        before, same, deadline = self.uses(), 0, time.monotonic() + most_seconds
        while same < 4 and time.monotonic() < deadline:
            time.sleep(0.25)
            now = self.uses()
            same = same + 1 if (now.descriptors, now.threads) == (before.descriptors, before.threads) else 0
            before = now
        return before

    def new_lines(self) -> list[str]:
        """Return the lines that it has logged since the last time."""
        with self.log.open("rb") as file:
            file.seek(self._read)
            said = file.read()
        whole = said[: said.rfind(b"\n") + 1]
        self._read += len(whole)
        return whole.decode("utf-8", "replace").split("\n")[:-1]  # a text of a line may have other ends of lines


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    process: Process


@contextmanager
def process(command: Sequence[str | Path], cwd: Path, env: dict[str, str], log: Path) -> Iterator[Process]:
    """Run a command; at the end it is told to stop, and must do so."""
    with log.open("ab") as file:
        running = subprocess.Popen(command, cwd=cwd, env=env, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        yield Process(running, log)
    finally:
        running.terminate()
        try:
            running.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise AssertionError(f"{command} did not end {_END_SECONDS} s after SIGTERM") from None


@contextmanager
def helper(*command: str | Path, cwd: Path, env: dict[str, str]) -> Iterator[IO[str]]:
    """Run a Python process that ends when its input does; yield what it prints."""
    running = subprocess.Popen(
        [sys.executable, *command], cwd=cwd, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert running.stdout
    assert running.stdin
    try:
        yield running.stdout
    finally:
        running.stdin.close()
        running.stdout.close()
        try:
            running.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def serving(command: Sequence[str | Path], cwd: Path, env: dict[str, str], log: Path, port: int) -> Iterator[Running]:
    """Run a command that serves on a port, and wait until it answers `/ping`."""
    with process(command, cwd, env, log) as running:

        def answers() -> bool:
            assert running.running.poll() is None, f"the server has ended: {log.read_text()[-2000:]}"
            try:
                return httpx.get(f"http://127.0.0.1:{port}/ping", timeout=60).status_code == 200
            except httpx.TransportError:
                return False

        until(answers)
        yield Running(port, running)


def until(ready: Callable[[], bool]) -> None:
    """Wait until a function returns something true.

    Raises:
        AssertionError: When it did not in the time that a server may take to start.
    """
    deadline = time.monotonic() + 3 * START_SECONDS
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.05)
    raise AssertionError(f"not there after {3 * START_SECONDS} s")


@dataclass
class PingTimes:
    """How long pings took, in seconds.

    Attributes:
        server: Of the server.
        own: Of these, what remains without the time in which the machine had no processor for it.
        idle: At the same time, of a server that does nothing else.
        refused: The statuses of pings that were not answered with 200.
    """

    server: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def figures(self) -> dict[str, float | int]:
        """Return counts and the longest and usual times in milliseconds."""
        found: dict[str, float | int] = {"pings": len(self.server), "notHealthy": len(self.refused)}
        for name, times in (("server", self.server), ("own", self.own), ("idleServer", self.idle)):
            ordered = sorted(times) or [0.0]
            found[f"{name}LongestMs"] = round(ordered[-1] * 1000, 1)
            found[f"{name}P99Ms"] = round(ordered[int(len(ordered) * 0.99)] * 1000, 1)
        return found


class Pings:
    """Pings a server all the time, from a process of its own."""

    def __init__(self, lines: Path) -> None:
        self._lines = lines
        self._from = 0

    def since_last(self) -> PingTimes:
        """Return the times since the last call."""
        written = self._lines.read_bytes()
        found = written[self._from : written.rfind(b"\n") + 1]
        self._from += len(found)
        times = PingTimes()
        for line in found.splitlines():
            took, own, status, idle = json.loads(line)
            times.server.append(took)
            times.own.append(own)
            times.idle.append(idle)
            if status != 200:
                times.refused.append(status)
        return times


@contextmanager
def pinging(port: int, server: int, folder: Path, env: dict[str, str]) -> Iterator[Pings]:
    """Ping a server, the process of an id, for the length of a block."""
    lines = folder / "pings.jsonl"
    with (
        helper(PINGS, "idle", cwd=folder, env=env) as said,
        lines.open("ab") as file,
    ):
        idle = said.readline().strip()
        running = subprocess.Popen(
            [sys.executable, PINGS, "ping", str(port), str(server), idle], stdin=subprocess.PIPE, stdout=file, env=env
        )
        try:
            yield Pings(lines)
        finally:
            assert running.stdin
            running.stdin.close()
            running.wait(_END_SECONDS * 3)
