"""Fixtures for tests of a tool server: settings and a database of the test's own, and a running server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_kit.config.import_string import import_string
from agentcore_kit.evaluation.tool_targets import serving
from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.mcp_server.server import ToolSettings
from tests.tool.calls import Tools


@pytest.fixture
def settings(tmp_path: Path) -> ToolSettings:
    """Return this repository's local settings, with state in a folder of the test's own."""
    return replace(ToolSettings.from_files(), state=tmp_path / "state")


@pytest.fixture(autouse=True)
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own database, and no answer that an earlier one left."""
    backend = import_string("tool.backend:SqliteBackend")(tmp_path / "market.db")
    monkeypatch.setattr("tool.tools.backend", backend)
    for one in TOOLS.values():
        one.answers.clear()


@pytest.fixture
def running(settings: ToolSettings) -> Iterator[Tools]:
    """Return the tools as they are served over HTTP by this process."""
    with serving(settings) as url:
        yield Tools(url, settings.state)
