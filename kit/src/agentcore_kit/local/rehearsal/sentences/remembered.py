"""What commands print of what is remembered of versions: good, left, failed, the canary, commits."""

from __future__ import annotations

import json
import re
from typing import Any

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.rehearsal.callers import live_of
from agentcore_kit.local.rehearsal.reader import Told, quotes, says_nothing, sentence
from agentcore_kit.local.rehearsal.sentences.general import component, endpoints
from agentcore_kit.local.rehearsal.sentences.runtime import image_of, runtime

_CALLERS_KEEP = r"live is (?P<how>back|still) on version (?P<version>\d+)"


def remembered(told: Told, *, before: bool = False) -> dict[str, Any]:
    """Return what the parameter `versions` of the command's environment holds."""
    assert told.environment is not None
    place = told.place_before if before or told.command == "monitor" else told.place  # which looks before it acts
    name = f"{names.memory(component(), told.environment.name)}versions"
    found: dict[str, Any] = json.loads(place.parameters.values.get(name, "{}"))
    return found


quotes(
    r"(version \d+: )?the smoke test of \w+ failed: .*?"
    r"(?=; version \d+ is remembered|; live|; it stays live|; there was|; somebody|$)",
    r"manifest\.yaml asks for no rollback \(spec\.rollbackOnDrift\)",
)
says_nothing(
    r"compare this commit with what was delivered",
    r"or kit rollback.*",
    r"nothing newer is deployed",
    r"a correction",
)


@sentence(
    r"none is moved, and a version that fails is remembered|nothing was moved|it stays live, as nothing was moved"
)
def none_is_moved(told: Told, _: re.Match[str]) -> str | None:
    """Compare that no endpoint was moved."""
    before, after = endpoints(told.before), endpoints(told.after)
    return None if before == after else f"endpoints moved: {before} → {after}"


@sentence(r"version (?P<version>\d+) is remembered as one that failed")
def remembered_failed(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a failed version is remembered."""
    failed = remembered(told).get("failed", [])
    return None if match["version"] in failed else f"failed are {failed}"


@sentence(
    r"DEFAULT answers as it should; version (?P<version>\d+) has failed before, so it is promoted by name only; .*"
)
def failed_before(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a version is remembered as one that failed."""
    return remembered_failed(told, match)


@sentence(r"version (?P<version>\d+) has failed its smoke test, and nothing newer is deployed")
def refused_failed(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a version is remembered as one that failed, and is the newest."""
    found = runtime(told)
    if found is None or found.newest != match["version"]:
        return f"the newest version is {found and found.newest}"
    return remembered_failed(told, match)


@sentence(r"a rollback took callers away from version (?P<version>\d+), and nothing newer is deployed")
def refused_left(told: Told, match: re.Match[str]) -> str | None:
    """Compare that a version was left, and is the newest."""
    found, left = runtime(told), remembered(told).get("left", [])
    if found is None or found.newest != match["version"]:
        return f"the newest version is {found and found.newest}"
    return None if match["version"] in left else f"left are {left}"


@sentence(
    rf"{_CALLERS_KEEP}(, its smoke test passed|, not tested, as .*|, which does not pass the smoke test now: .*)?"
)
def put_back(told: Told, match: re.Match[str]) -> str | None:
    """Compare that callers have the version that they had."""
    now = live_of(told.place)
    return None if now == match["version"] else f"live serves {now}"


@sentence(r"there was none before, so nothing is live")
def put_back_none(told: Told, _: re.Match[str]) -> str | None:
    """Compare that nothing was live, and is not."""
    before, now = live_of(told.place_before), live_of(told.place)
    return None if before is None and now is None else f"live served {before} before and serves {now}"


@sentence(r"good versions +(?P<versions>.+)", "status", "monitor")
def good_versions(told: Told, match: re.Match[str]) -> str | None:
    """Compare the versions that were good."""
    return _listed("good", told, match["versions"].replace("none yet", ""))


@sentence(
    r"left versions +(?P<versions>[\d, ]+): a rollback or a canary took callers away from them", "status", "monitor"
)
def left_versions(told: Told, match: re.Match[str]) -> str | None:
    """Compare the versions that were left."""
    return _listed("left", told, match["versions"])


@sentence(r"failed +(?P<versions>[\d, ]+): the last smoke test of each failed", "status", "monitor")
def failed_versions(told: Told, match: re.Match[str]) -> str | None:
    """Compare the versions that failed."""
    return _listed("failed", told, match["versions"])


@sentence(r"newer than live +(?P<versions>[\d, ]+)", "status", "monitor")
def newer_versions(told: Told, match: re.Match[str]) -> str | None:
    """Compare the versions that were deployed after what is live."""
    found, live = runtime(told), int(live_of(told.place) or 0)
    newer = [str(number) for number in range(live + 1, int(found.newest if found else 0) + 1)]
    return None if newer == match["versions"].split(", ") else f"newer are {newer}"


@sentence(
    r"canary +version (?P<version>\d+) has (?P<percent>\d+) % of the sessions, "
    r"against version (?P<control>\d*)(, since .*)?",
    "status",
    "monitor",
)
def canary_shown(told: Told, match: re.Match[str]) -> str | None:
    """Compare the canary with its endpoint, and with the A/B test's weights."""
    tests = [one for one in told.place.evaluations.tests.values() if one["executionStatus"] == "RUNNING"]
    weights = [one["weight"] for test in tests for one in test["variants"] if one["name"] == "T1"]
    serves = live_of(told.place, names.CANARY)
    if serves != match["version"] or weights != [int(match["percent"])]:
        return f"canary serves {serves}, weights are {weights}"
    return None if remembered(told)["canary"]["control"] == match["control"] else "the control is another"


@sentence(r"automatic +from version (?P<old>\d+) to (?P<new>\d+) at .+ UTC: .*", "status", "monitor")
def automatic_shown(told: Told, match: re.Match[str]) -> str | None:
    """Compare the last automatic step."""
    done = remembered(told).get("automatic") or {}
    if (done.get("from"), done.get("to")) != (match["old"], match["new"]):
        return f"remembered is {done}"
    return None


@sentence(
    r"live: version (?P<version>\d+)( \(moving to \d+\))? \((commit (?P<commit>[0-9a-f]+)|commit unknown)"
    r"(; moved (?P<moved>\S+ \S+) UTC)?(; (?P<why>.+?))?\)(?P<rest>; .*)?",
    "status",
    "monitor",
)
def live_of_status(told: Told, match: re.Match[str]) -> str | None:
    """Compare what is live with the service, its commit with its image's tags, and what status says of the newest."""
    place = told.place_before if told.command == "monitor" else told.place  # which looks before it acts
    found, live = next(iter(place.runtimes.runtimes.values()), None), live_of(place)
    if found is None or live is None or live != match["version"]:
        return f"live serves {live}"
    if match["commit"] and not _is_of(told.after, image_of(found, live), match["commit"]):
        return f"the image of version {live} is not of commit {match['commit']}"
    moved = found.endpoints[names.LIVE].moved
    if match["moved"] and match["moved"] != f"{moved:%Y-%m-%d %H:%M}":
        return f"it was moved at {moved}"
    newest = re.search(r"a rollback left version (\d+)|version (\d+) failed its smoke test", match["rest"] or "")
    if newest and found.newest != (newest[1] or newest[2]):
        return f"the newest version is {found.newest}"
    return None


@sentence(
    r"commit (?P<head>[0-9a-f]+) (can be delivered: no commit is known to be live|is live already"
    r"|is not older than (?P<live>[0-9a-f]+), which is live)",
    "newer",
)
def may_be_delivered(told: Told, match: re.Match[str]) -> str | None:
    """Compare with the commit of the image that is live."""
    found, live = runtime(told), live_of(told.place)
    if found is None or live is None:
        return f"nothing is live, not {match['live']}" if match["live"] or "already" in match[0] else None
    wanted = match["live"] or (match["head"] if "already" in match[0] else "")
    if not wanted:
        return f"version {live} is live"
    return None if _is_of(told.after, image_of(found, live), wanted) else f"version {live} is not of commit {wanted}"


@sentence(
    r"commit [0-9a-f]+ (is older than (?P<live>[0-9a-f]+), (which is live|which a rollback or a canary has left"
    r"|to which live was sent)"
    r"|was delivered before( as version (?P<version>\d+))?, and .*)",
    "newer",
)
def may_not_be_delivered(told: Told, match: re.Match[str]) -> str | None:
    """Compare that what was delivered is of the commit, or that the version was left or failed."""
    found, known = runtime(told), remembered(told)
    if match["version"] and match["version"] not in [*known.get("left", []), *known.get("failed", [])]:
        return f"left are {known.get('left')}, failed {known.get('failed')}"
    if not match["live"] or found is None:
        return None
    images = [image_of(found, str(number)) for number in range(1, int(found.newest) + 1)]
    return None if any(_is_of(told.after, one, match["live"]) for one in images) else "no version is of that commit"


def _listed(what: str, told: Told, versions: str) -> str | None:
    known = remembered(told).get(what, [])
    return None if [one for one in versions.split(", ") if one] == known else f"{what} are {known}"


def _is_of(cloud: Cloud, uri: str, commit: str) -> bool:
    """Return whether the image of a digest has the tag of a commit, wherever it is."""
    digest = uri.rpartition("@")[2]
    return any(
        tag.startswith(commit)
        for place in list(cloud.places.values())
        for known in place.images.repositories.values()
        for tag in known.get(digest, ())
    )
