"""How much slower this machine is at the moment than it would be alone, because other programs use it too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PROBE = """
import time
wall, cpu = time.perf_counter(), time.process_time()
while True:
    end = time.process_time() + 0.005
    while time.process_time() < end:
        pass
    print((time.perf_counter() - wall) / (time.process_time() - cpu), flush=True)
    time.sleep(0.02)
    wall, cpu = time.perf_counter(), time.process_time()
"""
"""Needs 5 ms of processor time again and again, and prints how many times as long it had to wait for it."""


@dataclass
class Busy:
    """How busy the machine was.

    Attributes:
        factor: How many times as long a computation took as the processor worked on it, at the median: 1 on a machine
            with nothing else to do, 3 where it gets a third of a processor.
    """

    factor: float = 1.0


@contextmanager
def measured() -> Iterator[Busy]:
    """Measure how busy the machine is while a block runs; `factor` is known after it."""
    found = Busy()
    command = [sys.executable, "-I", "-c", _PROBE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as probe:
        try:
            yield found
        finally:
            probe.terminate()
            lines = (probe.stdout.read() if probe.stdout else "").split()
    measurements = sorted(float(line) for line in lines[:-1])  # the last may be half a line
    if measurements:
        found.factor = max(1.0, measurements[len(measurements) // 2])
