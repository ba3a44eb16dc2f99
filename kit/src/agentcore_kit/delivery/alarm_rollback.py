"""Whether an alarm takes callers back to the version before: one event of the platform's bridge, and the decision.

An alarm is a hint, not a verdict: it is repeated, comes late, and may be about something that no version can help.
So it moves live only when it is of this environment, is in state ALARM, is fresh, watches what a version can break,
and live was promoted recently. It does so once; then a person has to look.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.delivery.names import snake

FRESH = timedelta(hours=1)
"""How old the change of the alarm's state may be. What waited longer, in a queue or for a runner, is history."""

AHEAD = timedelta(minutes=5)
"""How far the clock that stamped the event may be ahead."""

OF_A_VERSION = ("errors", "latency")
"""The alarms of observability.yaml that a version can be the reason of, by what follows the runtime's name."""

_NOT_A_VERSION = {
    "systemerrors": "it says that AgentCore itself fails, which another version does not change",
    "throttles": "it says that too many ask at once, which another version does not change",
    "tokens": "it says how much the model is used, which callers decide as well; compare the versions' cost first",
    "cost": "it says what the model costs, which callers decide as well; compare the versions' cost first",
    "score": "kit monitor judges scores, with enough sessions and a test for chance",
    "blind": "it says that metrics are missing, not that the version is bad",
}
_SHOWN = 100


class AlarmEvent(BaseModel):
    """What the bridge sends when a CloudWatch alarm changes its state: `client_payload` of a repository_dispatch.

    Fields of a later bridge are ignored. No value of it reaches a shell.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    environment: str = Field(max_length=20, pattern=r"^[a-z][a-z0-9-]*$")
    alarm: str = Field(min_length=1, max_length=255)
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    at: AwareDatetime
    """When the alarm changed to this state."""
    region: str = Field(max_length=32, pattern=r"^[a-z0-9-]+$")
    account: str = Field(pattern=r"^[0-9]{12}$")


class _Dispatch(BaseModel):
    model_config = ConfigDict(extra="ignore")

    client_payload: AlarmEvent


def read_alarm(path: Path) -> AlarmEvent:
    """Return the event in a file, as GitHub has it at $GITHUB_EVENT_PATH.

    Raises:
        CommandError: When it cannot be read or is no such event, with the first wrong field; never with its values.
    """
    try:
        return _Dispatch.model_validate_json(path.read_bytes()).client_payload
    except OSError as error:
        wrong = f"it cannot be read: {error.strerror}"
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        wrong = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {_plain(first['msg'])}"
    raise CommandError(
        f"the file of --alarm is no event of an alarm: {wrong}; nothing was moved",
        "what the bridge must send is in docs/alarm-bridge.md of the template; by hand: kit rollback --env …",
        WRONG_INPUT,
    )


def reason_to_stay(
    context: DeploymentContext, event: AlarmEvent, state: EndpointState, now: datetime | None = None
) -> str | None:
    """Return why nothing is moved for an alarm, in a sentence; None when callers are to go back.

    Args:
        context: The environment that the command acts in.
        event: What the bridge sent.
        state: What is live, since when, and what was done before.
        now: The time; the clock's, where it is left out.
    """
    now = now or datetime.now(UTC)
    here = (context.name, context.region, context.account)
    if (event.environment, event.region, event.account) != here:
        told = f"{event.environment} in {event.region} of account {event.account}"
        return f"the alarm is of {told}, and this is {' '.join(here)}"
    if event.state != "ALARM":
        return f"alarm {_plain(event.alarm)} is {event.state}, so nothing is wrong"
    runtime, _, watched = event.alarm.rpartition("-")
    if runtime != snake(context.component, context.name):
        return f"alarm {_plain(event.alarm)} is not one of {context.component} in {context.name}"
    if watched not in OF_A_VERSION:
        why = _NOT_A_VERSION.get(watched, "it is none of the kit's alarms that a version can be the reason of")
        return f"alarm {_plain(event.alarm)} moves nothing: {why}"
    if event.at > now + AHEAD:
        return f"the alarm's time, {event.at:%Y-%m-%d %H:%M} UTC, has not come yet"
    if now - event.at > FRESH:
        return f"the alarm is of {event.at:%Y-%m-%d %H:%M} UTC, which is too long ago to act on"
    if state.moved and event.at <= state.moved:
        return f"callers were moved to version {state.live} at {state.moved:%H:%M} UTC, after this alarm"
    return not_automatic(context, state, now)


def not_automatic(context: DeploymentContext, state: EndpointState, now: datetime | None = None) -> str | None:
    """Return why nobody but a person may take callers back from what is live; None when monitoring or an alarm may.

    Args:
        context: The environment, whose `monitoring.automaticHours` hold.
        state: What is live, since when, and what was done before.
        now: The time; the clock's, where it is left out.
    """
    if done := state.automatic:
        return (
            f"callers were taken back automatically from version {done.from_version} to {done.to} at "
            f"{_time(done.at):%Y-%m-%d %H:%M} UTC, and nobody has looked since; a second step needs a person"
        )
    hours = context.environment.monitoring.automatic_hours
    promoted = state.promoted.get(state.live or "")
    if not promoted:
        return f"it is not known when version {state.live} was promoted, so a person has to decide"
    if (now or datetime.now(UTC)) - _time(promoted) > timedelta(hours=hours):
        return (
            f"version {state.live} has been live since {_time(promoted):%Y-%m-%d %H:%M} UTC, longer than "
            f"monitoring.automaticHours ({hours:g}), so the reason is hardly the version; a person has to decide"
        )
    return None


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _plain(text: str) -> str:
    """Return a text of somebody else's on one line, without control characters, not too long."""
    return json.dumps(text[:_SHOWN], ensure_ascii=True)[1:-1]
