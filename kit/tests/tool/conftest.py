"""Fixtures for tests of a tool server: settings and a database of the test's own, and running servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentcore_kit.config.import_string import import_string
from agentcore_kit.evaluation.tool_targets import serving
from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.mcp_server.server import ToolSettings
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.testing.server_process import answers, copy_of_repository
from agentcore_kit.testing.tool_client import USER, Served
from tests.homes import free_port
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


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the tools as `make dev` serves them, in a process and a copy of the repository of their own."""
    home = copy_of_repository(tmp_path_factory.mktemp("dev"))
    port = free_port()
    command = [sys.executable, "-m", "agentcore_kit", "dev", "--port", str(port)]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, start_new_session=True)
    try:
        assert answers(f"http://127.0.0.1:{port}/ping", server), (home / "server.log").read_text()
        yield Served(f"http://127.0.0.1:{port}/mcp", issue_development_token(USER, home / ".local"), home)
    finally:
        os.killpg(server.pid, signal.SIGINT)  # as Ctrl-C: to the watcher and to the server that it has started
        server.wait(timeout=120)
