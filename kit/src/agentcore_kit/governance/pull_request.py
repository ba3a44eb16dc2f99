"""A change proposed as a branch and a pull request, without touching what is checked out.

Each step can be repeated: a branch that is there is pushed, and a pull request that is open is named.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agentcore_kit.delivery import output
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.template_release import git

REMOTE = "origin"


@dataclass(frozen=True)
class Proposal:
    """A change of one file.

    Attributes:
        file: The file, relative to the repository.
        change: Returns the new text of the file for the one it has.
        branch: The name of the branch.
        title: Of the commit and the pull request.
        body: What the pull request says.
    """

    file: str
    change: Callable[[str], str]
    branch: str
    title: str
    body: str


def is_repository(root: Path) -> bool:
    """Return whether a folder is the top of a git repository that has a commit."""
    try:
        top = Path(git(root, "rev-parse", "--show-toplevel").strip())
        git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except (CommandError, FileNotFoundError):
        return False
    return top.resolve() == root.resolve()


def base(root: Path) -> str:
    """Return what a branch begins at: the remote's main branch as it is now, else what is checked out."""
    if not has_remote(root):
        return "HEAD"
    try:
        git(root, "fetch", "--quiet", REMOTE)
    except CommandError as error:
        output.step(f"{REMOTE} cannot be asked ({error.message.splitlines()[-1]}); going on with what is known of it")
    for name in (f"refs/remotes/{REMOTE}/HEAD", f"refs/remotes/{REMOTE}/main"):
        if _knows(root, name):
            return name
    return "HEAD"


def has_remote(root: Path) -> bool:
    """Return whether the repository has a remote to push to."""
    return REMOTE in git(root, "remote").split()


def text_at(root: Path, commit: str, file: str) -> str:
    """Return a file's text in a commit.

    Raises:
        CommandError: When the commit does not have it.
    """
    return git(root, "show", f"{commit}:{file}")


def branch_is_here(root: Path, branch: str) -> bool:
    """Return whether there is a branch of a name here."""
    return _knows(root, f"refs/heads/{branch}")


def propose(root: Path, start: str, proposal: Proposal) -> str:
    """Commit a change on a branch of its own, push it and open a pull request, as far as git and gh are at hand.

    Args:
        root: The top of the repository.
        start: The commit that the branch begins at.
        proposal: The change.

    Returns:
        What was reached, and what is to be done now.

    Raises:
        CommandError: When a step fails; the message says what is there, and what to type.
    """
    branch = proposal.branch
    if branch_is_here(root, branch):
        output.step(f"branch {branch} is there already")
    else:
        _commit(root, start, proposal)
        output.step(f"branch {branch} has the change; what is checked out here is as it was")
    create = f"gh pr create --head {branch} --fill"
    if not has_remote(root):
        return f"branch {branch} is here; next: add a remote, git push -u {REMOTE} {branch}, and open a pull request"
    try:
        git(root, "push", "--quiet", "--set-upstream", REMOTE, branch)
    except CommandError as error:
        raise CommandError(
            f"branch {branch} has the change, but cannot be pushed: {error.message}",
            f"correct it, then the same again; or: git push -u {REMOTE} {branch}, then {create}",
        ) from None
    output.step(f"branch {branch} is pushed")
    if shutil.which("gh") is None:
        return f"branch {branch} is pushed; next: open a pull request for it (there is no gh here)"
    try:
        return f"pull request {_opened(root, proposal)}; next: have it reviewed and merged"
    except CommandError as error:
        raise CommandError(
            f"branch {branch} is pushed, but the pull request cannot be opened: {error.message}",
            f"correct it, then the same again; or: {create}",
        ) from None


def _commit(root: Path, start: str, proposal: Proposal) -> None:
    """Commit the change on a new branch, in a working tree of its own; leave no branch behind when that fails."""
    branch = proposal.branch
    try:
        git(root, "var", "GIT_COMMITTER_IDENT")
    except CommandError:
        raise CommandError(
            "git does not know who commits here; nothing was changed",
            'git config --global user.name "…" and git config --global user.email "…", then the same again',
        ) from None
    with tempfile.TemporaryDirectory(prefix="kit-onboard-") as folder:
        tree = Path(folder).resolve() / "tree"
        git(root, "worktree", "add", "--quiet", "--no-track", "-b", branch, str(tree), start)
        done = False
        try:
            path = tree / proposal.file
            with path.open(encoding="utf-8", newline="") as file:
                text = file.read()
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(proposal.change(text))
            git(tree, "add", "--", proposal.file)
            git(tree, "commit", "--quiet", "--message", proposal.title)
            done = True
        finally:
            git(root, "worktree", "remove", "--force", str(tree))
            if not done:
                git(root, "branch", "--quiet", "-D", branch)


def _opened(root: Path, proposal: Proposal) -> str:
    """Return the address of the branch's pull request; open it where there is none."""
    listed = _gh(root, "pr", "list", "--head", proposal.branch, "--state", "open", "--json", "url")
    known = json.loads(listed or "[]")
    if known:
        return str(known[0]["url"])
    made = _gh(root, "pr", "create", "--head", proposal.branch, "--title", proposal.title, "--body", proposal.body)
    return made.strip().splitlines()[-1] if made.strip() else f"of {proposal.branch}"


def _gh(root: Path, *arguments: str) -> str:
    done = subprocess.run(["gh", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603,S607
    if done.returncode:
        raise CommandError(done.stderr.strip() or f"gh ended with {done.returncode}", "correct it, then again")
    return done.stdout


def _knows(root: Path, name: str) -> bool:
    try:
        git(root, "rev-parse", "--verify", "--quiet", name)
    except CommandError:
        return False
    return True
