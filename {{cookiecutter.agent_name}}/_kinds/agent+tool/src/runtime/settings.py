"""What a component knows of itself and where it runs: manifest and environment file, read once a process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ops.document import DocumentError
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
    def from_files(cls) -> Self:
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


def secrets_folder() -> Path:
    """Return the folder of the secret that signs development tokens.

    It is this component's own, unless `DEVELOPMENT_SECRETS` names that of another repository, whose users are to be let
    in. Raises DocumentError when that is none: a secret made in the wrong place would let nobody in.
    """
    folder = Path(os.environ.get("DEVELOPMENT_SECRETS") or STATE)
    if folder != STATE and not (folder.parent / "manifest.yaml").is_file():
        raise DocumentError(
            [f"{folder.parent} is no repository: it has no manifest.yaml; for example TRUST=../my-agent"]
        )
    return folder
