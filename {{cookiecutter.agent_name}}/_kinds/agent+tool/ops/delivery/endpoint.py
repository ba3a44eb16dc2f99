"""The named endpoint: what is live, read from the service; moving it, and putting it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from ops.delivery import parameters, show, stacks
from ops.delivery.names import LIVE, stack, tags
from ops.delivery.place import Place
from ops.delivery.stop import Stop, error_code
from ops.delivery.wait import TookTooLong, wait_until

_GOOD = "good-versions"

Smoke = Callable[[str], None]
"""Tests an endpoint by name. Raises Stop when it does not answer as it should."""


@dataclass(frozen=True)
class Runtime:
    """The runtime of an environment, as its stack says."""

    id: str
    arn: str
    newest: str
    """The version that was deployed last; not what callers get."""


@dataclass(frozen=True)
class State:
    """What an endpoint serves, and what it is on its way to."""

    live: str | None
    target: str
    status: str
    reason: str = ""

    @property
    def moving(self) -> bool:
        """Whether it is on its way. `liveVersion` counts, not the status: that may be READY a moment too early."""
        return self.status in ("CREATING", "UPDATING") or (self.status == "READY" and self.live != self.target)


def runtime(place: Place) -> Runtime:
    """Return the runtime. Raises Stop when nothing was deployed yet."""
    found = stacks.outputs(place, stack(place.component, place.name, "runtime"))
    if "RuntimeId" not in found:
        raise Stop(f"nothing is deployed in {place.name} yet", f"make deploy ENV={place.name}")
    return Runtime(found["RuntimeId"], found["RuntimeArn"], found["NewestVersion"])


def state(place: Place, runtime_id: str, name: str = LIVE) -> State | None:
    """Return an endpoint as the service has it, None when there is none."""
    control = place.client("bedrock-agentcore-control")
    try:
        found = control.get_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName=name)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    live = found.get("liveVersion")
    return State(live, found.get("targetVersion", live or ""), found["status"], found.get("failureReason", ""))


def image_of(place: Place, runtime_id: str, version: str) -> str:
    """Return the image of a version, by digest. Raises Stop when there is no such version."""
    control = place.client("bedrock-agentcore-control")
    try:
        found = control.get_agent_runtime(agentRuntimeId=runtime_id, agentRuntimeVersion=version)
    except ClientError as error:
        if error_code(error) in ("ResourceNotFoundException", "ValidationException"):
            raise Stop(f"there is no version {version} in {place.name}", f"make status ENV={place.name}") from None
        raise
    return str(found["agentRuntimeArtifact"]["containerConfiguration"]["containerUri"])


def move(place: Place, found: Runtime, version: str, name: str = LIVE) -> None:
    """Move an endpoint to a version and wait until it serves it. One that is there already is left alone.

    Raises:
        Stop: when it does not get there; what it serves then is in the message.
    """
    before = _settle(place, found.id, name)
    if before is None:
        _create(place, found, version, name)
    elif before.live != version:
        show.step(f"endpoint {name}: version {before.live} → {version}")
        place.client("bedrock-agentcore-control").update_agent_runtime_endpoint(
            agentRuntimeId=found.id, endpointName=name, agentRuntimeVersion=version
        )
    after = _settle(place, found.id, name)
    if after is None or after.live != version:
        serves = after.live if after else "nothing"
        raise Stop(
            f"endpoint {name} did not move to version {version}: {after.reason if after else 'it is gone'}; "
            f"it serves {serves}",
            f"make status ENV={place.name}",
        )


def promote(place: Place, found: Runtime, version: str, smoke: Smoke) -> None:
    """Move `live` to a version, test it there, and put back what was before when the test fails.

    Raises:
        Stop: when it failed; production then serves what it served before.
    """
    before = state(place, found.id)
    good = good_versions(place)
    if before and before.live and before.live != version and before.live not in good:
        good.append(before.live)  # it was serving, so it is what to go back to
        _keep_good_versions(place, good)
    back = next((known for known in reversed(good) if known != version), None)
    try:
        move(place, found, version)
        show.step(f"smoke test of {LIVE}")
        smoke(LIVE)
    except Stop as failure:
        raise _restored(place, found, version, back, failure) from None
    _keep_good_versions(place, [known for known in good if known != version] + [version])


def roll_back(place: Place, found: Runtime, version: str = "") -> str:
    """Move `live` to an earlier version, the last good one by default, and return which. Raises Stop without one."""
    now = state(place, found.id)
    live = now.live if now else None
    target = version or rollback_target(place, live)
    move(place, found, target)
    # The version that was left is no version to go back to; what came before it stays.
    good = [known for known in good_versions(place) if known not in (live, target)]
    _keep_good_versions(place, [*good, target])
    return target


def rollback_target(place: Place, live: str | None) -> str:
    """Return the last good version before the live one. Raises Stop when none is known."""
    good = [version for version in good_versions(place) if version != live]
    if not good:
        raise Stop(
            f"no earlier good version is known in {place.name} (live: {live or 'nothing'})",
            f"choose one: make rollback ENV={place.name} VERSION=…; make status ENV={place.name} lists them",
        )
    return good[-1]


def good_versions(place: Place) -> list[str]:
    """Return the versions that were live and passed their smoke test, the last one last."""
    return [version for version in parameters.remembered(place, _GOOD).split(",") if version]


def remove(place: Place) -> None:
    """Remove `live`, so that nobody is served."""
    stacks.delete(place, stack(place.component, place.name, "endpoint"))


def _keep_good_versions(place: Place, versions: list[str]) -> None:
    text = ",".join(versions[-20:]) or ","  # twenty are enough to go back; an empty value is not allowed
    parameters.remember(place, _GOOD, text, "Versions that were live and passed their smoke test, the last one last")


def _restored(place: Place, found: Runtime, version: str, back: str | None, failure: Stop) -> Stop:
    """Put the version before back and return what to tell."""
    again = f"find out why with `make smoke ENV={place.name} ENDPOINT=DEFAULT`, correct it, build and deploy again"
    if back is None:
        remove(place)
        return Stop(f"version {version}: {failure.message}; there was none before, so nothing is live", again)
    try:
        move(place, found, back)
    except (Stop, ClientError):
        now = state(place, found.id)
        serves = now.live if now else None
        if serves == back:
            return Stop(f"version {version}: {failure.message}; live still serves {back}", again)
        return Stop(
            f"version {version}: {failure.message}; and live could not be put back: it serves {serves}",
            f"make rollback ENV={place.name} VERSION={back}",
        )
    return Stop(f"version {version}: {failure.message}; live is back on version {back}", again)


def _create(place: Place, found: Runtime, version: str, name: str) -> None:
    """Make `live` by its own stack, which nothing updates afterwards: no later deployment can move it back."""
    show.step(f"endpoint {name}: made, with version {version}")
    about = tags(place.manifest, place.environment)
    if name != LIVE:
        place.client("bedrock-agentcore-control").create_agent_runtime_endpoint(
            agentRuntimeId=found.id, name=name, agentRuntimeVersion=version, tags=about
        )
        return
    made = stacks.Stack(
        stack(place.component, place.name, "endpoint"),
        "endpoint.yaml",
        {
            "RuntimeId": found.id,
            "FirstVersion": version,
            "Owner": about["owner"],
            "CostCenter": about["cost-center"],
            "UseCaseId": about["use-case-id"],
        },
        about,
    )
    stacks.prepare(place, made)
    stacks.execute(place, made.name)


def _settle(place: Place, runtime_id: str, name: str) -> State | None:
    try:
        return wait_until(lambda: state(place, runtime_id, name), lambda seen: seen is None or not seen.moving)
    except TookTooLong:
        seen = state(place, runtime_id, name)
        serves = seen.live if seen else None
        raise Stop(
            f"endpoint {name} is stuck on its way to version {seen.target if seen else '?'}; callers get version "
            f"{serves}",
            f"wait, then `make status ENV={place.name}`; if it stays so, open a case with AWS support",
        ) from None
