"""The pytest plugin that every generated repository has: no network but this machine, no AWS, no choices of the shell.

It acts where pytest runs in a repository, which has a manifest.yaml, and where `known_surroundings` is asked for.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from pytest_socket import socket_allow_hosts

from agentcore_kit.runtime.proxies import exempt_loopback
from agentcore_kit.testing.surroundings import surroundings_of_tests

CHOICES = {"AWS_PROFILE", "DEVELOPMENT_SECRETS", "EVAL_TOKEN", "LOG_LEVEL", "OPENAI_API_KEY", "PORT", "Q"}
"""Variables of a developer's shell that the code under test would read."""

MARKERS = (
    "integration: starts real servers on this machine",
    "dimension: one of the test dimensions before production, run by kit dimensions",
)
SEALED = pytest.StashKey[bool]()
"""Set where the same holds for tests that are not in a repository: those of the kit itself."""

SECRETS = pytest.StashKey[tuple[str, ...]]()
"""The secrets that the local environment names. Tests are the same with and without them in the shell."""

OWN_NETWORK = pytest.StashKey[bool]()
"""Whether the tests may leave this machine, because a deployed component is what they are about."""


MISSING = pytest.StashKey[list[str]]()
"""Lines that say what tests had to do without."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and set the variables of the local environment, which code may read when it is imported."""
    exempt_loopback()
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if (config.rootpath / "manifest.yaml").is_file():
        config.stash[SECRETS] = _set_variables()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which secrets the tests run without."""
    names = config.stash.get(SECRETS, ())
    return (
        [f"secrets: the tests run without {', '.join(names)}; one that needs it sets a value itself"] if names else []
    )


def _set_variables() -> tuple[str, ...]:
    """Set the variables of the local environment, and return the names of its secrets."""
    from agentcore_kit.config.environment import read_environment
    from agentcore_kit.config.errors import ConfigError
    from agentcore_kit.config.manifest import load_manifest
    from agentcore_kit.config.served import ServedEnvironment
    from agentcore_kit.runtime.secrets import set_variables

    try:
        environment = read_environment("local", load_manifest())
    except ConfigError:  # the check of the manifest says what is wrong
        return ()
    if not isinstance(environment, ServedEnvironment):
        return ()
    set_variables(environment.model_copy(update={"secrets": {}}))
    return tuple(environment.secrets)


def acts(config: pytest.Config) -> bool:
    """Return whether the tests are those of a generated repository, or ask for the same."""
    return (config.rootpath / "manifest.yaml").is_file() or config.stash.get(SEALED, False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test that calls another machine fail instead of leaving."""
    if acts(item.config) and not item.config.stash.get(OWN_NETWORK, False):
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def agent_surroundings(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Start what an agent has around it: a memory of the tests' own, and its gateways as they were recorded.

    Returns:
        The variables that put it in the place of what `environments/local.yaml` names; none where there is nothing.
    """
    if not acts(request.config) or request.config.stash.get(OWN_NETWORK, False):
        yield {}
        return
    with surroundings_of_tests() as found:
        request.config.stash[MISSING] = [*found.missing.values()]
        yield found.variables


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was missing, a line each."""
    for line in terminalreporter.config.stash.get(MISSING, []):
        terminalreporter.write_line(line)


# For a module, so that it also holds for the server that its tests share.
@pytest.fixture(autouse=True, scope="module")
def known_surroundings(request: pytest.FixtureRequest, agent_surroundings: dict[str, str]) -> Iterator[None]:
    """Forget the shell's own choices, and give botocore credentials that open nothing: a call not stubbed fails."""
    if not acts(request.config) or request.config.stash.get(OWN_NETWORK, False):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has it ignored, and its children
    with pytest.MonkeyPatch.context() as patch:
        secrets = request.config.stash.get(SECRETS, ())
        for name in list(os.environ):
            if name in CHOICES or name in secrets or name.startswith(("AGENT_", "MEMORY_", "OTEL_")):
                patch.delenv(name)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name, value in agent_surroundings.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def level_of_logs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next test start without the LOG_LEVEL that a command in this process sets for itself."""
    if acts(request.config):
        monkeypatch.setenv("LOG_LEVEL", "")
        monkeypatch.delenv("LOG_LEVEL")
