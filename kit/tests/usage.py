"""What a running process uses, for tests that look whether it grows."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """What a process uses: resident memory in KiB, open descriptors, threads."""

    memory: int
    descriptors: int
    threads: int


def usage_of(pid: int | None = None) -> Usage:
    """Return what a process uses now.

    Args:
        pid: The process; None for this one.
    """
    process = psutil.Process(pid)
    return Usage(process.memory_info().rss // 1024, process.num_fds(), process.num_threads())
