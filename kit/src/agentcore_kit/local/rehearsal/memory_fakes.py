"""What is behind the emulated AWS of a memory: memories, which the local memory serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from agentcore_kit.config.memory import Strategy
from agentcore_kit.local.aws_emulator.cloud import EXTENSIONS, Answer
from agentcore_kit.local.aws_emulator.memories import Memories, extend
from agentcore_kit.local.memory_server.extraction import Extractor, Message
from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.memory_server.extraction.verbatim import RulesOrVerbatim
from agentcore_kit.local.rehearsal.component import Component
from agentcore_kit.testing.dimensions.memory.targets import conversation, strategies

EXTENSIONS.append(extend)


def answer(_: str, __: Mapping[str, str], ___: bytes) -> Answer:
    """Answer an invocation: a memory runs nothing that could be invoked."""
    return 404, "application/json", b'{"message": "nothing runs here"}', {}


@contextmanager
def real(_: Path) -> Iterator[Component]:
    """Let the emulated service extract by rules; where they do not understand the dataset, keep what was said."""
    with extracting(Rules() if understood() else RulesOrVerbatim()):
        yield Component(answer, "none")


def understood() -> bool:
    """Return whether the rules keep something, for each strategy, of a conversation that it should be kept of."""

    def kept(strategy: Strategy) -> bool:
        turns = [turn for session in conversation(strategy.name).sessions for turn in session.turns]
        return any(Rules().extract(strategy, [Message(turn.role, turn.text) for turn in turns], [], []))

    return all(kept(strategy) for strategy in strategies())


@contextmanager
def extracting(extractor: Extractor) -> Iterator[None]:
    """Let the emulated service extract in another way for the length of a block."""
    before, Memories.extractor = Memories.extractor, extractor
    try:
        yield
    finally:
        Memories.extractor = before


def loosen(home: Path) -> None:
    """Give latency room, wait for no extraction, and where nothing understands the dataset, ask for no quality."""
    thresholds = home / "evals" / "thresholds.yaml"
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    for metric, limit in limits["models"].items():
        if "min" in limit and not understood():
            limit["min"] = 0
        elif "latency" in metric.lower():
            limit["max"] *= 10
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")
    for path in (home / "environments").glob("*.yaml"):
        environment = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**environment, "extractionSeconds": 0}, sort_keys=False), encoding="utf-8")
