"""Has somebody changed an account by hand? CloudFormation compares each stack with what it has deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agentcore_kit.config.repository import LOCAL, relative, repository_path
from agentcore_kit.delivery import output, stacks
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.platform.concerns import PlatformContext, asked_for
from agentcore_kit.delivery.platform.removals import deployed
from agentcore_kit.delivery.polling import TookTooLong, wait_until

_SHOWN = 120
"""How many characters of a value are shown."""


def drift(env: Env = "") -> None:
    """Compare the account with what was deployed. Exit code 1 when somebody has changed or deleted something."""
    with deployment("drift", env) as context:
        output.plan(["compare every stack with its resources; nothing is changed"])
        there = [*deployed(context)]
        known = {(place.region, name) for place, name in there}
        missing = [name for place, name in asked_for(context) if (place.region, name) not in known]
        found = [f"{name} is not deployed" for name in missing]
        started = [(place, name, _start(place, name)) for place, name in there]  # all at once: each takes a while
        incomplete = []
        for place, name, detection in started:
            ended = _ended(place, name, detection)
            found += [f"{name}: {line}" for line in _differences(place, name)]
            if ended["DetectionStatus"] == "DETECTION_FAILED":
                incomplete.append(f"{name}: {ended.get('DetectionStatusReason', 'without a reason')}")
        report = _report(context, found)
        if found:
            raise CommandError(
                f"{env} is not as it was deployed: {'; '.join(found)}", f"read {report}", GATE_NOT_PASSED
            )
        if incomplete:
            raise CommandError(
                f"{env}: not everything could be compared: {'; '.join(incomplete)}",
                "let the role read what is named, then type the same again",
                COULD_NOT,
            )
        output.done(f"{env}: as it was deployed; {context.kind.live(context)}")


def _start(context: PlatformContext, name: str) -> str:
    """Begin to compare a stack, and return the id of that. A stack that is being changed is refused by the service."""
    if (state := str((stacks.describe(context, name) or {}).get("StackStatus"))).endswith("_IN_PROGRESS"):
        raise CommandError(f"{name} is being changed ({state})", "wait for that, then type the same again")
    return str(context.client("cloudformation").detect_stack_drift(StackName=name)["StackDriftDetectionId"])


def _ended(context: PlatformContext, name: str, detection: str) -> Mapping[str, Any]:
    formation = context.client("cloudformation")
    try:
        found: Mapping[str, Any] = wait_until(
            lambda: formation.describe_stack_drift_detection_status(StackDriftDetectionId=detection),
            lambda seen: seen["DetectionStatus"] != "DETECTION_IN_PROGRESS",
        )
    except TookTooLong:
        raise CommandError(f"{name} is still being compared", "type the same again later") from None
    return found


def _differences(context: PlatformContext, name: str) -> Iterator[str]:
    """Yield what of a stack was changed or deleted, one line a resource."""
    formation = context.client("cloudformation")
    more: dict[str, str] = {}
    while True:
        page = formation.describe_stack_resource_drifts(
            StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **more
        )
        for one in page["StackResourceDrifts"]:
            yield _line(one)
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def _line(resource: Mapping[str, Any]) -> str:
    about = f"{resource['LogicalResourceId']} ({resource['ResourceType'].partition('::')[2]})"
    if resource["StackResourceDriftStatus"] == "DELETED":
        return f"{about} was deleted"
    changes = [
        f"{one['PropertyPath']} is {_value(one.get('ActualValue'))}, was {_value(one.get('ExpectedValue'))}"
        for one in resource.get("PropertyDifferences", [])
    ]
    return f"{about} was changed{': ' if changes else ''}{', '.join(changes)}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _report(context: PlatformContext, found: list[str]) -> str:
    """Write what was found for people, and return where; an earlier report goes when there is nothing."""
    path = repository_path(LOCAL, "delivery", "drift.md")
    path.unlink(missing_ok=True)
    if found:
        lines = [
            f"Account {context.account} ({context.name}) is not as it was deployed:",
            "",
            *(f"- {one}" for one in found),
        ]
        again = (
            f"`kit deploy --env {context.name}` does not undo what was changed by hand where the template is the same"
        )
        lines += ["", f"Take it back in the console, or take it over into infra/ and deploy. {again}."]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return relative(path)
