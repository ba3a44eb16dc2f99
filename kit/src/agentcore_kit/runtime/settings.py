"""What a component knows of itself and where it runs: manifest and environment file, read once a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from agentcore_kit.config.environment import load_environment
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.config.served import ServedEnvironment
from agentcore_kit.runtime import secrets

STATE = Path(".local")
"""Git-ignored folder for what a local run keeps: conversations, traces, the secret of development tokens."""


@dataclass(frozen=True)
class Settings:
    """What a component knows of itself.

    Attributes:
        manifest: What it is, from `manifest.yaml`.
        environment: Where it runs, from `environments/<name>.yaml`.
        state: The folder for what a local run keeps.
    """

    manifest: Manifest
    environment: ServedEnvironment
    state: Path = STATE

    @classmethod
    def from_files(cls) -> Self:
        """Read `manifest.yaml` and the environment that `AGENT_ENV` names, and set the variables that this names.

        Raises:
            ConfigError: When a file is wrong.
        """
        manifest = load_manifest()
        environment: Any = load_environment(manifest)  # of the same kind as the manifest
        if isinstance(environment, ServedEnvironment):
            secrets.set_variables(environment)
        return cls(manifest, environment)

    @property
    def name(self) -> str:
        """The component's name."""
        return self.manifest.metadata.name

    @property
    def description(self) -> str:
        """One sentence on what the component does."""
        return self.manifest.metadata.description
