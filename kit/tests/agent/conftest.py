"""Fixtures for tests of a served agent: settings with a folder of their own, the service, users, and the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from strands import Agent

from agentcore_kit.config.import_string import import_string
from agentcore_kit.runtime.identity import Caller, authenticate, issue_development_token
from agentcore_kit.serving import AgentSession
from agentcore_kit.serving.models import build_model
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from tests.domains import DOMAINS, Domain

BuildAgent = Callable[[AgentSession], Agent]


@pytest.fixture(scope="session")
def domain(request: pytest.FixtureRequest) -> Domain:
    """Return what the agent in the repository is about."""
    return DOMAINS[request.config.getoption("--starter")]


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    """Return this repository's local settings, with state in a folder of the test's own."""
    return replace(AgentSettings.from_files(), state=tmp_path / "state")


@pytest.fixture
def build_agent() -> BuildAgent:
    """Return the function by which this repository builds its agent."""
    found: BuildAgent = import_string("agent.agent:build_agent")
    return found


@pytest.fixture
def service(settings: AgentSettings, build_agent: BuildAgent) -> Iterator[Service]:
    """Return the agent with its local model."""
    service = Service(settings, build_model(settings), build_agent)
    yield service
    service.close()


@pytest.fixture
def alice(settings: AgentSettings) -> Caller:
    """Return a verified user."""
    return caller(settings, "alice")


def caller(settings: AgentSettings, user_id: str) -> Caller:
    """Return a verified user of that id."""
    token = issue_development_token(user_id, settings.state)
    return authenticate({"Authorization": f"Bearer {token}"}, "development", settings.state)
