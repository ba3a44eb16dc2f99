"""What delivery must know of anything that runs on AgentCore Runtime; `ops/component.py` of such a kind names these."""

from __future__ import annotations

from ops.delivery import endpoint, history, image, stacks
from ops.delivery.names import stack
from ops.delivery.place import Place
from ops.delivery.stop import Stop


def release(place: Place, digest: str) -> str:
    """Return the image of a digest, or of the commit that is checked out, by digest."""
    return image.find(place, digest).uri


def allow(place: Place, release: str) -> None:
    """Raise Stop unless the image has passed pre-production, where it must have."""
    if place.name == "prod" and not (found := image.find(place, image.digest_in(release))).passed:
        raise Stop(
            f"image {found.short} has not passed pre-production with this dataset; production is untouched",
            "make deploy ENV=preprod, then make gate ENV=preprod",
        )


def deployed(place: Place, release: str) -> str:
    """Return which version a deployment has made. Callers stay on what is live."""
    version, short = endpoint.runtime(place).newest, image.digest_in(release)[:19]
    return f"version {version} deployed ({short}), {live(place)}; next: make promote ENV={place.name}"


def live(place: Place) -> str:
    """Return which version callers get, as the service has it."""
    names = stacks.outputs(place, stack(place.component, place.name, "runtime"))
    found = endpoint.state(place, names["RuntimeId"]) if "RuntimeId" in names else None
    if found is None or found.live is None:
        return "nothing is live"
    return f"live: version {found.live}" + (f" (moving to {found.target})" if found.moving else "")


def status(place: Place) -> list[str]:
    """Return the newest version, those one could go back to, and what is live."""
    if not stacks.outputs(place, stack(place.component, place.name, "runtime")):
        return [f"nothing is deployed; next: make deploy ENV={place.name}"]
    now = endpoint.runtime(place)
    newest = image.digest_in(endpoint.image_of(place, now.id, now.newest))
    found, past = endpoint.state(place, now.id), history.recall(place)
    return [
        f"newest version {now.newest} ({newest[:19]})",
        f"good versions  {', '.join(past.good) or 'none yet'}",
        f"{live(place)}{_next(place, found.live if found else None, now.newest, past)}",
    ]


def _next(place: Place, live: str | None, newest: str, past: history.History) -> str:
    if past.untested:
        return f"; the test of version {past.untested} was interrupted; next: make promote or rollback ENV={place.name}"
    if newest in past.left:
        return f"; a rollback left version {newest}; next: build and deploy a correction"
    return "" if live == newest else f"; next: make promote ENV={place.name}"
