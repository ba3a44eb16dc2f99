"""Fixtures for tests of the evaluation: settings with a folder of their own, and what the agent is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_kit.serving.settings import AgentSettings
from tests.domains import DOMAINS, Domain


@pytest.fixture(scope="session")
def domain(request: pytest.FixtureRequest) -> Domain:
    """Return what the agent in the repository is about."""
    return DOMAINS[request.config.getoption("--starter")]


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    """Return this repository's local settings, with state in a folder of the test's own."""
    return replace(AgentSettings.from_files(), state=tmp_path / "state")
