"""The smoke test of a deployed agent: the rows of its ground truth that are tagged `smoke`, asked and checked."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx

from agentcore_kit.config.repository import relative
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.evaluators import choose, selection
from agentcore_kit.evaluation.target import Record

TAG = "smoke"
"""The tag of rows that every version must answer rightly, on any day."""

Ask = Callable[[str, str], httpx.Response]
"""Posts a prompt in a session: called with the session's id and the prompt."""


class SmokeFailure(Exception):
    """A row was not answered as it should be; the message names file, row and question."""


def smoke_rows() -> list[Row]:
    """Return the rows that are tagged `smoke`.

    Raises:
        ConfigError: When the dataset is wrong.
        SmokeFailure: When no row is tagged, or one that is could not be asked of a deployed agent.
    """
    rows = list(load_dataset().rows(lambda entry: TAG in entry.tags))
    file = relative(dataset_path())
    if not rows:
        example = '"metadata": {…, "any_date": true, "tags": ["smoke"]}'
        raise SmokeFailure(
            f"{file} has no row tagged {TAG}; tag two or three that every version must answer: {example}"
        )
    for row in rows:
        about = row.metadata
        if not about.any_date or about.failures or about.injections or about.user:
            need = "any_date: true, and no failures, injections or user, as it is asked of a deployed agent on any day"
            raise SmokeFailure(f"{file}: row {row.scenario_id} is tagged {TAG} and needs {need}")
    return rows


def ask_smoke_rows(ask: Ask) -> None:
    """Ask an agent the smoke rows, each in a session of its own.

    Args:
        ask: How the agent is reached.

    Raises:
        SmokeFailure: With the first row that is not answered as it should be.
    """
    for row in smoke_rows():
        session_id = f"smoke-{uuid4()}"
        for turn, outcomes in zip(row.turns, row.metadata.expect, strict=True):
            record = _ask(ask, session_id, row, turn.input)
            verdict = selection(record, choose(record, outcomes))
            if verdict and not verdict[0]:
                raise _failure(row, turn.input, verdict[1])


def _ask(ask: Ask, session_id: str, row: Row, prompt: str) -> Record:
    """Return a turn, as far as a smoke test looks at it: an answer, and the calls that succeeded."""
    try:
        reply = ask(session_id, prompt)
    except httpx.HTTPError as error:
        raise _failure(row, prompt, f"nobody answers: {error}") from None
    if reply.status_code != 200:
        raise _failure(row, prompt, f"HTTP {reply.status_code}: {reply.text[:200]}")
    try:
        body = reply.json()
        answer = body["answer"].strip()
        calls = [call for call in body["toolCalls"] if call["status"] == "success"]
        record = {"input": prompt, "answer": answer, "calls": [{"name": c["name"], "input": c["input"]} for c in calls]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _failure(row, prompt, f"no answer of an agent: {reply.text[:200]}") from None
    if not answer:
        raise _failure(row, prompt, "the answer is empty")
    return record


def _failure(row: Row, prompt: str, why: str) -> SmokeFailure:
    return SmokeFailure(f"{relative(dataset_path())}: row {row.scenario_id}: {prompt!r}: {why}")
