"""The shell of a repository whose releases are images: commits, what passed pre-production, what is live."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.delivery import images, names
from agentcore_kit.kinds.base import kind_of
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.aws_emulator.images import Images
from tests.delivery.shell import Shell

COMMIT, SECOND, THIRD = "a" * 40, "b" * 40, "c" * 40


def kind_path() -> str:
    """Return where the class of this kind of repository is."""
    kind = type(kind_of(repository_kind()))
    return f"{kind.__module__}.{kind.__name__}"


@dataclass
class World(Shell):
    """A shell, in which a commit is checked out."""

    def __post_init__(self) -> None:
        self.check_out(COMMIT)

    def check_out(self, revision: str) -> None:
        """Have a commit checked out."""
        self.monkeypatch.setattr(images, "commit", lambda: revision)

    def compares_nothing(self) -> None:
        """Let a version be promoted whatever it serves: what a kind compares before that has tests of its own."""
        self.monkeypatch.setattr(f"{kind_path()}.before_promotion", lambda *_: None)

    def commit(self, revision: str) -> str:
        """Make a commit, push its image as `build` does, and return the image's digest."""
        self.check_out(revision)
        name, ecr = self._images()
        ecr.push(name, digest_of(revision), revision)
        return digest_of(revision)

    def passed(self, revision: str) -> None:
        """Mark the image of a commit as one that passed pre-production."""
        digest = digest_of(revision)
        name, ecr = self._images()
        ecr.push(name, digest, names.passed_tag(images.dataset_version(), digest))

    def _images(self) -> tuple[str, Images]:
        shared = self.environments["prod"]
        found = self.cloud.at(str(shared.shared_account), shared.region).images
        (name,) = found.repositories
        return name, found

    def ready(self, revision: str = COMMIT) -> None:
        """Let a commit be one that may go to any environment."""
        self.commit(revision)
        self.passed(revision)

    def release(self, revision: str = COMMIT, env: str = "prod") -> None:
        """Bring a commit to an environment, all the way."""
        self.ready(revision)
        self.must("deploy", env)
        self.must("promote", env)

    def live(self, env: str) -> str | None:
        """Return the version that callers of an environment get."""
        runtimes = list(self.at(env).runtimes.runtimes.values())
        live = runtimes[0].endpoints.get(names.LIVE) if runtimes else None
        return live.live if live else None

    def account_of(self, command: str, environment: Environment) -> str | None:
        return environment.shared_account if command == "build" else environment.account
