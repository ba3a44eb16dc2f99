"""What delivery must know of anything that runs on AgentCore Runtime: its releases are images, its versions numbers."""

from __future__ import annotations

from agentcore_kit.delivery import endpoints, images, stacks, version_history
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.names import stack
from agentcore_kit.kinds.base import ReleaseData


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
    return f"version {version} deployed ({short}), {live(context)}; next: kit promote --env {context.name}"


def live(context: DeploymentContext) -> str:
    """Return which version callers get, as the service has it."""
    names = stacks.outputs(context, stack(context.component, context.name, "runtime"))
    found = endpoints.state(context, names["RuntimeId"]) if "RuntimeId" in names else None
    if found is None or found.live is None:
        return "nothing is live"
    return f"live: version {found.live}" + (f" (moving to {found.target})" if found.moving else "")


def status(context: DeploymentContext) -> list[str]:
    """Return the newest version, those one could go back to, and what is live."""
    if not stacks.outputs(context, stack(context.component, context.name, "runtime")):
        return [f"nothing is deployed; next: kit deploy --env {context.name}"]
    now = endpoints.runtime(context)
    newest = images.digest_in(endpoints.image_of(context, now.id, now.newest))
    found, past = endpoints.state(context, now.id), version_history.recall(context)
    return [
        f"newest version {now.newest} ({newest[:19]})",
        f"good versions  {', '.join(past.good) or 'none yet'}",
        f"{live(context)}{_next(context, found.live if found else None, now.newest, past)}",
    ]


def data(context: DeploymentContext) -> ReleaseData:
    """Return the versions that callers get, that was deployed last, and that were good, for other programs."""
    if not stacks.outputs(context, stack(context.component, context.name, "runtime")):
        return {"live": None, "newest": None, "good": []}
    now = endpoints.runtime(context)
    found = endpoints.state(context, now.id)
    good = version_history.recall(context).good
    return {"live": found.live if found else None, "newest": now.newest, "good": good}


def _next(context: DeploymentContext, live: str | None, newest: str, past: version_history.History) -> str:
    if past.untested:
        interrupted = f"the test of version {past.untested} was interrupted"
        return f"; {interrupted}; next: kit promote --env {context.name}, or kit rollback"
    if newest in past.left:
        return f"; a rollback left version {newest}; next: build and deploy a correction"
    return "" if live == newest else f"; next: kit promote --env {context.name}"
