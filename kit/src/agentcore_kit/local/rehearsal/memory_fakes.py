"""What is behind the stand-in for AWS: memories, which the local memory of this repository serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from agentcore_kit.local.aws_emulator.cloud import EXTENSIONS, Answer
from agentcore_kit.local.aws_emulator.memories import extend

EXTENSIONS.append(extend)

Behind = Callable[[str, Mapping[str, str], bytes], Answer]
"""Answers for the container of an image."""


def answer(_: str, __: Mapping[str, str], ___: bytes) -> Answer:
    """Answer an invocation: a memory runs nothing that could be invoked."""
    return 404, "application/json", b'{"message": "nothing runs here"}', {}


@dataclass(frozen=True)
class Real:
    """What the rehearsal types with: the stand-in extracts at once, so the evaluation need not wait."""

    answer: Behind
    token: str = "none"
    variables: Mapping[str, str] = field(default_factory=lambda: {"EXTRACTION_SECONDS": "0"})


@contextmanager
def real(_: Path) -> Iterator[Real]:
    """Return what stands behind: the local memory is in the stand-in itself."""
    yield Real(answer)


def loosen(home: Path) -> None:
    """Let rules be measured as rules, and give latency room: the machine may be busy with other things."""
    thresholds = home / "evals" / "thresholds.yaml"
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    limits["models"]["latencyP95"]["max"] *= 10
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")
