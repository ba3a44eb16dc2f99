"""The commit, which is what a memory's configuration is promoted and rolled back by."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import ssm
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

_COMMITTED = "infra/memory.yaml"
"""Where the template was a file of the repository, before it was made at deployment."""

_GOOD, _LEFT, _MOST = "good-configurations", "left-configurations", 20


def commit() -> str:
    """Return the commit that is checked out.

    Raises:
        CommandError: When there is none, or files are changed.
    """
    try:
        changed, head = git("status", "--porcelain"), git("rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        raise CommandError("there is no commit: this is no git repository yet", "git init, then commit") from None
    if changed:
        files = ", ".join(line[3:] for line in changed.splitlines()[:3])
        raise CommandError(
            f"files are not committed ({files}); what is deployed is a commit", "commit them", WRONG_INPUT
        )
    return head


def in_full(revision: str) -> str:
    """Return the whole id of a commit, however it is named.

    Raises:
        CommandError: When it is not known here.
    """
    try:
        return git("rev-parse", "--verify", f"{revision}^{{commit}}")
    except (OSError, subprocess.CalledProcessError):
        raise CommandError(
            f"commit {revision[:12]} is not in this clone", "git fetch --tags --unshallow, then the same again"
        ) from None


def template_at(revision: str) -> str:
    """Return the memory's template as a commit deploys it: from its manifest and prompts, by the kit that it pins.

    Args:
        revision: A commit or tag.

    Raises:
        CommandError: When it is not known here, cannot be rendered, or pins another kit that it does not hold.
    """
    full = in_full(revision)
    if git("ls-tree", "--name-only", full, _COMMITTED):
        return git("show", f"{full}:./{_COMMITTED}") + "\n"
    with tempfile.TemporaryDirectory(prefix="configuration-") as name:
        folder = Path(name)
        with tarfile.open(fileobj=io.BytesIO(_git("archive", full))) as archive:
            archive.extractall(folder, filter="data")
        variables = {**os.environ, "PYTHONPATH": _kit_of(folder, full)}
        command = [sys.executable, "-m", "agentcore_kit", "render"]
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise CommandError(f"the manifest of {full[:12]} cannot be rendered: {done.stderr.strip()}", _by_hand(full))
        return (folder / ".local" / "infra" / "memory.yaml").read_text(encoding="utf-8")


def _kit_of(folder: Path, revision: str) -> str:
    """Return what PYTHONPATH must be for the kit that a commit pins; empty for the one that runs.

    A newer kit may make another template of the same manifest, and going back means what was deployed then.
    """
    if _pin(folder) == _pin(repository_root()):
        return ""
    wheels = list((folder / "vendor").glob("agentcore_kit-*.whl"))
    if not wheels:
        raise CommandError(
            f"{revision[:12]} pins another agentcore-kit, which is not in its vendor/", _by_hand(revision)
        )
    return str(wheels[0])  # Python imports from a wheel as it is


def _pin(folder: Path) -> str:
    """Return the version of the kit, with its hashes, that a repository's requirements.txt asks for."""
    path = folder / "requirements.txt"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r"^agentcore-kit\b(.*\\\n)*.*", text, re.MULTILINE)
    return found[0] if found else ""


def _by_hand(revision: str) -> str:
    return f"deploy it as it is: git checkout {revision[:12]}, make setup, kit deploy --env …"


def git(*arguments: str) -> str:
    """Return what git says.

    Raises:
        OSError: When there is no git. CalledProcessError: when it fails.
    """
    return _git(*arguments).decode().rstrip()


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=repository_root(), capture_output=True, check=True).stdout  # noqa: S603, S607


def good(context: DeploymentContext) -> list[str]:
    """Return the commits that were active in an environment and passed its smoke test, the last one last."""
    return [each for each in ssm.remembered(context, _GOOD).split(",") if each]


def remember_good(context: DeploymentContext, commits: list[str]) -> None:
    """Remember them; the last twenty are enough to go back."""
    about = "Commits whose configuration was active and good, the last one last"
    ssm.remember(context, _GOOD, ",".join(commits[-_MOST:]), about)


def left(context: DeploymentContext) -> list[str]:
    """Return the commits from which a rollback, or a promotion whose test failed, has gone back, the last one last."""
    return [each for each in ssm.remembered(context, _LEFT).split(",") if each]


def remember_left(context: DeploymentContext, commits: list[str]) -> None:
    """Remember them; SSM keeps no empty value, so none are remembered as one comma."""
    about = "Commits whose configuration was left: by a rollback, or as the test of their promotion failed"
    ssm.remember(context, _LEFT, ",".join(commits[-_MOST:]) or ",", about)
