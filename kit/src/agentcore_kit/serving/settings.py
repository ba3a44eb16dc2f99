"""What the agent knows of itself and where it runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

from agentcore_kit.config.agent import AgentEnvironment, AgentManifest
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

    @property
    def sessions(self) -> Path:
        """The folder that keeps the conversations of an agent without a memory."""
        return self.state / "sessions"

    def today(self) -> date:
        """Return the date that the agent is told: the frozen one of a local environment, else today in UTC."""
        return self.environment.today or datetime.now(UTC).date()


def _check_writable(folder: Path) -> None:
    try:
        private_folder(folder)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        text = f"{folder}: {error.strerror}; conversations are kept there, so it must be a folder that takes files"
        raise ConfigError([text]) from None
