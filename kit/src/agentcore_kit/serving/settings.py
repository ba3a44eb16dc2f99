"""What the agent knows of itself and where it runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

from agentcore_kit.config.agent import GATEWAYS_VARIABLE, MEMORY_VARIABLE, AgentEnvironment, AgentManifest
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.runtime.private import private_folder
from agentcore_kit.runtime.settings import Settings


@dataclass(frozen=True)
class AgentSettings(Settings):
    """The manifest, the environment, and the folder for local state."""

    manifest: AgentManifest
    environment: AgentEnvironment

    @classmethod
    def from_files(cls) -> Self:
        """Read `manifest.yaml` and the environment that `AGENT_ENV` names.

        Raises:
            ConfigError: When a file is wrong, or conversations could not be kept.
        """
        found = super().from_files()
        with suppress(OSError):  # where nothing is kept, as with a memory, the disk may be read-only
            private_folder(found.state)
        if found.environment.memory is None:
            _check_writable(found.sessions)
        return found

    def require_addresses(self) -> None:
        """Do nothing when it is known where the gateways and the memory are that the manifest names.

        Raises:
            ConfigError: When it is not: an environment in AWS may leave it to its deployment.
        """
        spec, environment = self.manifest.spec, self.environment
        file = f"environments/{environment.name}.yaml"
        missing = [
            f"{file}: gateways.{name}: missing, and {GATEWAYS_VARIABLE} has none either, with which a deployment tells "
            "where it is; on this machine write it into the file"
            for name in spec.tools.gateways
            if name not in environment.gateways
        ]
        if spec.memory and (environment.memory is None or environment.memory.id is None):
            missing.append(
                f"{file}: memory.id: missing, and {MEMORY_VARIABLE} is not set either, with which a deployment tells "
                f"it; on this machine set {MEMORY_VARIABLE}, or write the id into the file"
            )
        if missing:
            raise ConfigError(missing)

    @property
    def sessions(self) -> Path:
        """The folder that keeps the conversations of an agent without a memory."""
        return self.state / "sessions"

    def today(self) -> date:
        """Return the date that the agent is told: the one that its environment states, else today in UTC."""
        return self.environment.day()


def _check_writable(folder: Path) -> None:
    try:
        private_folder(folder)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        text = f"{folder}: {error.strerror}; conversations are kept there, so it must be a folder that takes files"
        raise ConfigError([text]) from None
