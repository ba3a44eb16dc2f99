"""The server of the test dimensions. TARGET says where it is: local (the default), a URL, or an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.homes import home_in

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.testing.reached import reached
from agentcore_kit.testing.tool_client import Served, local_tools, remote

TARGET = os.environ.get("TARGET") or "local"


@pytest.fixture(autouse=True)
def known_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the shell's choices of telemetry, but not who is signed in."""
    for name in os.environ:
        if name.startswith(("AGENT_", "OTEL_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the tools: a process of its own on this machine, or those that TARGET names. A function is no server."""
    with ExitStack() as stack:
        if TARGET == "local" or load_manifest().spec.target == "lambda":
            yield stack.enter_context(local_tools(home_in(tmp_path_factory.mktemp("dimensions"))))
        else:
            with reached():
                found = remote(TARGET)
            yield found
