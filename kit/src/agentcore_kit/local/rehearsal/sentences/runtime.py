"""What commands print of versions and endpoints of AgentCore Runtime."""

from __future__ import annotations

import re

from agentcore_kit.local.aws_emulator.runtimes import Runtime
from agentcore_kit.local.rehearsal.callers import live_of
from agentcore_kit.local.rehearsal.reader import Told, says_nothing, sentence


def runtime(told: Told, *, before: bool = False) -> Runtime | None:
    """Return the runtime of the command's environment, None where there is none."""
    place = told.place_before if before else told.place
    return next(iter(place.runtimes.runtimes.values()), None)


def _live(told: Told, wanted: str | None) -> str | None:
    now = live_of(told.place)
    return None if now == wanted else f"live serves {now or 'nothing'}"


@sentence(r"live: version (?P<version>\d+)( \(moving to (?P<target>\d+)\))?")
def live_is(told: Told, match: re.Match[str]) -> str | None:
    """Compare what is said to be live, and where it is on its way to."""
    found = runtime(told)
    target = found.endpoints["live"].target if found and "live" in found.endpoints else None
    if match["target"] and match["target"] != target:
        return f"it is on its way to {target}"
    return _live(told, match["version"])


@sentence(r"nothing is live")
def nothing_is_live(told: Told, _: re.Match[str]) -> str | None:
    """Compare that no endpoint serves callers."""
    return _live(told, None)


@sentence(
    r"version (?P<version>\d+) is live( again)?( \((?P<digest>sha256:[0-9a-f]+)\))?"
    r"(, (its smoke test passed|not tested, as .+))?"
)
def version_is_live(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a version is live, and that it is of the image that is named."""
    found = runtime(told)
    if match["digest"] and found and match["digest"] not in image_of(found, match["version"]):
        return f"version {match['version']} is of {image_of(found, match['version'])}"
    return _live(told, match["version"])


@sentence(r"(before it: |it was )(?P<version>\d+|none)")
def was_live(told: Told, match: re.Match[str]) -> str | None:
    """Compare what was live before the command."""
    before = live_of(told.place_before)
    return None if (before or "none") == match["version"] else f"live served {before or 'nothing'} before"


@sentence(r"endpoint (?P<name>\w+): version (?P<old>\d+|none) → (?P<new>\d+)(?P<back>, and back when its test fails)?")
def endpoint_moves(told: Told, match: re.Match[str]) -> str | None:
    """Compare where an endpoint is said to move from and to; what was put back is where it was."""
    before = live_of(told.place_before, match["name"]) or "none"
    put_back = match["old"] != before and match["new"] == before  # the second move of a command that failed
    if not put_back and match["old"] != before:
        return f"endpoint {match['name']} served {before} before"
    if told.code == 0 and not put_back and live_of(told.place, match["name"]) != match["new"]:
        return f"endpoint {match['name']} serves {live_of(told.place, match['name'])}"
    return None


@sentence(r"endpoint (?P<name>\w+): made, with version (?P<version>\d+)")
def endpoint_made(told: Told, match: re.Match[str]) -> str | None:
    """Compare that an endpoint was not there before."""
    before = live_of(told.place_before, match["name"])
    if before:
        return f"it was there before, with {before}"
    if told.code == 0 and live_of(told.place, match["name"]) != match["version"]:
        return f"it serves {live_of(told.place, match['name'])}"
    return None


@sentence(r"version (?P<version>\d+) deployed \((?P<digest>sha256:[0-9a-f]+)\), (?P<live>.+)")
def version_deployed(told: Told, match: re.Match[str]) -> str | None:
    """Compare the newest version and its image."""
    found = runtime(told)
    if found is None or found.newest != match["version"]:
        return f"the newest version is {found.newest if found else 'none'}"
    if match["digest"] not in image_of(found, match["version"]):
        return f"version {match['version']} is of {image_of(found, match['version'])}"
    wanted = re.fullmatch(r"live: version (\d+).*", match["live"])
    return _live(told, wanted[1] if wanted else None)


@sentence(r"version (?P<version>\d+) passed, (?P<live>.+)")
def version_passed(told: Told, match: re.Match[str]) -> str | None:
    """Compare what is live while an evaluation was passed."""
    wanted = re.fullmatch(r"live: version (\d+).*", match["live"])
    return _live(told, wanted[1] if wanted else None)


@sentence(r"evaluate version (?P<version>\d+) with evals/dataset\.jsonl( and mark its image as passed)?")
def evaluates(told: Told, match: re.Match[str]) -> str | None:
    """Compare which version is the newest."""
    found = runtime(told, before=True)
    return None if found and found.newest == match["version"] else "it is not the newest"


@sentence(r"(endpoints stay as they are|not promoted)")
def endpoints_stay(told: Told, _: re.Match[str]) -> str | None:
    """Compare that the live endpoint was not moved."""
    return _live(told, live_of(told.place_before))


@sentence(r"newest version (?P<version>\d+) \((?P<digest>sha256:[0-9a-f]+)\)(, commit [0-9a-f]+)?", "status", "monitor")
def newest_is(told: Told, match: re.Match[str]) -> str | None:
    """Compare the newest version and its image."""
    found = runtime(told)
    if found is None or found.newest != match["version"] or match["digest"] not in image_of(found, found.newest):
        return f"the newest version is {found and (found.newest, image_of(found, found.newest))}"
    return None


says_nothing(
    r"the evaluation of (version \d+|image \S+) .+ \(exit code \d+\)",  # the evaluation's own result
    r"smoke test of \w+",
    r"its smoke test passed",
    r"ask endpoint \w+",
    r"(live|canary|DEFAULT) answers as it should",
)


def image_of(found: Runtime, version: str) -> str:
    """Return the image of a version."""
    properties = found.versions[int(version) - 1]
    return str(properties["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"])
