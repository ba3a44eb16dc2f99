"""The smoke test of a deployed agent: the rows of its ground truth that are tagged `smoke`, asked and checked.

Checked are the tools that were called and their parameters. What the answers say is measured by the evaluation.
A model may answer oddly once: a row that was not answered as it should be is asked again, as `smoke` of the environment
file says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import relative
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.target import Record
from agentcore_kit.evaluation.users import NOBODY, CannotSignIn, SignIn, user_of
from agentcore_kit.evaluation.verdicts import choose, parameters, selection

TAG = "smoke"
"""The tag of rows that every version must answer rightly, on any day."""

_TAG_SOME = (
    "tag two to four that every version must answer rightly, one of them a question to decline: "
    '"metadata": {…, "any_date": true, "tags": ["smoke"]}'
)

Ask = Callable[[str, str, str], httpx.Response]
"""Posts a prompt in a session: called with the session's id, the prompt, and the token of a user whom the row names.

The token is empty where the row names none.
"""


class SmokeFailure(Exception):
    """A row was not answered as it should be; the message names file, row and question."""


def smoke_rows() -> list[Row]:
    """Return the rows that are tagged `smoke`.

    Raises:
        ConfigError: When the dataset is wrong, when no row is tagged, when one that is cannot be asked of a deployed
            agent on any day, or when none of them is one to decline.
    """
    dataset = load_dataset()
    tagged = {entry.id: entry.line for entry in dataset.entries if TAG in entry.tags}
    rows = list(dataset.rows(lambda entry: entry.id in tagged))
    file = relative(dataset.path)
    problems = []
    for row in rows:
        about = row.metadata
        if not about.any_date or about.failures or about.injections:
            need = "any_date: true, and no failures or injections, as it is asked of a deployed agent on any day"
            problems.append(
                f"{file}:{tagged[row.scenario_id]}: row {row.scenario_id} is tagged {TAG}, which needs {need}"
            )
    if not rows:
        problems.append(f"{file}:1: no row is tagged {TAG}; {_TAG_SOME}")
    elif not any(outcome.outcome == "decline" for row in rows for turn in row.metadata.expect for outcome in turn):
        problems.append(f"{file}:1: no row that is tagged {TAG} is to be declined; {_TAG_SOME}")
    if problems:
        raise ConfigError(problems)
    return rows


def ask_smoke_rows(ask: Ask, sign_in: SignIn | None = None, tries: int = 1, needed: int = 1) -> dict[str, str]:
    """Ask an agent the smoke rows, each in a session of its own.

    Args:
        ask: How the agent is reached.
        sign_in: Gives the token of a user whom a row names; None where nobody else can be signed in.
        tries: How often a row is asked at most. One that is answered rightly at once is asked once.
        needed: How many of the answers must be right, of a row that is asked again.

    Returns:
        The ids of the rows that were left out, as their users cannot be signed in, each with the reason.

    Raises:
        ConfigError: As for `smoke_rows`.
        SmokeFailure: With the first row that is not answered as it should be, or when no row could be asked.
    """
    left_out: dict[str, str] = {}
    rows = smoke_rows()
    for row in rows:
        name = row.metadata.user
        try:
            token = "" if name is None else (sign_in or NOBODY)(user_of(name))
        except CannotSignIn as error:
            left_out[row.scenario_id] = str(error)
            continue
        _ask_row(ask, row, token, tries, needed)
    if len(left_out) == len(rows):
        raise SmokeFailure(f"{relative(dataset_path())}: no smoke row could be asked: {next(iter(left_out.values()))}")
    return left_out


def _ask_row(ask: Ask, row: Row, token: str, tries: int, needed: int) -> None:
    """Ask a row, again after a wrong answer. Raises SmokeFailure with the last one when too few were right."""
    right, wrong = 0, 0
    while True:
        try:
            _ask_once(ask, row, token)
            right += 1
        except SmokeFailure as failure:
            wrong += 1
            if tries - wrong < needed:
                told = f"{failure} (asked {right + wrong} times, {right} right, {needed} of {tries} needed)"
                raise SmokeFailure(told if tries > 1 else str(failure)) from None
        if right >= needed or not wrong:
            return


def _ask_once(ask: Ask, row: Row, token: str) -> None:
    """Ask the turns of a row in a new session. Raises SmokeFailure with the first that is not answered rightly."""
    session_id = f"smoke-{uuid4()}"
    for turn, outcomes in zip(row.turns, row.metadata.expect, strict=True):
        record = _ask(ask, session_id, row, turn.input, token)
        outcome = choose(record, outcomes)
        for verdict in (selection(record, outcome), parameters(record, outcome)):
            if verdict and verdict[0] < 1:
                raise _failure(row, turn.input, verdict[1])


def _ask(ask: Ask, session_id: str, row: Row, prompt: str, token: str) -> Record:
    """Return a turn, as far as a smoke test looks at it: an answer, and the calls that succeeded."""
    try:
        reply = ask(session_id, prompt, token)
    except httpx.HTTPError as error:
        raise _failure(row, prompt, f"nobody answers: {error}") from None
    if reply.status_code != 200:
        raise _failure(row, prompt, f"HTTP {reply.status_code}: {reply.text[:200]}")
    try:
        body = reply.json()
        answer = body["answer"].strip()
        made = [call for call in body["toolCalls"] if call["status"] == "success"]
        calls: list[Any] = [{"name": call["name"], "input": call["input"]} for call in made]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _failure(row, prompt, f"no answer of an agent: {reply.text[:200]}") from None
    if not answer:
        raise _failure(row, prompt, "the answer is empty")
    return {"input": prompt, "answer": answer, "calls": calls}


def _failure(row: Row, prompt: str, why: str) -> SmokeFailure:
    return SmokeFailure(f"{relative(dataset_path())}: row {row.scenario_id}: {prompt!r}: {why}")
