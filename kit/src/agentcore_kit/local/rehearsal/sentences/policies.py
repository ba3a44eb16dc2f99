"""What commands print of the Cedar policies at a gateway: which are there, in which mode, and which wait."""

from __future__ import annotations

import re

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import AccountRegion
from agentcore_kit.local.rehearsal.reader import Told, says_nothing, sentence
from agentcore_kit.local.rehearsal.sentences.general import component


def deployed(place: AccountRegion, told: Told) -> dict[str, str]:
    """Return the mode of each policy that is deployed in an account and region, by its name."""
    assert told.environment is not None
    found = place.stacks.stacks.get(names.stack(component(), told.environment.name, "policies"))
    resources = found.resources.values() if found else ()
    return {str(one.properties["Name"]): str(one.properties["EnforcementMode"]) for one in resources}


@sentence(r"policies: (?P<number>\d+), after the gateway, each when its tools are there", "plan", "deploy")
def policies_wait(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there was no gateway before."""
    there = [one.name for one in told.place_before.gateways.gateways.values()]
    return f"there was gateway {', '.join(there)}" if there else None


@sentence(r"policy (?P<name>\w+): (new, |(?P<old>\w+) -> )(?P<mode>LOG_ONLY|ACTIVE)")
def policy_changes(told: Told, match: re.Match[str]) -> str | None:
    """Compare the mode of a policy before, and now where the command has succeeded."""
    before = deployed(told.place_before, told).get(match["name"])
    if before != match["old"]:
        return f"it was {before or 'not there'}"
    now = deployed(told.place, told).get(match["name"])
    if told.command != "plan" and told.code == 0 and now != match["mode"]:
        return f"it is {now or 'not there'}"
    return None


@sentence(r"policy (?P<name>\w+): delete, was (?P<mode>LOG_ONLY|ACTIVE)")
def policy_goes(told: Told, match: re.Match[str]) -> str | None:
    """Compare the mode of a policy before, and that it is gone where the command has succeeded."""
    before = deployed(told.place_before, told).get(match["name"])
    if before != match["mode"]:
        return f"it was {before or 'not there'}"
    there = match["name"] in deployed(told.place, told)
    return "it is still there" if there and told.command != "plan" and told.code == 0 else None


@sentence(r"policy (?P<id>\w+) is left out: the gateway has no target (?P<targets>.+) that is ready")
def policy_left_out(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a gateway of the account has none of the targets."""
    ready = {
        target.given["name"]
        for gateway in told.place.gateways.gateways.values()
        for target in gateway.targets.values()
        if target.status == "READY"
    }
    there = ready & {*match["targets"].split(", ")}
    return f"ready are {', '.join(sorted(there))}" if there else None


@sentence(r"policies wait to be enforced", "deploy")
def policies_logged(told: Told, _: re.Match[str]) -> str | None:
    """Compare that a policy is there that is only logged, or that this repository has no longer."""
    return None if deployed(told.place, told) else "there is no policy"


@sentence(r"(?P<number>\d+) policies are ACTIVE", "policies")
def policies_active(told: Told, match: re.Match[str]) -> str | None:
    """Compare how many policies are enforced, and that none is only logged."""
    found = [*deployed(told.place, told).values()]
    return None if found == ["ACTIVE"] * int(match["number"]) else f"they are {', '.join(found) or 'none'}"


@sentence(r"the gateway itself only logs: gateway\.policyMode in the environment file", "policies")
def gateway_logs(told: Told, _: re.Match[str]) -> str | None:
    """Compare with the environment's file."""
    mode = told.environment.gateway.policy_mode if told.environment else ""  # type: ignore[attr-defined]
    return "it enforces" if mode == "ENFORCE" else None


@sentence(r"(?P<names>\w+(, \w+)*): not deployed as LOG_ONLY yet, so nobody has seen what they decide", "policies")
def policies_unseen(told: Told, match: re.Match[str]) -> str | None:
    """Compare that none of the policies is there."""
    there = deployed(told.place, told).keys() & {*match["names"].split(", ")}
    return f"there are {', '.join(sorted(there))}" if there else None


@sentence(r"nothing changed", "policies")
def no_policy_changed(told: Told, _: re.Match[str]) -> str | None:
    """Compare the policies before with those that are there now."""
    before, after = deployed(told.place_before, told), deployed(told.place, told)
    return None if before == after else f"they were {before} and are {after}"


says_nothing(
    r"first, in the repository of that tool: kit register --env \S+",
    r"when their decisions have been read in the logs of the gateway: kit policies --activate --env \S+",
)


@sentence(r"stack (?P<name>[\w-]+): (?P<number>\d+) policies")
def policies_stack(told: Told, match: re.Match[str]) -> str | None:
    """Compare how many policies the stack has, unless the command has failed."""
    number = len(deployed(told.place, told))
    return None if told.code or number == int(match["number"]) else f"it has {number}"
