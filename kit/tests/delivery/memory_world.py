"""The shell of a repository whose releases are configurations: commits, what is good, what is active."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.delivery.memory import commands, template
from agentcore_kit.kinds import memory as kind
from tests.delivery.shell import Shell
from tests.memory.configuration import SPEC

COMMIT, SECOND, THIRD = "a" * 40, "b" * 40, "c" * 40


@dataclass
class World(Shell):
    """A shell, in which a commit is checked out."""

    templates: dict[str, str] = field(default_factory=dict)
    """What each commit deploys."""

    def __post_init__(self) -> None:
        self.check_out(COMMIT)
        self.monkeypatch.setattr(commands, "template_at", self.templates.__getitem__)
        self.monkeypatch.setattr(commands, "in_full", lambda named: named)

    def check_out(self, revision: str, **spec: Any) -> Manifest:
        """Have a commit checked out, whose manifest has another spec."""
        manifest = self.with_manifest(spec=spec)
        self.templates[revision] = template.text(manifest.spec)
        for module in (commands, kind):
            self.monkeypatch.setattr(module, "commit", lambda: revision)
        return manifest

    def with_manifest(self, **changes: Any) -> Manifest:
        """Let the repository have a manifest of the tests' own, but for what is given."""
        spec = {**SPEC.model_dump(by_alias=True), **changes.pop("spec", {})}
        return super().with_manifest(spec=spec, **changes)

    def ready(self) -> None:
        """Let the commit be one that may go to any environment: every one may."""

    def release(self, env: str = "prod") -> None:
        """Bring the commit to an environment, all the way."""
        self.must("deploy", env)
        self.must("promote", env)

    def memory(self, env: str) -> dict[str, Any]:
        """Return the memory of an environment, as the service has it."""
        (found,) = self.at(env).service("bedrock-agentcore-control").memories.values()
        return dict(found)
