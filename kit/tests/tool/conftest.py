"""Fixtures for all tests: settings and a database of the test's own, a running server, and no AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tool import tools
from tool.backend import SqliteBackend

from agentcore_kit.evaluation.tool_targets import serving
from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.mcp_server.server import ToolSettings
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.testing.surroundings import known_surroundings, level_of_logs
from tests.tool.calls import Tools

__all__ = ["known_surroundings", "level_of_logs"]


@pytest.fixture
def settings(tmp_path: Path) -> ToolSettings:
    """Return this repository's local settings, with state in a folder of the test's own."""
    return replace(ToolSettings.from_files(), state=tmp_path / "state")


@pytest.fixture(autouse=True)
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteBackend:
    """Give each test its own database, and no answer that an earlier one left."""
    backend = SqliteBackend(tmp_path / "market.db")
    monkeypatch.setattr(tools, "backend", backend)
    for one in TOOLS.values():
        one.answers.clear()
    return backend


@pytest.fixture
def alice() -> Caller:
    """Return a user."""
    return Caller("alice")


@pytest.fixture
def bob() -> Caller:
    """Return another user."""
    return Caller("bob")


@pytest.fixture
def running(settings: ToolSettings) -> Iterator[Tools]:
    """Return the tools as they are served over HTTP by this process."""
    with serving(settings) as url:
        yield Tools(url, settings.state)
