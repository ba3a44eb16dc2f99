"""What the tests of a repository have around them, whichever kind it is of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agentcore_kit.config.agent import AgentEnvironment, AgentManifest
from agentcore_kit.config.errors import ConfigError

if TYPE_CHECKING:
    from agentcore_kit.local.surroundings import Surroundings


@contextmanager
def surroundings_of_tests() -> Iterator[Surroundings]:
    """Start what the agent of this repository needs around it; nothing for another kind, or for wrong files.

    Raises:
        ConfigError: When the recording of a gateway is none.
    """
    from agentcore_kit.config.environment import read_environment
    from agentcore_kit.config.manifest import load_manifest
    from agentcore_kit.local.surroundings import Surroundings, surroundings

    try:
        manifest = load_manifest()
        environment = read_environment("local", manifest)
    except ConfigError:  # the tests, and `make check`, say what is wrong with them
        yield Surroundings()
        return
    if not isinstance(manifest, AgentManifest) or not isinstance(environment, AgentEnvironment):
        yield Surroundings()
        return
    with surroundings(manifest, environment) as found:
        yield found
