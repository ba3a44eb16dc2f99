"""`newer`: may the commit that is checked out be delivered, or has an environment a newer one already?

What an environment has is read from it: the commits of the versions that are live, that a rollback or a canary left,
and that failed their smoke test. A run of the workflow that is started again is told from a new one by that.
"""

from __future__ import annotations

from agentcore_kit.delivery import output
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.commits import commit_named, is_older, is_shallow, short
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.contract import PLATFORM
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError
from agentcore_kit.kinds.base import Delivered

_AGAIN = {"left": "was left: callers were taken back from it", "failed": "failed its smoke test"}
_THAN = {"live": "is live", "begun": "live was sent to", "left": "was left: callers were taken back from it"}


def newer(env: Env = "") -> None:
    """Exit with 1 when the environment has a newer commit than this one, or has left this one: an old run, again."""
    with deployment("newer", env) as context:
        output.plan(["compare this commit with what was delivered; nothing is changed"])
        head = commit_named("HEAD")
        if not head:
            raise CommandError("there is no commit here to compare", "run it in a clone of the repository", WRONG_INPUT)
        before: list[Delivered] = context.kind.delivered(context)
        now = [one.commit for one in before if one.how == "live"]
        # What is live may be delivered again, whatever came before it; but not past one that live was sent to since.
        _refuse(context, head, [one for one in before if one.how == "begun"] if head in now else before)
        unknown = [one for one in before if one.how == "live" and not commit_named(one.commit)]
        if head in now:
            said = f"commit {short(head)} is live already"
        elif unknown:
            live = short(unknown[0].commit)
            said = f"commit {live}, which is live, is not in this history, so which is newer is not known"
        elif now:
            said = f"commit {short(head)} is not older than {short(now[0])}, which is live"
        else:
            said = f"commit {short(head)} can be delivered: no commit is known to be live"
        output.done(f"{env}: {said}")


def _refuse(context: DeploymentContext, head: str, before: list[Delivered]) -> None:
    """Raise CommandError when a commit must not be delivered."""
    if any(one.commit != head for one in before) and is_shallow():
        raise CommandError(
            "this clone is shallow: its history does not say which of two commits is newer",
            "git fetch --unshallow, then the same again (in a workflow: fetch-depth: 0 of actions/checkout)",
            WRONG_INPUT,
        )
    for one in before:
        if one.commit == head and one.how in ("left", "failed"):
            named = f" as version {one.version}" if one.version else ""
            raise CommandError(
                f"commit {short(head)} was delivered before{named}, and {_AGAIN[one.how]}; nothing was changed",
                f"deliver a correction; or, if you are sure: {_by_hand(context, one)}",
                GATE_NOT_PASSED,
            )
        # What failed was never what callers had: an older commit than that may still be newer than what is live.
        if one.how != "failed" and is_older(head, commit_named(one.commit)):
            raise CommandError(
                f"commit {short(head)} is older than {short(one.commit)}, which {_THAN[one.how]}; nothing was changed",
                f"deliver main again instead; to go back on purpose: {_back(context)}",
                GATE_NOT_PASSED,
            )


def _back(context: DeploymentContext) -> str:
    """Return how a component or a platform goes back to what it was."""
    if context.manifest.kind == PLATFORM:
        return "revert the commit, and deliver that"
    return f"kit rollback --env {context.name}"


def _by_hand(context: DeploymentContext, one: Delivered) -> str:
    env = context.name
    if one.version:
        return f"kit promote --env {env} --version {one.version}"
    return f"kit deploy --env {env}, then kit promote --env {env}, on that commit"
