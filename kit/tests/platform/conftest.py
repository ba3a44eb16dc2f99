"""A platform repository of its own for each test, in front of four empty accounts of the emulated AWS."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.server import Server, serving
from agentcore_kit.local.aws_emulator.world import environments, shell
from tests.delivery.shell import Shell, Typed, ready

FIRST_HOUR = ("shared", "dev", "preprod", "prod", "organisation")
"""The environments in the order in which a person deploys them the first time."""


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


class PlatformShell(Shell):
    """A shell in a platform repository: a person's, who types what is asked for, unless CI is set."""

    def type(self, command: str, env: str, *options: str, answer: str = "", **variables: str) -> Typed:
        self.environments = environments() if Path("environments").is_dir() else self.environments
        asked = {"destroy": env}.get(command, "example-platform")
        self.monkeypatch.setattr("sys.stdin", Terminal(f"{answer or asked}\n"))
        return super().type(command, env, *options, **({"CI": ""} | variables))

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the repository."""
        path = Path(file)
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def deploy_all(self) -> None:
        """Deploy every account as a person does the first time."""
        for name in FIRST_HOUR:
            self.must("deploy", name)

    def stacks(self, env: str) -> list[str]:
        """Return the names of the stacks in an environment's account and region, without the platform's name."""
        there = self.at(env).stacks.stacks.values()
        return [one.name.removeprefix("example-platform-") for one in there if one.status != "REVIEW_IN_PROGRESS"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the platform repository, with one commit, that the test works in and may change."""
    copy = tmp_path / "example-platform"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache", "vendor"))
    git = ["git", "-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "first"]):
        subprocess.run([*git, *arguments], cwd=copy, check=True, capture_output=True)
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture(scope="session")
def aws() -> Iterator[Server]:
    """Serve the emulated AWS at one address for all tests."""
    with serving(Cloud()) as server:
        yield server


@pytest.fixture
def platform(
    repository: Path, aws: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> PlatformShell:
    """Return a shell in the repository, in front of empty accounts, with waits that take no time."""
    aws.cloud = cloud = Cloud()
    ready(monkeypatch, shell(aws.address, None, "a.b.c"), patience_seconds=10.0)
    return PlatformShell(cloud, environments(), monkeypatch, capsys)
