"""What a component knows of itself and where it runs: manifest and environment file, read once a process."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from agentcore_kit.config.environment import load_environment
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.config.served import ServedEnvironment
from agentcore_kit.runtime import secrets

STATE_VARIABLE = "AGENT_STATE"
"""Names another folder for what a component keeps."""

LOCAL_STATE = Path(".local")


def state_folder() -> Path:
    """Return the folder for what a component keeps. It is not made by this.

    `AGENT_STATE` names it. Without that it is `.local` in the component's folder, and where that takes no files, as on
    AWS Lambda and wherever the file system is read-only, `agentcore-state` in the temporary folder (`TMPDIR`).
    """
    if named := os.environ.get(STATE_VARIABLE):
        return Path(named)
    if os.access(LOCAL_STATE if LOCAL_STATE.exists() else LOCAL_STATE.parent, os.W_OK | os.X_OK):
        return LOCAL_STATE
    return Path(tempfile.gettempdir()) / "agentcore-state"


STATE = state_folder()
"""Git-ignored folder for what a local run keeps: conversations, traces, databases, the secret of development tokens."""


def own_address() -> str:
    """Return where a server listens: in a container on all addresses, as calls come from outside; else on its own."""
    in_container = Path("/.dockerenv").exists() or bool(os.environ.get("DOCKER_CONTAINER"))
    return "0.0.0.0" if in_container else "127.0.0.1"  # noqa: S104


@dataclass(frozen=True)
class Settings:
    """What a component knows of itself.

    Attributes:
        manifest: What it is, from `manifest.yaml`.
        environment: Where it runs, from `environments/<name>.yaml`.
        state: The folder for what it keeps.
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
