"""An alarm's event: what moves callers back, and all that must not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World
from tests.delivery.shell import Typed, refused

HOSTILE = '"; touch hacked; echo "$(touch hacked)`touch hacked`'


@pytest.fixture
def live(world: World) -> World:
    """Return the world with version 2 live, which came after 1."""
    world.release(COMMIT)
    world.release(SECOND)
    moved(world, hours=3)
    return world


def moved(world: World, hours: float) -> None:
    """Let callers have been moved to what is live some hours ago."""
    (runtime,) = world.at("prod").runtimes.runtimes.values()
    runtime.endpoints[names.LIVE].moved = datetime.now(UTC) - timedelta(hours=hours)


def remembered(world: World) -> dict[str, Any]:
    """Return the state of the endpoint, as it is kept."""
    values = world.at("prod").parameters.values
    (name,) = [key for key in values if key.endswith("/prod/versions")]
    found: dict[str, Any] = json.loads(values[name])
    return found


def promoted(world: World, version: str, hours: float) -> None:
    """Let a version have been promoted some hours ago."""
    values = world.at("prod").parameters.values
    (name,) = [key for key in values if key.endswith("/prod/versions")]
    state = remembered(world)
    state["promoted"][version] = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    values[name] = json.dumps(state)


def alarm(world: World, **changes: object) -> Path:
    """Return the file of an event: the errors alarm of production, five minutes ago, but for the changes."""
    prod = world.environments["prod"]
    payload = {
        "environment": "prod",
        "alarm": f"{names.snake(load_manifest().metadata.name, 'prod')}-errors",
        "state": "ALARM",
        "at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
        "region": prod.region,
        "account": prod.account,
    } | changes
    path = Path(".local") / "event.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"action": "rollback", "client_payload": payload}), encoding="utf-8")
    return path


def rung(world: World, **changes: object) -> Typed:
    return world.type("rollback", "prod", "--alarm", str(alarm(world, **changes)))


def test_an_alarm_of_a_version_promoted_recently_goes_back_once(live: World) -> None:
    assert rung(live).code == 0
    assert live.live("prod") == "1"
    assert remembered(live)["automatic"] | {"at": "", "why": ""} == {"from": "2", "to": "1", "at": "", "why": ""}


def test_a_repeated_alarm_does_not_walk_back_version_by_version(live: World) -> None:
    live.release(THIRD)
    moved(live, hours=1)
    assert rung(live).code == 0
    assert live.live("prod") == "2"
    moved(live, hours=1)
    for _ in range(3):
        told = rung(live, at=datetime.now(UTC).isoformat())
        assert (told.code, live.live("prod")) == (0, "2"), told.out
        assert "nobody has looked since" in told.last


def test_a_person_who_promotes_answers_the_automatic_step(live: World) -> None:
    rung(live)
    live.must("promote", "prod", "--version", "2")
    assert remembered(live)["automatic"] is None
    moved(live, hours=1)
    assert rung(live).code == 0
    assert live.live("prod") == "1"


def test_a_version_that_has_been_good_for_weeks_stays(live: World) -> None:
    promoted(live, "2", hours=24 * 14)
    told = rung(live)
    assert (told.code, live.live("prod")) == (0, "2")
    assert "longer than monitoring.automaticHours (48)" in told.last


def test_a_version_of_which_nobody_knows_since_when_stays(live: World) -> None:
    values = live.at("prod").parameters.values
    (name,) = [key for key in values if key.endswith("/prod/versions")]
    values[name] = json.dumps({"good": ["1", "2"], "left": [], "untested": "", "had": ""})  # of an older kit
    assert rung(live).code == 0
    assert live.live("prod") == "2"


def others() -> dict[str, tuple[dict[str, object], str]]:
    """Return alarms that move nothing, by what is the matter with them: what differs, and what is said of it."""
    now = datetime.now(UTC)
    return {
        "ok": ({"state": "OK"}, "is OK"),
        "no data": ({"state": "INSUFFICIENT_DATA"}, "is INSUFFICIENT_DATA"),
        "another environment": ({"environment": "preprod"}, "the alarm is of preprod"),
        "another region": ({"region": "us-east-1"}, "us-east-1"),
        "another account": ({"account": "999999999999"}, "999999999999"),
        "another component": ({"alarm": "other_agent_prod-errors"}, "is not one of"),
        "another environment's alarm": ({"alarm": "my_agent_preprod-errors"}, "is not one of"),
        "old": ({"at": "2020-01-01T00:00:00+00:00"}, "too long ago"),
        "before the move": ({"at": (now - timedelta(minutes=50)).isoformat()}, "after this alarm"),
        "of tomorrow": ({"at": (now + timedelta(days=1)).isoformat()}, "has not come yet"),
        "a hostile name": ({"alarm": f"{HOSTILE}\n\x1b[31m-errors"}, "is not one of"),
    }


@pytest.mark.parametrize("which", others())
def test_what_is_no_alarm_of_this_version_moves_nothing_and_says_why(live: World, which: str) -> None:
    changes, said = others()[which]
    moved(live, hours=0.7)
    told = rung(live, **changes)
    assert (told.code, live.live("prod")) == (0, "2"), told.err
    assert said in told.last
    assert "nothing to change" in told.out
    assert "\x1b" not in told.out


@pytest.mark.parametrize("watched", ["throttles", "cost", "tokens", "score", "blind", "sessions"])
def test_what_no_version_can_help_moves_nothing(live: World, watched: str) -> None:
    name = f"{names.snake(load_manifest().metadata.name, 'prod')}-{watched}"
    told = rung(live, alarm=name)
    assert (told.code, live.live("prod")) == (0, "2")
    assert f"alarm {name} moves nothing" in told.last


@pytest.mark.parametrize(
    "changes",
    [
        {"state": HOSTILE},
        {"environment": HOSTILE},
        {"at": HOSTILE},
        {"at": "2026-01-01T00:00:00"},  # in no zone
        {"account": f"123456789012{HOSTILE}"},
        {"alarm": ""},
        {"alarm": ["a"]},
        {"alarm": "a" * 10_000},
        {"region": None},
    ],
)
def test_what_is_no_event_is_refused_without_its_values(live: World, changes: dict[str, object]) -> None:
    told = rung(live, **changes)
    refused(told, "is no event of an alarm", "nothing was moved", code=2)
    assert "touch" not in told.err
    assert live.live("prod") == "2"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"client_payload": null}', "\x00", "[" * 5000])
def test_a_file_with_something_else_is_refused(live: World, text: str) -> None:
    path = alarm(live)
    path.write_text(text, encoding="utf-8")
    refused(live.type("rollback", "prod", "--alarm", str(path)), "is no event of an alarm", code=2)
    refused(live.type("rollback", "prod", "--alarm", "there/is/none.json"), "cannot be read", code=2)


def test_events_of_a_later_bridge_are_understood(live: World) -> None:
    at = f"{datetime.now(UTC) - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}.512+0000"  # as CloudWatch writes it
    assert rung(live, at=at, reason="Threshold Crossed", history=[1, 2]).code == 0
    assert live.live("prod") == "1"
