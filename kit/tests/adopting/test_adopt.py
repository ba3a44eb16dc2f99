"""`kit adopt`: what was written elsewhere is checked, tested, evaluated, served and delivered as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentcore_kit.checks.commands import TOOLS, steps
from agentcore_kit.testing.agent_client import local_agent, new_session
from agentcore_kit.testing.server_process import copy_of_repository
from tests.adopting.conftest import Adopt, kit
from tests.adopting.foreign import DESK, FERRIES, LIBRARIAN, WEATHER, written
from tests.authoring.typed import code_of_the_copy, contents
from tests.delivery.runtime_world import World

AGENTS = pytest.mark.parametrize(
    ("files", "question", "answered"),
    [
        (WEATHER, "Get the current weather for Oslo, please.", "5.0"),
        (LIBRARIAN, "Find the shelf on which a book stands: title Dune.", "shelf 12"),
        (DESK, "Tell how many people a meeting room is for: room Aalto.", "12"),
    ],
    ids=["module", "class", "function-with-mcp"],
)


def test_it_passes_what_every_repository_must(adopted: Adopt, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `kit adopt` has tried of each agent in a copy is typed once more for one of them, where it was written."""
    repository, source, said = adopted(DESK)
    for name, content in contents(source).items():
        assert (repository / "src" / source.name / name).read_bytes() == content, "the code stays as it is"
    monkeypatch.chdir(repository)
    for step in steps():
        if not step.command[0].startswith(str(TOOLS)):  # installed in a repository's own .venv alone
            done = subprocess.run(step.command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{step.name}: {done.stdout}{done.stderr}"
    rows = [json.loads(row) for row in (repository / "evals/dataset.jsonl").read_text().splitlines()]
    assert {row["metadata"]["expect"][0][0]["outcome"] for row in rows} == {"answer", "decline"}
    assert all(f'"{name}"' not in str(rows) for name in ("getQuarterlyRevenue", "calculateGrowth"))
    for words in (("eval",), ("redteam",)):
        done = kit(*words, here=repository)
        assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "what is left to you:" in said


@AGENTS
def test_it_is_served_to_users_who_have_nothing_in_common(
    adopted: Adopt,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    files: dict[str, str],
    question: str,
    answered: str,
) -> None:
    repository, _, _ = adopted(files)
    monkeypatch.chdir(repository)
    home = copy_of_repository(tmp_path)
    before = {path for path in home.rglob("*") if ".local" not in path.parts}
    with local_agent(home) as agent:
        session = new_session()
        assert answered in agent.ask(question, session)["answer"]
        assert agent.ask("Please write a poem about the sea.", session)["toolCalls"] == []
        other = agent.as_user("somebody-else").ask(question, session)
        assert answered in other["answer"]
        assert len(other["toolCalls"]) == 1
    after = {path for path in home.rglob("*") if not {".local", "__pycache__"} & {*path.parts}}
    assert after - before == {home / "server.log"}, "an image has no place for files of the agent's own sessions"


@AGENTS
def test_it_is_delivered(
    adopted: Adopt,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    files: dict[str, str],
    question: str,
    answered: str,
) -> None:
    monkeypatch.chdir(adopted(files)[0])
    world: World = request.getfixturevalue("world")
    with code_of_the_copy():
        world.release()
        assert world.live("prod") == "1"
        world.must("smoke", "prod")


@AGENTS
def test_typed_again_it_changes_nothing(adopted: Adopt, files: dict[str, str], question: str, answered: str) -> None:
    repository, source, _ = adopted(files)
    before = contents(repository)
    done = kit("adopt", str(source), here=repository)
    assert (done.returncode, done.stdout.splitlines()[-1][:18]) == (0, "nothing to change:"), done.stderr
    assert contents(repository) == before


def test_what_is_the_sessions_and_what_is_left_is_said(adopted: Adopt) -> None:
    _, _, said = adopted(LIBRARIAN)
    assert "session manager (librarian.py:36): replaced by the session's" in said
    assert "is replaced by `model` of environments/<name>.yaml" in said
    assert "the code reads LIBRARIAN_MODEL" in said
    _, _, said = adopted(DESK)
    assert "no row for cancel_booking: by its name or description it may do more than read, so it was not run" in said
    assert "assistant.py:16: an agent is made in a function; one that the code makes while it answers has" in said
    assert "removed:\n  src/agent/backend.py\n" in said


def test_tools_that_may_change_something_are_never_run_while_adopting(tmp_path: Path, repository: Path) -> None:
    """The model of this machine chooses them for a question to decline, and for an attack."""
    (tmp_path / "left").mkdir()
    files = {name: text.replace("WHERE", str(tmp_path / "left")) for name, text in FERRIES.items()}
    done = kit("adopt", str(written(tmp_path / "foreign", files)), "--yes", here=repository)
    assert "`kit redteam` does not pass" in done.stderr, done.stdout + done.stderr
    assert [*(tmp_path / "left").iterdir()] == []


def test_a_tool_can_be_added_to_it(adopted: Adopt, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(adopted(WEATHER)[0], tmp_path / "copy"))
    done = kit("add", "tool", "getTicketPrice", "--parameter", "hall", "--values", "Nord,Sued", "--yes", here=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = kit("ask", "What is the ticket price of Sued?", here=copy)
    assert "111.5" in asked.stdout
    assert "5.0" in kit("ask", "Get the current weather for Oslo, please.", here=copy).stdout
