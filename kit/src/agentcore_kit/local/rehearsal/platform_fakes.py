"""What is behind the emulated AWS of a platform: nothing that answers, and accounts in which there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import Component


def answer(_: str, __: Mapping[str, str], ___: bytes) -> Answer:
    """Answer an invocation: a platform runs nothing that could be invoked."""
    return 404, "application/json", b'{"message": "nothing runs here"}', {}


@contextmanager
def real(_: Path) -> Iterator[Component]:
    """Start nothing: all of a platform is in the accounts."""
    yield Component(answer, "none")


def loosen(_: Path) -> None:
    """Do nothing: a platform has no thresholds that a busy machine could miss."""
