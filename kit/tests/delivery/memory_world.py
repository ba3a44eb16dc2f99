"""The shell of a repository whose releases are configurations: commits, what is good, what is active."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agentcore_kit.config.manifest import Manifest
from agentcore_kit.delivery.memory import template
from agentcore_kit.delivery.stacks import Stack
from tests.delivery.shell import Shell

COMMIT, SECOND, THIRD = "a" * 40, "b" * 40, "c" * 40


@dataclass
class World(Shell):
    """A shell, in which a commit is checked out. Its template is what the manifest says, without a file."""

    templates: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.check_out(COMMIT)
        self.monkeypatch.setattr(releases, "template_at", self.templates.__getitem__)
        self.monkeypatch.setattr(releases, "in_full", lambda named: named)

    def check_out(self, revision: str, **spec: Any) -> Manifest:
        """Have a commit checked out, whose manifest has another spec."""
        manifest = self.with_manifest(spec=spec)
        self.templates[revision] = text = template.text(manifest.spec)
        for module in (component, releases):
            self.monkeypatch.setattr(module, "commit", lambda: revision)
        body = Stack.body
        assert isinstance(body, property)
        self.monkeypatch.setattr(
            Stack, "body",
            property(lambda stack: text if stack.template == "memory.yaml" else _original(stack)),
        )  # fmt: skip
        return manifest

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


_ORIGINAL = Stack.body.fget  # type: ignore[attr-defined]


def _original(stack: Stack) -> str:
    assert _ORIGINAL
    return str(_ORIGINAL(stack))
