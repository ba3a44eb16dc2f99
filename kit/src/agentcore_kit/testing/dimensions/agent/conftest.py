"""The client of the test dimensions. TARGET says where the agent is: local (the default), a URL, or an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.homes import home_in

from agentcore_kit.testing.agent_client import Client, local_agent, remote
from agentcore_kit.testing.reached import reached

TARGET = os.environ.get("TARGET") or "local"


@pytest.fixture(autouse=True)
def known_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the shell's choices of model and telemetry, but not who is signed in."""
    for name in os.environ:
        if name.startswith(("AGENT_", "OTEL_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return the agent: a process of its own on this machine, or the one that TARGET names."""
    with ExitStack() as stack:
        if TARGET == "local":
            yield stack.enter_context(local_agent(home_in(tmp_path_factory.mktemp("dimensions"))))
        else:
            with reached():
                found = remote(TARGET)
            yield found


@pytest.fixture
def local_client(client: Client) -> Client:
    """Return the client where users can be made up, which only a local agent allows."""
    if not client.local:
        pytest.skip("needs development tokens of several users, which only a local agent accepts")
    return client
