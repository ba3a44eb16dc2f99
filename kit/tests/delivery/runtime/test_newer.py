"""`newer` compares the commit with what the environment has: what is live, what a rollback left, what failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.delivery import commits
from agentcore_kit.local.aws_emulator.docker import digest_of
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused
from tests.delivery.template_world import git


@pytest.fixture
def history(world: World, tmp_path: Path) -> list[str]:
    """Return four commits, the oldest first, of a repository in which `newer` looks."""
    folder = tmp_path / "history"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for subject in ("One", "Two", "Three", "Four"):
        git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
    world.monkeypatch.setattr(commits, "repository_root", lambda: folder)
    return git(folder, "rev-list", "--reverse", "HEAD").split()


def at(world: World, commit: str) -> None:
    """Check a commit out, for git and for the commands."""
    git(Path(commits.git_says("rev-parse", "--show-toplevel", missing="")), "checkout", "--quiet", commit)
    world.check_out(commit)


def test_the_first_delivery_and_each_newer_one_may_go(world: World, history: list[str]) -> None:
    for number, commit in enumerate(history[:2]):
        at(world, commit)
        said = world.must("newer", "prod").last
        assert ("no commit is known to be live" in said) == (number == 0)
        world.release(commit)
        assert f"commit {commit[:12]} is live already" in world.must("newer", "prod").last


def test_an_old_run_does_not_replace_a_newer_commit_although_the_run_of_that_was_red(
    world: World, history: list[str]
) -> None:
    one, two, *_ = history
    world.release(two)  # whatever the steps after its promotion made of it
    at(world, one)
    said = f"commit {one[:12]} is older than {two[:12]}, which is live; nothing was changed"
    refused(world.type("newer", "prod"), said, "kit rollback --env prod", code=1)


def test_after_a_rollback_only_what_is_newer_than_both_may_go(world: World, history: list[str]) -> None:
    before, good, left, correction = history
    world.release(good)
    world.release(left)
    world.must("rollback", "prod")
    for commit, said in (
        (left, f"commit {left[:12]} was delivered before as version 2, and was left: callers were taken back from it"),
        (before, f"commit {before[:12]} is older than {good[:12]}, which is live"),
    ):
        at(world, commit)
        refused(world.type("newer", "prod"), said, "nothing was changed", code=1)
    at(world, good)
    assert "is live already" in world.must("newer", "prod").last
    at(world, correction)
    assert f"commit {correction[:12]} is not older than {good[:12]}, which is live" in world.must("newer", "prod").last


def test_what_came_between_the_live_commit_and_the_one_that_was_left_does_not_go(
    world: World, history: list[str]
) -> None:
    good, between, left, _ = history
    world.release(good)
    world.release(left)
    world.must("rollback", "prod")
    at(world, between)
    said = f"older than {left[:12]}, which was left: callers were taken back from it"
    refused(world.type("newer", "prod"), said, code=1)


def test_what_failed_does_not_go_again_and_what_came_before_it_still_does(world: World, history: list[str]) -> None:
    good, waiting, failed, correction = history
    world.release(good)
    world.ready(failed)
    world.must("deploy", "prod")
    world.cloud.broken_images.add(digest_of(failed))
    refused(world.type("smoke", "prod", "--endpoint", "DEFAULT"), "HTTP 500")
    at(world, failed)
    said = f"commit {failed[:12]} was delivered before as version 2, and failed its smoke test"
    refused(world.type("newer", "prod"), said, "kit promote --env prod --version 2", code=1)
    for commit in (waiting, correction):
        at(world, commit)
        world.must("newer", "prod")


def test_an_interrupted_promotion_of_a_newer_commit_counts(world: World, history: list[str]) -> None:
    one, two, *_ = history
    world.release(one)
    world.ready(two)
    world.must("deploy", "prod")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with world.monkeypatch.context() as planned:
        planned.setattr("agentcore_kit.delivery.endpoints.move", killed)
        assert world.type("promote", "prod").code == 130
    at(world, one)
    refused(world.type("newer", "prod"), f"older than {two[:12]}, which live was sent to", code=1)
    at(world, two)
    world.must("newer", "prod")


def test_what_was_promoted_by_name_is_no_longer_left(world: World, history: list[str]) -> None:
    one, two, *_ = history
    world.release(one)
    world.release(two)
    world.must("rollback", "prod")
    world.must("promote", "prod", "--version", "2")
    at(world, two)
    assert "is live already" in world.must("newer", "prod").last


def test_a_rewritten_main_is_said_to_be_one(world: World, history: list[str]) -> None:
    unknown = "f" * 40
    world.release(unknown)
    at(world, history[0])
    assert f"commit {unknown[:12]}, which is live, is not in this history" in world.must("newer", "prod").last


def test_a_shallow_clone_does_not_say_that_an_old_commit_is_a_new_one(
    world: World, history: list[str], tmp_path: Path
) -> None:
    whole, shallow = tmp_path / "history", tmp_path / "shallow"
    one, two, *_ = history
    git(whole, "branch", "old", one)
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "old", whole.as_uri(), str(shallow))
    world.monkeypatch.setattr(commits, "repository_root", lambda: shallow)
    world.must("newer", "prod")  # the first release needs no history
    world.release(two)
    refused(world.type("newer", "prod"), "git fetch --unshallow", code=2)
