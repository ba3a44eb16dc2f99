"""What commands print of a tool's contract, its gateway's target and its function."""

from __future__ import annotations

import re

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.gateways import Target
from agentcore_kit.local.rehearsal.callers import live_of
from agentcore_kit.local.rehearsal.reader import Told, quotes, says_nothing, sentence
from agentcore_kit.local.rehearsal.sentences.general import nothing_changed, records


def targets(cloud: Cloud, told: Told) -> list[Target]:
    """Return the targets of the component in the command's environment, on whichever gateway."""
    assert told.environment is not None
    about = f"{load_manifest().metadata.name} {told.environment.name} "
    return [
        target
        for place in list(cloud.places.values())
        for gateway in place.gateways.gateways.values()
        for target in gateway.targets.values()
        if place.region == told.environment.region and str(target.given.get("description", "")).startswith(about)
    ]


@sentence(r"neither the registry nor the gateway knows these tools yet: there is nothing to compare them with")
def nothing_known(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there is no record and no target."""
    known = [record.name for record in records(told.before, told) if record.status not in ("REJECTED", "CREATE_FAILED")]
    return f"records {known}, targets {targets(told.before, told)}" if known or targets(told.before, told) else None


@sentence(r"compared with record (?P<name>\S+) (?P<version>\S+) of the registry: .*")
def compared_with_record(told: Told, match: re.Match[str]) -> str | None:
    """Compare the version of the record."""
    known = [record.version for record in records(told.before, told)]
    return None if match["version"] in known else f"the registry has {known}"


@sentence(r"compared with (?!record).*: .*")
def compared_with_gateway(told: Told, _: re.Match[str]) -> str | None:
    """Compare that the gateway has a target of the component."""
    return None if targets(told.before, told) else "the gateway has no target of the component"


quotes(r"\S+ would break agents that use .+? \(compared with .+?\)(?=; nothing was changed)")


sentence(r"nothing was changed:")(nothing_changed)


@sentence(r"(updating|synchronizing) target (?P<prefix>\S+) of gateway \S+: the tools of version (?P<version>\d+)")
def target_follows(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the target was changed, and what is live."""
    if told.code == 0 and live_of(told.place) != match["version"]:
        return f"live serves {live_of(told.place)}"
    before, after = targets(told.before, told), targets(told.after, told)
    changed = [one.tools for one in before] != [one.tools for one in after]
    return None if told.code or changed else "the target is as it was"


@sentence(r"add target (?P<prefix>\S+) with (?P<number>\d+) tools to gateway \S+", "register")
def target_added(told: Told, match: re.Match[str]) -> str | None:
    """Compare that there was no target before, and how many tools the new one has."""
    if targets(told.before, told):
        return "the target is there already"
    found = [len(target.tools) for target in targets(told.after, told)]
    return None if told.code or found == [int(match["number"])] else f"targets have {found} tools"


@sentence(r"(\d+) tools on gateway \S+ as (?P<prefix>\S+?)___…(.*)", "register")
def tools_on_gateway(told: Told, match: re.Match[str]) -> str | None:
    """Compare how many tools the target has."""
    found = [len(target.tools) for target in targets(told.after, told)]
    return None if found == [int(match[1])] else f"targets have {found} tools"


@sentence(
    r"(the tools answer, within their limits|the gateway shows them as they are"
    r"|the tools answer, within their limits, and the gateway shows them as they are)",
    "monitor",
)
def gateway_shows_live(told: Told, match: re.Match[str]) -> str | None:
    """Compare that each target is ready."""
    states = [target.status for target in targets(told.after, told)]
    return None if states == ["READY"] else f"targets are {states}"


@sentence(r"(function deployed \(sha256:[0-9a-f]+\), )?live: image (?P<digest>sha256:[0-9a-f]+)")
def function_live(told: Told, match: re.Match[str]) -> str | None:
    """Compare the image of the function."""
    found = [stack.outputs.get("Image", "") for name, stack in told.place.stacks.stacks.items() if "lambda" in name]
    return None if any(match["digest"] in image for image in found) else f"the function runs {found}"


says_nothing(
    r"waiting for target \S+",
    r"gateway \S+ differs from what is live: .*",
    r"the function answers as it should",
    r"call the function",
    r"a function is live with its deployment",
    r"\S+: (input|output|tool|parameter|result).*",
)
