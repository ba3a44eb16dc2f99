"""What the local memory knows of itself: manifest and environment file, read once a process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore_kit.config.environment import load_environment, read_environment
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.config.memory import Extractor, MemoryEnvironment, MemorySpec, Strategy
from agentcore_kit.delivery.memory.policies import statements

STATE = Path(".local")
"""The folder, ignored by git, for what the local memory keeps."""

PORT = 8090
"""Where `kit dev` serves, unless another port is said."""


ACCOUNT = "000000000000"
"""The account of ARNs here. There is none: nothing touches AWS."""


@dataclass(frozen=True)
class Settings:
    """The configuration, in the words of the service."""

    name: str
    description: str
    region: str
    spec: MemorySpec
    extractor: Extractor = field(default_factory=Extractor)

    @classmethod
    def from_files(cls) -> Settings:
        """Return what manifest.yaml and environments/local.yaml say, with the variables that override them.

        Raises:
            ConfigError: When one of them is wrong.
        """
        return cls.of(load_manifest())

    @classmethod
    def of(cls, manifest: Manifest, variables: dict[str, str] | None = None) -> Settings:
        """Return the settings of a manifest in the local environment.

        Args:
            manifest: Of a memory.
            variables: What overrides environments/local.yaml; the process environment where they are left out.
        """
        local = load_environment(manifest) if variables is None else read_environment("local", manifest, variables)
        about = manifest.metadata
        extractor = local.extractor if isinstance(local, MemoryEnvironment) else Extractor()
        return cls(about.name.replace("-", "_"), about.description, local.region, manifest.spec, extractor)

    @property
    def memory_id(self) -> str:
        """The id of the local memory, for environment files and clients: it never changes."""
        return f"{self.name}-localstore"

    @property
    def arn(self) -> str:
        """Its ARN, as the service would write it."""
        return f"arn:aws:bedrock-agentcore:{self.region}:{ACCOUNT}:memory/{self.memory_id}"

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """Return what each consumer may do, by its name."""
        return {each.name: statements(self.spec, each, self.arn) for each in self.spec.consumers}


def strategy_id(strategy: Strategy) -> str:
    """Return the id of a strategy: its name and ten characters, as the service makes them."""
    return f"{strategy.name}-localstore"
