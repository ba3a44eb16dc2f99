"""What `kit dimensions` was asked for, as its tests read it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import Environment, environment_name, read_environment
from agentcore_kit.config.manifest import load_manifest

LOCAL = "local"


@dataclass(frozen=True)
class DimensionOptions:
    """The options of `kit dimensions`.

    Attributes:
        target: `local` (a process of its own on this machine), a URL, or an environment in AWS.
        endpoint: The endpoint of a deployed component; empty for its newest version.
        rows: So many rows of each category are asked, 0 for all; None to choose by the model.
    """

    target: str = LOCAL
    endpoint: str = ""
    rows: int | None = None

    @property
    def is_local(self) -> bool:
        """Whether the tests start the component themselves."""
        return self.target == LOCAL

    def environment(self) -> Environment:
        """Return the environment whose limits hold: the target's, and for a URL that of AGENT_ENV.

        Raises:
            ConfigError: When its file is wrong.
        """
        named = self.target in environment_names()
        return read_environment(self.target if named else environment_name(), load_manifest())


_OPTIONS = pytest.StashKey[DimensionOptions]()

LEFT_OUT = pytest.StashKey[list[str]]()
"""Lines that say which rows were left out, and what was missing."""


class OptionsPlugin:
    """Hands the options to the tests of one pytest run."""

    def __init__(self, options: DimensionOptions) -> None:
        self._options = options
        self.interrupted = False

    def pytest_configure(self, config: pytest.Config) -> None:
        """Keep the options with the configuration; a deployed component is reached over the network."""
        from agentcore_kit.testing.plugin import OWN_NETWORK

        config.stash[_OPTIONS] = self._options
        config.stash[LEFT_OUT] = []
        config.stash[OWN_NETWORK] = not self._options.is_local

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was left out, a line each."""
        for line in terminalreporter.config.stash[LEFT_OUT]:
            terminalreporter.write_line(line)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that it was the user who ended the tests, and not one of them."""
        self.interrupted = not isinstance(excinfo.value, pytest.exit.Exception)


def dimension_options(config: pytest.Config) -> DimensionOptions:
    """Return the options of this run; the defaults where pytest was not started by `kit dimensions`."""
    return config.stash.get(_OPTIONS, DimensionOptions())
