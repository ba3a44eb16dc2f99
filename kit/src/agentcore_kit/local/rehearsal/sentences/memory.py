"""What commands print of memories and their configurations."""

from __future__ import annotations

import re
from typing import Any

from agentcore_kit.local.aws_emulator.cloud import AccountRegion
from agentcore_kit.local.rehearsal.reader import Told, says_nothing, sentence


def memories(place: AccountRegion) -> dict[str, Any]:
    """Return the memories of an account and region by their ids."""
    found: dict[str, Any] = getattr(place.service("bedrock-agentcore-control"), "memories", {})
    return found


@sentence(r"live: memory (?P<id>\S+), (?P<status>[A-Z_]+), (?P<number>\d+) strateg(y|ies)(, .*)?")
def memory_live(told: Told, match: re.Match[str]) -> str | None:
    """Compare a memory with the service."""
    found = memories(told.place).get(match["id"])
    if found is None:
        return f"there is no such memory, there are {', '.join(memories(told.place))}"
    if (found["status"], len(found["strategies"])) != (match["status"], int(match["number"])):
        return f"it is {found['status']} with {len(found['strategies'])} strategies"
    return None


@sentence(r"configuration of [0-9a-f]+ is active", "deploy")
def configuration_deployed(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there is a memory, and it is active."""
    states = [each["status"] for each in memories(told.place).values()]
    return None if states == ["ACTIVE"] else f"memories are {states}"


@sentence(r"configuration (of )?(?P<revision>[0-9a-f]+) is (active again|good|back)")
def configuration_active(told: Told, match: re.Match[str]) -> str | None:
    """Compare with the revisions that are remembered in the account."""
    return None if _known(told, match["revision"]) else "nothing in the account has this revision"


@sentence(
    r"commit [0-9a-f]+ (can be delivered: no commit is known to be live"
    r"|is not older than (?P<live>[0-9a-f]+), which is live|is live already)",
    "newer",
)
def may_be_delivered(told: Told, match: re.Match[str]) -> str | None:
    """Compare with the revision that is remembered as good."""
    return None if not match["live"] or _known(told, match["live"]) else "nothing in the account has this revision"


@sentence(r"good configurations to go back to: (?P<known>.*)", "status")
def good_configurations(told: Told, match: re.Match[str]) -> str | None:
    """Compare with the revisions that are remembered in the account."""
    named = re.findall(r"[0-9a-f]{7,40}", match["known"])
    unknown = [one for one in named if not _known(told, one)]
    return f"nothing in the account has {', '.join(unknown)}" if unknown else None


@sentence(r"(?P<strategy>\w+): records are kept", "plan")
def records_kept(told: Told, match: re.Match[str]) -> str | None:
    """Compare that the memory has the strategy."""
    names = [one["name"] for each in memories(told.place).values() for one in each["strategies"]]
    return None if match["strategy"] in names else f"strategies are {names}"


@sentence(r"(! |this change loses what is remembered: )events: deleted after \d+ days instead of (?P<old>\d+)")
def fewer_days(told: Told, match: re.Match[str]) -> str | None:
    """Compare for how many days the memory keeps events."""
    days = [each["eventExpiryDuration"] for each in memories(told.place).values()]
    return None if days == [int(match["old"])] else f"it keeps them for {days} days"


def _known(told: Told, revision: str) -> bool:
    return any(revision in str(value) for value in told.place.parameters.values.values())


@sentence(r"nothing yet", "plan")
def nothing_remembered(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there is no memory."""
    return f"there is {', '.join(memories(told.place))}" if memories(told.place) else None


@sentence(r"all of it is kept", "plan")
def all_kept(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there is a memory."""
    return None if memories(told.place) else "there is no memory"


@sentence(r"bring back the configuration of [0-9a-f]+", "rollback")
def brings_back(told: Told, _: re.Match[str]) -> str | None:
    """Compare that there was a memory before."""
    return None if memories(told.place_before) else "there was no memory"


@sentence(r"what was learned meanwhile stays", "rollback")
def learned_stays(told: Told, _: re.Match[str]) -> str | None:
    """Compare that each memory is still the same one."""
    return None if set(memories(told.place_before)) == set(memories(told.place)) else "it is another memory"


says_nothing(
    r"what is remembered:",
    r"write an event, read it, delete it",
    r"nothing else is touched",
    r"what is written is found, and gone when it is forgotten",
    r"hold the conversations of .*",
    r"test, then remember configuration [0-9a-f]+ as good",
    r"as this repository says",
    r"\S+ differs from this repository: .*",
    r"older ones are lost",
    r"deploy needs --allow-loss, as lines with ! lose something",
)
