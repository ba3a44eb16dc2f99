"""What the agent knows of itself and where it runs: the manifest and the environment file, read once a process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ops.environment import Environment, load_environment
from ops.manifest import Manifest, load_manifest

STATE = Path(".local")
"""Git-ignored folder for what a local run keeps: conversations, traces, the secret of development tokens."""


@dataclass(frozen=True)
class Settings:
    """The manifest, the environment, and the folder for local state."""

    manifest: Manifest
    environment: Environment
    state: Path = STATE

    @classmethod
    def from_files(cls) -> Settings:
        """Read `manifest.yaml` and the environment that `AGENT_ENV` names. Raises the errors of their loaders."""
        manifest = load_manifest()
        return cls(manifest, load_environment(manifest))

    @property
    def name(self) -> str:
        """The component's name."""
        return self.manifest.metadata.name

    @property
    def description(self) -> str:
        """One sentence on what the component does."""
        return self.manifest.metadata.description

    def today(self) -> date:
        """Return the date that the agent is told: the frozen one of a local environment, else today in UTC."""
        return self.environment.today or datetime.now(UTC).date()
