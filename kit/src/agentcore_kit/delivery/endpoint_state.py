"""The state of the endpoint that callers use: what it serves, what it served before, and the canary beside it.

What an endpoint serves is read from the service. What the service does not know is kept in the SSM parameter
`versions`: which versions were good, left or failed, what was begun and has not ended, and the canary. Nothing but
`write` changes it, and `write` refuses when somebody else has changed it, or has moved live, since it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from agentcore_kit.delivery import endpoints, names, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_history import Automatic, Canary, History, clock, without
from agentcore_kit.delivery.endpoints import Runtime
from agentcore_kit.delivery.errors import CommandError, error_code

_PARAMETER = "versions"


@dataclass(frozen=True)
class EndpointState:
    """What there is: from the service what live serves, and what is remembered besides."""

    runtime: Runtime
    live: str | None
    """What callers get; None when nothing is live."""
    target: str | None
    """What live is on its way to; the same when it is there."""
    moved: datetime | None
    """When live was moved last, as the service says."""
    past: History
    text: str
    """What is remembered, as it is written: what another command changed meanwhile is known by it."""

    @property
    def good(self) -> list[str]:
        """The versions that passed their smoke test while they were live."""
        return self.past.good

    @property
    def left(self) -> list[str]:
        """The versions that a rollback or a canary has left."""
        return self.past.left

    @property
    def failed(self) -> list[str]:
        """The versions whose last smoke test failed."""
        return self.past.failed

    @property
    def untested(self) -> str:
        """The version that live was sent to, when that has not ended."""
        return self.past.untested

    @property
    def promoted(self) -> dict[str, str]:
        """When a promotion made a version live, as an ISO time in UTC."""
        return self.past.promoted

    @property
    def canary(self) -> Canary | None:
        """The canary that is running, or whose end was interrupted."""
        return self.past.canary

    @property
    def automatic(self) -> Automatic | None:
        """The last automatic step back, as long as no person has moved live since."""
        return self.past.automatic

    @property
    def tested(self) -> str:
        """What callers had at last that had been tested; empty for nothing."""
        waiting = self.untested and self.live == self.untested and self.untested not in self.good
        return self.past.had if waiting else self.live or ""

    def proven(self, version: str) -> bool:
        """Return whether callers have this version, and it passed its test: then there is nothing to move."""
        return self.live == self.target == version and version in self.good and self.untested in ("", version)


def find(context: DeploymentContext) -> EndpointState | None:
    """Return the state; None when nothing was deployed yet."""
    found = stacks.outputs(context, names.stack(context.component, context.name, "runtime"))
    return read(context) if "RuntimeId" in found else None


def read(context: DeploymentContext) -> EndpointState:
    """Return the state. Raises CommandError when nothing was deployed yet."""
    text, _ = _remembered(context)
    runtime = endpoints.runtime(context)
    seen = endpoints.state(context, runtime.id)
    past = History.model_validate_json(text) if text else History()
    if seen is None:
        return EndpointState(runtime, None, None, None, past, text)
    return EndpointState(runtime, seen.live, seen.target or seen.live, seen.moved, past, text)


def write(context: DeploymentContext, state: EndpointState, past: History) -> EndpointState:
    """Remember another history, and return the state with it.

    Args:
        context: The environment.
        state: As it was read, or as this has returned it; its `target` is where live is expected to be.
        past: What is remembered from now on.

    Raises:
        CommandError: When somebody else has changed the state, or moved live, meanwhile. Nothing was changed then.
    """
    known, revision = _remembered(context)
    seen = endpoints.state(context, state.runtime.id)
    if known != state.text or (seen.target if seen else None) != state.target:
        raise _meanwhile(context, seen, known if known != state.text else "")
    text = past.model_dump_json(by_alias=True)
    if text != known and _put(context, text, new=revision == 0) != revision + 1:
        other = _remembered(context, revision + 1)[0]
        _put(context, other, new=False)  # what the other command has written is what holds
        raise _meanwhile(context, seen, other)
    return replace(state, past=past, text=text)


def remember_test(context: DeploymentContext, version: str, *, passed: bool) -> EndpointState:
    """Remember how a smoke test ended that was made without a move, and return the state.

    A version that passes while it is live, and was good before, has failed for another reason than itself.
    """
    for _ in range(3):  # another command may write at the same moment; both hold
        state = read(context)
        past = state.past
        if not passed:
            past = past.failing(version)
        elif version in past.good:
            past = past.changed(failed=without(past.failed, version))
        if past == state.past:
            return state
        try:
            return write(context, state, past)
        except CommandError as error:
            failure = error
    raise failure


def versions_in_use(state: EndpointState, keep: int = 3) -> list[str]:
    """Return the versions that callers have, may get next, or may be taken back to.

    Args:
        state: The state.
        keep: How many of the good versions one may go back to.
    """
    canary = [state.canary.version, state.canary.control] if state.canary else []
    back = [version for version in state.good if version not in (state.live, *state.failed)][-keep:]
    found = [*back, state.past.had, state.live, state.target, state.untested, *canary, state.runtime.newest]
    return [version for version in dict.fromkeys(found) if version]


def _meanwhile(context: DeploymentContext, seen: endpoints.State | None, text: str) -> CommandError:
    """Return what the second of two is told; `text` is what the first one has written, empty for nothing."""
    past = History.model_validate_json(text) if text else History()
    serves = f"version {seen.live}" if seen and seen.live else "nothing"
    going = f", on its way to {seen.target}" if seen and seen.target != seen.live else ""
    begun = f"; version {past.untested} was begun at {clock(past.since)}" if past.untested else ""
    return CommandError(
        f"somebody else is changing {context.name} at the same time: live is {serves}{going} now{begun}",
        f"kit status --env {context.name}; agree with whoever else is at it, then type the same again if it is needed",
    )


def _name(context: DeploymentContext) -> str:
    return names.memory(context.component, context.name) + _PARAMETER


def _remembered(context: DeploymentContext, revision: int = 0) -> tuple[str, int]:
    """Return the parameter's text and revision, of the newest or of one revision; empty and 0 when there is none."""
    wanted = _name(context) + (f":{revision}" if revision else "")
    found = context.client("ssm").get_parameters(Names=[wanted]).get("Parameters", [])
    return (str(found[0]["Value"]), int(found[0]["Version"])) if found else ("", 0)


def _put(context: DeploymentContext, text: str, *, new: bool) -> int:
    """Write the parameter and return its revision; 0 when it should be new and is not."""
    parameter: Mapping[str, Any] = {
        "Name": _name(context),
        "Value": text,
        "Type": "String",
        "Description": "What the endpoint live has served: good, left, failed, untested, canary",
    }
    try:
        return int(context.client("ssm").put_parameter(**parameter, Overwrite=not new)["Version"])
    except ClientError as error:
        if new and error_code(error) == "ParameterAlreadyExists":
            return 0
        raise
