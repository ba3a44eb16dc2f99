"""The commit, which is what a memory's configuration is promoted and rolled back by."""

from __future__ import annotations

import subprocess

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import ssm
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError


def commit() -> str:
    """Return the commit that is checked out. Raises Stop when there is none, or files are changed."""
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
    """Return the whole id of a commit, however it is named. Raises Stop when it is not known here."""
    return _of(revision, "rev-parse", "--verify", f"{revision}^{{commit}}")


def template_at(revision: str) -> str:
    """Return infra/memory.yaml as it was in a commit or tag. Raises Stop when it is not known here."""
    return _of(revision, "show", f"{revision}:infra/memory.yaml") + "\n"


def _of(revision: str, *arguments: str) -> str:
    try:
        return git(*arguments)
    except (OSError, subprocess.CalledProcessError):
        raise CommandError(
            f"commit {revision[:12]} is not in this clone", "git fetch --tags --unshallow, then the same again"
        ) from None


def git(*arguments: str) -> str:
    """Return what git says."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=repository_root(), capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.rstrip()


_GOOD, _MOST = "good-configurations", 20


def good(context: DeploymentContext) -> list[str]:
    """Return the commits that were active in an environment and passed its smoke test, the last one last."""
    return [each for each in ssm.remembered(context, _GOOD).split(",") if each]


def remember_good(context: DeploymentContext, commits: list[str]) -> None:
    """Remember them; the last twenty are enough to go back."""
    about = "Commits whose configuration was active and good, the last one last"
    ssm.remember(context, _GOOD, ",".join(commits[-_MOST:]), about)
