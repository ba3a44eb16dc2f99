"""Fixtures for all tests: settings with a folder of their own, and no AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_kit.runtime.identity import Caller, authenticate, issue_development_token
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings
from agentcore_kit.testing.surroundings import known_surroundings, level_of_logs

__all__ = ["known_surroundings", "level_of_logs"]


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    """Return this repository's local settings, with state in a folder of the test's own."""
    return replace(AgentSettings.from_files(), state=tmp_path / "state")


@pytest.fixture
def service(settings: AgentSettings) -> Iterator[Service]:
    """Return the agent with its local model."""
    from agentcore_kit.serving.models import build_model

    service = Service(settings, build_model(settings))
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
