"""What is behind the emulated AWS of an agent: its smoke rows answered as they should be, and the agent itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.evaluation.smoke import smoke_rows
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import Component, forwarded_to
from agentcore_kit.local.rehearsal.loosened_thresholds import loosen
from agentcore_kit.testing.agent_client import local_agent

__all__ = ["answer", "distorted", "loosen", "question", "real"]

_FIGURE = re.compile(r"\d[\d,.]*\d|\d")
_OTHER_FIGURE = "987.6"


def answer(_: str, __: Mapping[str, str], body: bytes) -> Answer:
    """Answer the smoke rows as they expect it, and anything else without a tool; no agent is asked."""
    prompt = question(body)
    said: dict[str, Any] = {"answer": "I cannot help with that.", "toolCalls": []}
    for row in smoke_rows():
        for turn, outcomes in zip(row.turns, row.metadata.expect, strict=True):
            if turn.input == prompt:
                calls = [{"name": call.name, "input": call.input, "status": "success"} for call in outcomes[0].calls]
                said = {"answer": turn.expected_response or "Here it is.", "toolCalls": calls}
    return 200, "application/json", json.dumps(said).encode(), {}


@contextmanager
def real(home: Path) -> Iterator[Component]:
    """Start the agent in a folder with this repository's files, on the day that its local environment names."""
    today = getattr(read_environment("local", load_manifest()), "today", None)
    options = {"gate": ("--date", today.isoformat())} if today else {}
    options["dimensions"] = ("--rows", "5")  # of each category: the evaluation that follows asks all of them
    with local_agent(home) as agent:
        yield Component(forwarded_to(agent.url), agent.token, options=options)


def question(body: bytes) -> str:
    """Return the prompt of a request."""
    try:
        return str(json.loads(body).get("prompt", ""))
    except (ValueError, AttributeError):
        return ""


def distorted(content: bytes) -> bytes:
    """Return an answer with other figures; without figures, it knows nothing and has called nothing."""
    said = json.loads(content)
    wrong = _FIGURE.sub(_OTHER_FIGURE, said["answer"])
    if wrong == said["answer"]:
        said |= {"answer": "There is nothing to say about that.", "toolCalls": []}
    else:
        said |= {"answer": wrong}
    return json.dumps(said).encode()
