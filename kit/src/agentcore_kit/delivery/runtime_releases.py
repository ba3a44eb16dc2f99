"""What delivery must know of anything that runs on AgentCore Runtime: its releases are images, its versions numbers."""

from __future__ import annotations

from collections.abc import Iterator

from agentcore_kit.delivery import endpoint_state, endpoints, images, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_history import clock
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.names import stack
from agentcore_kit.kinds.base import Delivered, How, ReleaseData


def release(context: DeploymentContext, digest: str) -> str:
    """Return the image of a digest, or of the commit that is checked out, by digest."""
    return images.find(context, digest).uri


def allow(context: DeploymentContext, release: str) -> None:
    """Raise CommandError unless the image has passed pre-production, where it must have."""
    if context.is_production and not (found := images.proof(context, images.digest_in(release))).passed:
        before = context.manifest.delivery.preproduction
        raise CommandError(
            f"image {found.short} has not passed pre-production with this dataset; production is untouched",
            f"kit deploy --env {before}, then kit gate --env {before}",
            GATE_NOT_PASSED,
        )


def deployed(context: DeploymentContext, release: str) -> str:
    """Return which version a deployment has made. Callers stay on what is live."""
    version, short = endpoints.runtime(context).newest, images.digest_in(release)[:19]
    return (
        f"version {version} deployed ({short}), {live(context)}; "
        f"next: kit smoke --env {context.name} --endpoint DEFAULT, then kit promote --env {context.name}"
    )


def live(context: DeploymentContext) -> str:
    """Return which version callers get, as the service has it."""
    names = stacks.outputs(context, stack(context.component, context.name, "runtime"))
    found = endpoints.state(context, names["RuntimeId"]) if "RuntimeId" in names else None
    if found is None or found.live is None:
        return "nothing is live"
    return f"live: version {found.live}" + (f" (moving to {found.target})" if found.moving else "")


def status(context: DeploymentContext) -> list[str]:
    """Return the newest version, those that were good, left or failed, the canary, and what is live since when."""
    state = endpoint_state.find(context)
    if state is None:
        return [f"nothing is deployed; next: kit deploy --env {context.name}"]
    newest = images.digest_in(endpoints.image_of(context, state.runtime.id, state.runtime.newest))
    return [
        f"newest version {state.runtime.newest} ({newest[:19]})",
        f"good versions  {', '.join(state.good) or 'none yet'}",
        *_more(context, state),
        f"{live(context)}{_of_live(context, state)}{_next(context, state)}",
    ]


def data(context: DeploymentContext) -> ReleaseData:
    """Return the same for other programs."""
    state = endpoint_state.find(context)
    if state is None:
        return {"live": None, "newest": None, "good": []}
    canary = context.kind.running_canary(context, state)
    return {
        "live": state.live,
        "newest": state.runtime.newest,
        "good": state.good,
        "left": state.left,
        "failed": state.failed,
        "newer": newer_than_live(state),
        "untested": state.untested or None,
        "since": state.past.since or (state.moved.isoformat(timespec="seconds") if state.moved else None),
        "why": state.past.why or None,
        "commit": commit_of(context, state, state.live) or None if state.live else None,
        "canary": canary.model_dump(include={"version", "control", "percent", "since"}) if canary else None,
    }


def newer_than_live(state: EndpointState) -> list[str]:
    """Return the versions that were deployed after what is live, the oldest first."""
    return [str(number) for number in range(int(state.live or 0) + 1, int(state.runtime.newest) + 1)]


def commit_of(context: DeploymentContext, state: EndpointState, version: str) -> str:
    """Return the commit of a version, from the tags of its image; empty when the image does not tell."""
    digest = images.digest_in(endpoints.image_of(context, state.runtime.id, version))
    return images.commit_of(context, digest)


def delivered(context: DeploymentContext) -> list[Delivered]:
    """Return the commits of the versions that are live, on their way to be, were left, or failed."""
    state = endpoint_state.find(context)
    if state is None:
        return []
    versions: list[tuple[How, str | None]] = [("live", state.live), ("begun", state.target), ("begun", state.untested)]
    versions += [("left", version) for version in state.left] + [("failed", version) for version in state.failed]
    found: list[Delivered] = []
    for how, version in versions:
        if version and version not in [known.version for known in found]:
            commit = commit_of(context, state, version)
            found += [Delivered(commit, how, version)] if commit else []
    return found


def _more(context: DeploymentContext, state: EndpointState) -> Iterator[str]:
    """Yield what is there only at times."""
    if state.left:
        yield f"left versions  {', '.join(state.left)}: a rollback or a canary took callers away from them"
    if state.failed:
        yield f"failed         {', '.join(state.failed)}: the last smoke test of each failed"
    if newer := newer_than_live(state):
        yield f"newer than live {', '.join(newer)}"
    if canary := context.kind.running_canary(context, state):
        yield (
            f"canary         version {canary.version} has {canary.percent} % of the sessions, against version "
            f"{canary.control}{f', since {clock(canary.since)}' if canary.since else ''}"
        )
    if done := state.automatic:
        yield (
            f"automatic      from version {done.from_version} to {done.to} at {clock(done.at)}: {done.why}; "
            "no person has moved live since"
        )


def _of_live(context: DeploymentContext, state: EndpointState) -> str:
    """Return commit and age of what is live."""
    if not state.live:
        return ""
    commit = commit_of(context, state, state.live)
    since = f"moved {state.moved:%Y-%m-%d %H:%M} UTC" if state.moved else ""
    why = "" if state.untested else state.past.why
    told = "; ".join(each for each in (f"commit {commit[:12]}" if commit else "commit unknown", since, why) if each)
    return f" ({told})"


def _next(context: DeploymentContext, state: EndpointState) -> str:
    env, newest = context.name, state.runtime.newest
    if state.untested:
        begun = f", begun {clock(state.past.since)}," if state.past.since else ""
        goes_back = state.untested in state.good
        verb = f"kit rollback --env {env}" if goes_back else f"kit promote --env {env}, or kit rollback"
        return f"; the test of version {state.untested}{begun} was interrupted or is running; next: {verb}"
    if state.canary and state.canary.decided:
        return f"; the canary's end was interrupted; next: kit canary --env {env} --decide, or kit rollback"
    if newest in state.left:
        return f"; a rollback left version {newest}; next: build and deploy a correction"
    if newest in state.failed:
        return f"; version {newest} failed its smoke test; next: build and deploy a correction"
    if state.canary:
        return f"; next: kit canary --env {env} --decide"
    return "" if state.live == newest else f"; next: kit promote --env {env}"
