"""What commands print of canaries, online evaluation, monitoring and alarms."""

from __future__ import annotations

import re
from math import isclose

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import AccountRegion
from agentcore_kit.local.rehearsal.callers import live_of
from agentcore_kit.local.rehearsal.reader import Told, says_nothing, sentence
from agentcore_kit.local.rehearsal.sentences.remembered import remembered
from agentcore_kit.local.rehearsal.sentences.runtime import runtime


def _running(told: Told, *, before: bool = False) -> list[int]:
    """Return the share of callers on the new version of each A/B test that is running."""
    place = told.place_before if before else told.place
    tests = [one for one in place.evaluations.tests.values() if one["executionStatus"] == "RUNNING"]
    return [one["weight"] for test in tests for one in test["variants"] if one["name"] == "T1"]


def _online(place: AccountRegion) -> list[str]:
    """Return the state of each online evaluation of live; the name of a canary's begins with `c_`."""
    found = place.evaluations.online.items()
    return [one["executionStatus"] for name, one in found if not name.startswith("c_")]


@sentence(r"online evaluation ((?P<old>ENABLED|DISABLED) → )?(?P<now>ENABLED|DISABLED)(?(old)(: .*)?)", "online")
def online_is(told: Told, match: re.Match[str]) -> str | None:
    """Compare the state of the online evaluation of live, and where it was switched, the one before."""
    before, now = _online(told.place_before), _online(told.place)
    if match["old"] and before != [match["old"]]:
        return f"it was {before}"
    return None if now == [match["now"]] else f"it is {now}"


@sentence(r"endpoint canary: version (?P<version>\d+)", "canary")
def canary_endpoint(told: Told, match: re.Match[str]) -> str | None:
    """Compare what the canary's endpoint serves afterwards."""
    now = live_of(told.place, names.CANARY)
    return None if told.code or now == match["version"] else f"it serves {now}"


@sentence(r"(?P<percent>\d+) % of the sessions of \S+ go there; .*", "canary")
def canary_split(told: Told, match: re.Match[str]) -> str | None:
    """Compare the weight of the A/B test."""
    return None if told.code or _running(told) == [int(match["percent"])] else f"weights are {_running(told)}"


@sentence(r"(?P<percent>\d+) % on version (?P<version>\d+), (?P<live>[^;]*)", "canary")
def canary_runs(told: Told, match: re.Match[str]) -> str | None:
    """Compare the weight of the A/B test, its version and what is live."""
    serves, live = live_of(told.place, names.CANARY), live_of(told.place)
    if _running(told) != [int(match["percent"])] or serves != match["version"]:
        return f"weights are {_running(told)}, canary serves {serves}"
    return None if match["live"] == f"live: version {live}" else f"live serves {live}"


@sentence(r"(the canary ends|the canary of version \d+ (ends( undecided)?|is ended)|end of the canary of version \d+)")
def canary_ends(told: Told, _: re.Match[str]) -> str | None:
    """Compare that an A/B test ran before, and none does now."""
    if not _running(told, before=True):
        return "no A/B test was running"
    return f"weights are {_running(told)}" if told.code == 0 and _running(told) else None


@sentence(r"version (?P<version>\d+) is live as before, .*", "rollback")
@sentence(r"all callers get version (?P<version>\d+)(, which is live and stays live)?")
def callers_get(told: Told, match: re.Match[str]) -> str | None:
    """Compare that live was and is this version, and that no A/B test splits callers."""
    if (live_of(told.place_before), live_of(told.place)) != (match["version"], match["version"]) or _running(told):
        return f"live served {live_of(told.place_before)} and serves {live_of(told.place)}; weights {_running(told)}"
    return None


@sentence(
    r"the canary (of version \d+ )?ends( undecided)?(, and|; version (?P<left>\d+) is left, and) "
    r"all callers get version (?P<version>\d+)",
    "canary",
)
def canary_plan(told: Told, match: re.Match[str]) -> str | None:
    """Compare what a canary's end leaves."""
    if match["left"] and match["left"] not in remembered(told).get("left", []):
        return f"left are {remembered(told).get('left')}"
    return canary_ends(told, match) or callers_get(told, match)


@sentence(r"the canary is ended and version (?P<left>\d+) left", "rollback")
def canary_left(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the canary's version is remembered as left."""
    if match["left"] not in remembered(told).get("left", []):
        return f"left are {remembered(told).get('left')}"
    return canary_ends(told, match)


@sentence(r"not decided yet, (?P<live>.*); the canary goes on", "canary")
def not_decided(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the A/B test is what it was, and live too."""
    live = live_of(told.place)
    if not _running(told) or _running(told) != _running(told, before=True):
        return f"weights were {_running(told, before=True)} and are {_running(told)}"
    return None if match["live"] == f"live: version {live}" else f"live serves {live}"


@sentence(r"version (?P<version>\d+) is live, as the canary was not worse", "canary")
def canary_promoted(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the canary's version is live, and no A/B test runs."""
    live = live_of(told.place)
    return None if live == match["version"] and not _running(told) else f"live serves {live}"


@sentence(r"a canary of version (?P<version>\d+) is running in \S+, so live stays on version (?P<live>\d+)")
def canary_in_the_way(told: Told, match: re.Match[str]) -> str | None:
    """Compare the running canary and what is live."""
    serves, live = live_of(told.place, names.CANARY), live_of(told.place)
    if not _running(told) or serves != match["version"] or live != match["live"]:
        return f"canary serves {serves}, live {live}, weights {_running(told)}"
    return None


@sentence(
    r"live was moved since the canary began: it compares with version (?P<control>\d+|unknown), and callers have "
    r"version (?P<live>\d+|none), so nothing is decided"
)
def control_changed(told: Told, match: re.Match[str]) -> str | None:
    """Compare what is live with what it is said to be, and that nothing was decided."""
    live = live_of(told.place)
    if (live or "none") != match["live"] or _running(told) != _running(told, before=True):
        return f"live serves {live}, weights {_running(told)}"
    return None


@sentence(r"callers were taken back automatically from version (?P<old>\d+) to (?P<new>\d+) at .+ UTC, .*")
def taken_back(told: Told, match: re.Match[str]) -> str | None:
    """Compare the last automatic step."""
    done = remembered(told).get("automatic") or {}  # also of monitor: what it says is of before, as this was
    return None if (done.get("from"), done.get("to")) == (match["old"], match["new"]) else f"remembered is {done}"


@sentence(r"callers were moved to version (?P<version>\d+) at \d\d:\d\d UTC, after this alarm")
@sentence(r"version (?P<version>\d+) has been live since .+ UTC, longer than .*")
@sentence(r"Version (?P<version>\d+) is live again.*", "monitor")
def live_serves(told: Told, match: re.Match[str]) -> str | None:
    """Compare what is live."""
    return None if live_of(told.place) == match["version"] else f"live serves {live_of(told.place)}"


@sentence(r"nothing is live, so there is nothing to monitor")
def nothing_to_monitor(told: Told, _: re.Match[str]) -> str | None:
    """Compare that nothing is live."""
    found = runtime(told)
    return None if found is None or live_of(told.place) is None else f"live serves {live_of(told.place)}"


@sentence(
    r"the model: (?P<usd>[\d,.]+) USD a day, (?P<given>[\d,]+) tokens in and (?P<made>[\d,]+) out a request", "plan"
)
def model_costs(told: Told, match: re.Match[str]) -> str | None:
    """Compare what a traffic costs with the price of the environment's model."""
    assert isinstance(told.environment, AgentEnvironment)
    price = told.environment.price(told.environment.model.id)
    usd, given, made = (float(match[name].replace(",", "")) for name in ("usd", "given", "made"))
    requests = int(told.arguments[told.arguments.index("--requests-per-day") + 1])
    right = requests * price.usd(given, made) if price else 0.0
    return None if isclose(usd, right, rel_tol=0.01) else f"by the price it is {right:.4f} USD"


says_nothing(
    r"cost:",
    r"[\d,]+ requests a day cost about .*",
    r"\S+: [\d.]+ USD a million tokens in, .*",
    r"the tokens are (an estimate|measured): .*",
    r"online evaluation of [\d.]+ % of the sessions.*",
    r"online evaluation is not in \S+, so no session is judged",
    r"the alarm goes off at [\d,.]+ USD of the model in an hour",
    r"the mean hour has [\d,.]+ USD",
    r"not in it, as billed by use: .*",
    r"the price of \S+ is not known",
    r"state it under prices in environments/\S+\.yaml: until then .*",
    commands=("plan",),
)
says_nothing(
    r"the alarm is of .*",
    r"alarm \S+ (is|moves) .*",
    r"the alarm's time, .*",
    r"no session was sampled since .* UTC",
    r"too few sessions were judged since .* to tell",
    r"scores are as they should be",
    r"Builtin\.\w+: .*",
    r"(requests|feedback of users|latency|cost|P95 \S+( \S+)*|tokens a \w+|USD a \w+): .*",
    r".*(too few sessions, each side needs \d+|no session of both versions was judged yet)",
    commands=("rollback", "monitor", "canary"),
)
