"""The pytest plugin that every generated repository has: no network but this machine, no AWS, no choices of the shell.

It acts where pytest runs in a repository, which has a manifest.yaml, and where `known_surroundings` is asked for.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from pytest_socket import socket_allow_hosts

CHOICES = {"AWS_PROFILE", "DEVELOPMENT_SECRETS", "EVAL_TOKEN", "LOG_LEVEL", "OPENAI_API_KEY", "PORT", "Q"}
"""Variables of a developer's shell that the code under test would read."""

MARKERS = (
    "integration: starts real servers on this machine",
    "dimension: one of the test dimensions before production, run by kit dimensions",
)
SEALED = pytest.StashKey[bool]()
"""Set where the same holds for tests that are not in a repository: those of the kit itself."""

OWN_NETWORK = pytest.StashKey[bool]()
"""Whether the tests may leave this machine, because a deployed component is what they are about."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def acts(config: pytest.Config) -> bool:
    """Return whether the tests are those of a generated repository, or ask for the same."""
    return (config.rootpath / "manifest.yaml").is_file() or config.stash.get(SEALED, False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test that calls another machine fail instead of leaving."""
    if acts(item.config) and not item.config.stash.get(OWN_NETWORK, False):
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


# For a module, so that it also holds for the server that its tests share.
@pytest.fixture(autouse=True, scope="module")
def known_surroundings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget the shell's own choices, and give botocore credentials that open nothing: a call not stubbed fails."""
    if not acts(request.config) or request.config.stash.get(OWN_NETWORK, False):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has it ignored, and its children
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in CHOICES or name.startswith(("AGENT_", "MEMORY_", "OTEL_")):
                patch.delenv(name)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(autouse=True)
def level_of_logs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next test start without the LOG_LEVEL that a command in this process sets for itself."""
    if acts(request.config):
        monkeypatch.setenv("LOG_LEVEL", "")
        monkeypatch.delenv("LOG_LEVEL")
