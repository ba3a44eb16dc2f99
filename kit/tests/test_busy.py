"""A busy machine is measured as such, and a program that only waits is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from agentcore_kit.testing.busy import measured


def measure() -> float:
    with measured() as busy:
        time.sleep(1.5)
    return busy.factor


def test_more_programs_than_processors_make_it_slower() -> None:
    before = measure()
    many = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * (os.cpu_count() or 1))]
    try:
        during = measure()
    finally:
        for one in many:
            one.kill()
            one.wait()

    assert before >= 1
    assert during > 1.2
