"""An endpoint: what it serves, read from the service; making it, moving it, and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from agentcore_kit.delivery import output, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, error_code
from agentcore_kit.delivery.names import LIVE, stack, tag_parameters, tags
from agentcore_kit.delivery.polling import TookTooLong, wait_until


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
    moved: datetime
    """When it was moved last."""
    reason: str = ""

    @property
    def moving(self) -> bool:
        """Whether it is on its way. `liveVersion` counts, not the status: that may be READY a moment too early."""
        return self.status in ("CREATING", "UPDATING") or (self.status == "READY" and self.live != self.target)


def runtime(context: DeploymentContext) -> Runtime:
    """Return the runtime. Raises CommandError when nothing was deployed yet."""
    found = stacks.outputs(context, stack(context.component, context.name, "runtime"))
    if "RuntimeId" not in found:
        raise CommandError(f"nothing is deployed in {context.name} yet", f"kit deploy --env {context.name}")
    # The service is asked: an update that CloudFormation has rolled back makes a version, and no output says which.
    about = context.client("bedrock-agentcore-control").get_agent_runtime(agentRuntimeId=found["RuntimeId"])
    return Runtime(found["RuntimeId"], found["RuntimeArn"], about["agentRuntimeVersion"])


def state(context: DeploymentContext, runtime_id: str, name: str = LIVE) -> State | None:
    """Return an endpoint as the service has it, None when there is none."""
    control = context.client("bedrock-agentcore-control")
    try:
        found = control.get_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName=name)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    live = found.get("liveVersion")
    target, reason = found.get("targetVersion", live or ""), found.get("failureReason", "")
    return State(live, target, found["status"], found["lastUpdatedAt"], reason)


def version_of(context: DeploymentContext, runtime_id: str, version: str) -> dict[str, Any]:
    """Return a version as the service has it. Raises CommandError when there is no such version."""
    control = context.client("bedrock-agentcore-control")
    try:
        found: dict[str, Any] = control.get_agent_runtime(agentRuntimeId=runtime_id, agentRuntimeVersion=version)
    except ClientError as error:
        if error_code(error) in ("ResourceNotFoundException", "ValidationException"):
            raise CommandError(
                f"there is no version {version} in {context.name}", f"kit status --env {context.name}"
            ) from None
        raise
    return found


def image_of(context: DeploymentContext, runtime_id: str, version: str) -> str:
    """Return the image of a version, by digest. Raises CommandError when there is no such version."""
    found = version_of(context, runtime_id, version)
    return str(found["agentRuntimeArtifact"]["containerConfiguration"]["containerUri"])


def differences(context: DeploymentContext, runtime_id: str, now: str | None, then: str) -> list[str]:
    """Return what comes back with an earlier version besides its image: who signs in, and the guardrail.

    A version keeps these as they were when it was made. What each of the two has is read from the service.

    Args:
        context: The environment.
        runtime_id: The runtime.
        now: The version that callers have; None for none, with which nothing can be compared.
        then: The version that they get.
    """
    if now is None or now == then:
        return []
    before, after = (_settings(version_of(context, runtime_id, version)) for version in (now, then))
    return [
        f"version {then} comes back with its own {what}: {after[what] or 'none'} "
        f"(version {now} has {before[what] or 'none'})"
        for what in after
        if before[what] != after[what]
    ]


def _settings(version: Mapping[str, Any]) -> dict[str, str]:
    """Return what a version says of sign-in and guardrail, as people read it."""
    authorizer = version.get("authorizerConfiguration", {}).get("customJWTAuthorizer", {})
    variables = version.get("environmentVariables", {})
    guardrail = variables.get("AGENT_GUARDRAIL_ID", "")
    return {
        "sign-in service": authorizer.get("discoveryUrl", ""),
        "sign-in clients": ", ".join(sorted(authorizer.get("allowedClients", []))),
        "sign-in audience": ", ".join(sorted(authorizer.get("allowedAudience", []))),
        "guardrail": f"{guardrail} version {variables.get('AGENT_GUARDRAIL_VERSION', '')}" if guardrail else "",
    }


def move(context: DeploymentContext, found: Runtime, version: str, name: str = LIVE) -> None:
    """Move an endpoint to a version and wait until it serves it. One that is there already is left alone.

    Raises:
        CommandError: when it does not get there; what it serves then is in the message.
    """
    before = _settle(context, found.id, name)
    if before is None:
        _create(context, found, version, name)
    elif before.live != version:
        output.step(f"endpoint {name}: version {before.live} → {version}")
        context.client("bedrock-agentcore-control").update_agent_runtime_endpoint(
            agentRuntimeId=found.id, endpointName=name, agentRuntimeVersion=version
        )
    after = _settle(context, found.id, name)
    if after is None or after.live != version:
        serves = after.live if after else "nothing"
        raise CommandError(
            f"endpoint {name} did not move to version {version}: {after.reason if after else 'it is gone'}; "
            f"it serves {serves}",
            f"kit status --env {context.name}",
        )


def stack_parameters(context: DeploymentContext, runtime_id: str, version: str) -> dict[str, str]:
    """Return the parameters of `infra/endpoint.yaml`: the runtime, and the version that it serves at first."""
    return {"RuntimeId": runtime_id, "FirstVersion": version, **tag_parameters(context.manifest)}


def remove(context: DeploymentContext) -> None:
    """Remove `live`, so that nobody is served."""
    stacks.delete(context, stack(context.component, context.name, "endpoint"))


def _create(context: DeploymentContext, found: Runtime, version: str, name: str) -> None:
    """Make `live` by its own stack, which nothing updates afterwards: no later deployment can move it back."""
    output.step(f"endpoint {name}: made, with version {version}")
    if name != LIVE:
        context.client("bedrock-agentcore-control").create_agent_runtime_endpoint(
            agentRuntimeId=found.id,
            name=name,
            agentRuntimeVersion=version,
            tags=tags(context.manifest, context.environment),
        )
        return
    made = stacks.stack_of(context, "endpoint", stack_parameters(context, found.id, version))
    stacks.bring(context, made)


def _settle(context: DeploymentContext, runtime_id: str, name: str) -> State | None:
    try:
        return wait_until(lambda: state(context, runtime_id, name), lambda seen: seen is None or not seen.moving)
    except TookTooLong:
        seen = state(context, runtime_id, name)
        serves = seen.live if seen else None
        raise CommandError(
            f"endpoint {name} is stuck on its way to version {seen.target if seen else '?'}; callers get version "
            f"{serves}",
            f"wait, then `kit status --env {context.name}`; if it stays so, open a case with AWS support",
        ) from None
