"""Whatever a laptop keeps of conversations, traces, tokens and evaluations is closed to its other users."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.evaluation.runs import open_run
from agentcore_kit.runtime.identity import Caller, issue_development_token
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.conftest import BuildAgent
from tests.agent.test_turn import ask

pytestmark = pytest.mark.usefixtures("usual_umask")


def open_to_others(folder: Path) -> list[str]:
    return [str(each.relative_to(folder)) for each in folder.rglob("*") if each.stat().st_mode & 0o077]


def reached_by_others(folder: Path) -> list[str]:
    """Return the files that others can read: whose folders are all open too."""
    found = []
    for name in open_to_others(folder):
        path = folder / name
        above = [each for each in path.parents if each.is_relative_to(folder) and each != folder]
        if path.is_file() and all(each.stat().st_mode & 0o011 for each in above):
            found.append(name)
    return found


def one_turn(settings: AgentSettings, build_agent: BuildAgent, caller: Caller) -> None:
    service = Service(settings, build_model(settings), build_agent)
    ask(service, caller, "Hello?")
    service.close()


def test_conversations_and_secrets(settings: AgentSettings, build_agent: BuildAgent, alice: Caller) -> None:
    one_turn(settings, build_agent, alice)
    assert len([each for each in settings.state.rglob("*") if each.is_file()]) > 1, "the secret and the conversation"
    assert open_to_others(settings.state) == []


def test_what_an_earlier_release_left_open(settings: AgentSettings, build_agent: BuildAgent, alice: Caller) -> None:
    one_turn(settings, build_agent, alice)
    for each in settings.state.rglob("*"):
        each.chmod(0o755 if each.is_dir() else 0o644)
    assert len(reached_by_others(settings.state)) > 1
    issue_development_token("alice", settings.state)
    one_turn(settings, build_agent, alice)
    assert reached_by_others(settings.state) == []
    assert not (settings.state / "development-secret").stat().st_mode & 0o077


def test_runs_of_an_evaluation(tmp_path: Path) -> None:
    folder = open_run(tmp_path / "results", "one", "", {"target": "local"})
    assert not folder.stat().st_mode & 0o077
