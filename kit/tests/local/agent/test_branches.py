"""A branch of a session, as the page asks for it, and what the agent knows in it. Marked `integration`."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.local.memory_server.server import _Handler
from agentcore_kit.runtime.settings import STATE
from tests.local.agent.with_memory import agent_of, remembering
from tests.local.page_server import Page, new_session

pytestmark = pytest.mark.integration

FIRST, SECOND, OWN = "What was our revenue in EMEA in Q1 2026?", "And in APAC?", "And in AMER?"


def trace(number: int) -> str:
    return f"{number:032x}"


def branched(page: Page, session: str, number: int, user: str = "kim") -> httpx.Response:
    headers = {"Authorization": page.headers(user, session)["Authorization"]}
    return page.post("branches", {"session": session, "trace": trace(number)}, **headers)


def asked(page: Page, user: str = "kim") -> str:
    """Ask two questions in a new session, the second of which is understood only after the first; return its id."""
    session = new_session()
    for number, question in enumerate((FIRST, SECOND), 1):
        page.ask(question, user, session, trace(number))
    return session


def called(answered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what tools were asked."""
    return [one["input"] for one in answered[-1]["toolCalls"]]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_in_a_branch_the_agent_knows_the_turns_before_it_and_no_later_ones(page: Page) -> None:
    session = asked(page)
    assert called(page.ask(OWN, "kim")) != [{"region": "AMER", "quarter": "2026-Q1"}], "it needs what was said before"
    kept = page.home / STATE / "sessions" / "kim" / "session" / session
    before, shown = contents(kept), page.get(f"sessions/{session}").json()
    branch = branched(page, session, 1).json()
    assert branch["id"] != session
    assert [(turn["question"], turn["copiedFrom"]) for turn in branch["turns"]] == [(FIRST, session)]
    assert called(page.ask(OWN, "kim", branch["id"], trace(3))) == [{"region": "AMER", "quarter": "2026-Q1"}]
    (own,) = (path for path in kept.parent.glob(f"{branch['id']}/**/*") if path.is_file())
    assert FIRST in own.read_text()
    assert SECOND not in own.read_text(), "a later turn of the original is no part of the branch"
    assert (contents(kept), page.get(f"sessions/{session}").json()) == (before, shown), "the original stays as it is"


def test_a_branch_can_be_branched_also_where_it_began(page: Page) -> None:
    session = asked(page)
    branch = branched(page, session, 2).json()["id"]
    page.ask(OWN, "kim", branch, trace(3))
    again = branched(page, branch, 1).json()
    assert [turn["question"] for turn in again["turns"]] == [FIRST]
    assert called(page.ask(OWN, "kim", again["id"])) == [{"region": "AMER", "quarter": "2026-Q1"}]


def test_what_was_copied_costs_the_branch_nothing(page: Page) -> None:
    branch = branched(page, asked(page), 2).json()["id"]
    answered = page.ask(OWN, "kim", branch)[-1]
    (listed,) = [one for one in page.get("sessions").json()["sessions"] if one["id"] == branch]
    assert (listed["turns"], listed["branch"], listed["title"]) == (3, True, OWN)
    assert listed["inputTokens"] == answered["usage"]["inputTokens"]


def test_a_session_of_another_user_cannot_be_branched(page: Page) -> None:
    session = asked(page)
    refused = branched(page, session, 1, "ben")
    assert (refused.status_code, "kim" in refused.json()["error"]) == (400, True)
    nobody = page.post("branches", {"session": session, "trace": trace(1)})
    assert (nobody.status_code, "token" in nobody.json()["error"]) == (401, True)
    assert not (page.home / STATE / "sessions" / "ben").exists()


@pytest.mark.parametrize("wrong", [{}, {"session": "s"}, {"session": 1, "trace": "7"}, {"session": "s", "trace": ""}])
def test_a_branch_of_nothing_is_refused(page: Page, wrong: dict[str, Any]) -> None:
    headers = {"Authorization": page.headers("kim", new_session())["Authorization"]}
    assert page.post("branches", wrong, **headers).status_code == 400


@pytest.mark.parametrize("number", [9, 1])
def test_without_such_a_turn_or_what_the_agent_knew_after_it_there_is_no_branch(page: Page, number: int) -> None:
    session = asked(page, "eve")
    if number == 1:  # as one that was asked before there were branches
        shutil.rmtree(page.home / STATE / "page" / "checkpoints" / "eve" / session / trace(1))
    refused = branched(page, session, number, "eve")
    assert (refused.status_code, "turn" in refused.json()["error"]) == (404, True)


def test_with_a_memory_a_branch_is_kept_there_and_nothing_is_learned_twice(tmp_path: Path) -> None:
    with remembering(tmp_path / "memory") as memory, agent_of(tmp_path, memory.address) as page:
        session = asked(page)
        store, now = memory.service.store, memory.service.clock
        records = [(one.id, one.text) for one in store.records("/", now(), below=True)]
        assert records, "the memory learns from what is said"
        before = [one.id for one in store.events("kim", session, now())]
        branch = branched(page, session, 1).json()["id"]
        assert [(one.id, one.text) for one in store.records("/", now(), below=True)] == records
        assert [one.id for one in store.events("kim", session, now())] == before
        assert called(page.ask(OWN, "kim", branch)) == [{"region": "AMER", "quarter": "2026-Q1"}]
        said = str([one.payload for one in store.events("kim", branch, now())])
        assert (FIRST in said, SECOND in said, session in said) == (True, False, False)


def test_a_memory_that_is_down_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Handler, "protocol_version", "HTTP/1.0")  # no connection outlives its server
    with ExitStack() as running:
        memory = running.enter_context(remembering(tmp_path / "memory"))
        with agent_of(tmp_path, memory.address) as page:
            session = asked(page)
            running.close()
            refused = branched(page, session, 1)
    assert (refused.status_code, "memory" in refused.json()["error"], "make dev" in refused.json()["next"]) == (
        400, True, True,
    )  # fmt: skip
