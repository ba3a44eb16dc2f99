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
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import load_dataset
from agentcore_kit.evaluation.expectations import Call, Match
from agentcore_kit.evaluation.smoke import smoke_rows
from agentcore_kit.evaluation.users import TOKENS, user_of
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import Component, forwarded_to
from agentcore_kit.local.rehearsal.loosened_thresholds import loosen as loosen_thresholds
from agentcore_kit.testing.agent_client import local_agent
from agentcore_kit.testing.surroundings import surroundings_of_tests

_FIGURE = re.compile(r"\d[\d,.]*\d|\d")
_OTHER_FIGURE = "987.6"


def answer(_: str, __: Mapping[str, str], body: bytes) -> Answer:
    """Answer the smoke rows as they expect it, and anything else without a tool; no agent is asked."""
    prompt = question(body)
    said: dict[str, Any] = {"answer": "I cannot help with that.", "toolCalls": []}
    for row in smoke_rows():
        for turn, outcomes in zip(row.turns, row.metadata.expect, strict=True):
            if turn.input == prompt:
                calls = [
                    {"name": call.name, "input": _given(call, prompt), "status": "success"}
                    for call in outcomes[0].calls
                ]
                said = {"answer": turn.expected_response or "Here it is.", "toolCalls": calls}
    return 200, "application/json", json.dumps(said).encode(), {}


def _given(call: Call, prompt: str) -> dict[str, Any]:
    """Return an input that is as a row expects it, also where a value need not be equal; then what the user says."""
    given: dict[str, Any] = dict(call.input)
    for name, match in call.match.items():
        match match:
            case Match(contains=str(text)):
                given[name] = text
            case Match(contains=[*texts]):
                given[name] = " ".join(texts)
            case Match(one_of=[first, *_]):
                given[name] = first
            case Match(near=float(number)):
                given[name] = number
            case Match(any=None):
                given[name] = prompt
    return given


@contextmanager
def real(home: Path) -> Iterator[Component]:
    """Start the agent in a folder with this repository's files, on the day that it is told in pre-production."""
    manifest = load_manifest()
    environment: Any = read_environment(manifest.delivery.preproduction, manifest)
    options = {"dimensions": ("--rows", "5")}  # of each category: the evaluation that follows asks all of them
    with (
        surroundings_of_tests() as around,
        local_agent(home, **around.variables, AGENT_TODAY=environment.day().isoformat()) as agent,
    ):
        users = {row.metadata.user for path in _datasets(home) for row in load_dataset(path).rows()} - {None}
        tokens = {str(name): agent.sign_in(user_of(str(name))) for name in users}
        variables = {TOKENS: json.dumps(tokens)}
        yield Component(forwarded_to(agent.url), agent.token, variables=variables, options=options)


def loosen(home: Path) -> None:
    """Give the thresholds of a copy of the repository room, and leave out rows that need what is not recorded.

    Args:
        home: The copy; its thresholds, environment files and datasets are rewritten.
    """
    loosen_thresholds(home)
    own = own_tools()
    with surroundings_of_tests() as around:
        for line in around.missing.values():
            print(line)
        for path in _datasets(home) if around.missing else ():
            rows = list(load_dataset(path).rows())
            kept = [row for row in rows if not around.lacks(row, own)]
            print(f"evals/{path.name}: {len(rows) - len(kept)} of {len(rows)} rows left out")
            text = "".join(f"{row.model_dump_json(exclude_defaults=True)}\n" for row in kept)
            path.write_text(text, encoding="utf-8")


def _datasets(home: Path) -> list[Path]:
    return [path for path in (home / "evals" / f"{name}.jsonl" for name in ("dataset", "redteam")) if path.is_file()]


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
