"""One state for an endpoint: what failed is remembered, two people notice each other, what is put back is tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agentcore_kit.delivery import endpoint_history, endpoint_state, endpoints, names
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.kinds.base import RuntimeKind
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.rehearsal.component import fakes
from tests.delivery.runtime_world import COMMIT, SECOND, THIRD, World, kind_path
from tests.delivery.shell import refused


@pytest.fixture
def live(world: World) -> World:
    """Return the world with version 1 live in production, and version 2 deployed."""
    world.compares_nothing()
    world.release(COMMIT)
    world.ready(SECOND)
    world.must("deploy", "prod")
    return world


def parameter(world: World) -> str:
    """Return the name of the parameter in which production's state is kept."""
    (name,) = [name for name in world.at("prod").parameters.values if name.endswith("/prod/versions")]
    return name


def remembered(world: World) -> dict[str, Any]:
    """Return production's state as it is kept."""
    found: dict[str, Any] = json.loads(world.at("prod").parameters.values[parameter(world)])
    return found


def meanwhile(world: World, at: str, act: Callable[[], object]) -> None:
    """Let somebody act just before a function is called for the first time, and let it be called then."""
    owner, _, name = at.rpartition(".")
    original = getattr(__import__(owner, fromlist=[name]), name)
    done: list[bool] = []

    def acts(*arguments: Any, **options: Any) -> Any:
        if not done:
            done.append(True)
            act()
        return original(*arguments, **options)

    world.monkeypatch.setattr(at, acts)


# What failed is remembered


@pytest.mark.parametrize("endpoint", ["DEFAULT", "live"])
def test_a_version_that_failed_is_not_served_by_running_the_job_again(live: World, endpoint: str) -> None:
    live.cloud.broken_images.add(digest_of(SECOND))
    if endpoint == "DEFAULT":
        failed = live.type("smoke", "prod", "--endpoint", "DEFAULT")
        refused(failed, "HTTP 500", "version 2 is remembered as one that failed; live: version 1", code=1)
    else:
        refused(live.type("promote", "prod"), "HTTP 500", code=1)
    live.cloud.broken_images.clear()
    assert (
        "has failed before, so it is promoted by name only" in live.must("smoke", "prod", "--endpoint", "DEFAULT").last
    )
    moves = len(live.cloud.made("UpdateAgentRuntimeEndpoint"))
    refused(live.type("promote", "prod"), "version 2 has failed its smoke test", "--version 2", code=1)
    assert len(live.cloud.made("UpdateAgentRuntimeEndpoint")) == moves, "callers are not even moved for a moment"
    assert "version 2 failed its smoke test" in live.must("status", "prod").last
    assert json.loads(live.must("status", "prod", "--json").out)["release"]["failed"] == ["2"]
    live.must("promote", "prod", "--version", "2")
    assert live.live("prod") == "2"
    assert json.loads(live.must("status", "prod", "--json").out)["release"]["failed"] == []


def test_a_correction_of_what_failed_is_served(live: World) -> None:
    live.cloud.broken_images.add(digest_of(SECOND))
    refused(live.type("smoke", "prod", "--endpoint", "DEFAULT"), "HTTP 500")
    live.release(THIRD)
    assert live.live("prod") == "3"


def test_what_could_not_be_asked_has_not_failed(live: World) -> None:
    with live.monkeypatch.context() as planned:
        planned.delenv("EVAL_TOKEN")
        refused(live.type("smoke", "prod", "--endpoint", "DEFAULT"), "EVAL_TOKEN")
    live.must("promote", "prod")


def test_an_outage_that_has_passed_is_no_fault_of_what_is_live(live: World) -> None:
    live.must("promote", "prod")
    live.cloud.broken_images.add(digest_of(SECOND))
    refused(live.type("smoke", "prod"), "version 2 is remembered as one that failed", code=1)
    live.cloud.broken_images.clear()
    live.must("smoke", "prod")
    assert remembered(live)["failed"] == []
    live.release(THIRD)
    assert "version 2 is live again" in live.must("rollback", "prod").last


def test_a_backend_that_is_down_does_not_take_away_where_one_could_go_back_to(live: World) -> None:
    live.must("promote", "prod")
    down = {digest_of(COMMIT), digest_of(SECOND)}
    live.cloud.broken_images |= down
    said = "live is back on version 2, which does not pass the smoke test now"
    refused(live.type("rollback", "prod"), "version 1", "HTTP 500", said)
    live.cloud.broken_images.clear()
    assert "version 1 is live again" in live.must("rollback", "prod").last


def test_a_rollback_passes_over_a_version_that_failed(live: World) -> None:
    live.must("promote", "prod")
    live.release(THIRD)
    live.cloud.broken_images.add(digest_of(SECOND))
    refused(live.type("rollback", "prod"), "version 2", "live is back on version 3, its smoke test passed")
    assert "version 1 is live again" in live.must("rollback", "prod").last


def test_a_rollback_goes_to_one_that_failed_when_there_is_no_other(live: World) -> None:
    live.cloud.broken_images.add(digest_of(COMMIT))
    refused(live.type("smoke", "prod"), "version 1 is remembered as one that failed")
    live.cloud.broken_images.clear()
    live.must("promote", "prod")
    shown = live.must("rollback", "prod")
    assert "version 1 failed its last smoke test, and is asked again" in shown.out
    assert "version 1 is live again" in shown.last


def test_what_is_put_back_is_what_callers_had(live: World) -> None:
    live.must("promote", "prod")
    live.cloud.broken_images.add(digest_of(SECOND))
    refused(live.type("smoke", "prod"), "HTTP 500")
    live.cloud.broken_images = {digest_of(THIRD)}
    live.ready(THIRD)
    live.must("deploy", "prod")
    refused(live.type("promote", "prod"), "version 3", "live is back on version 2, its smoke test passed")


# Two people


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_somebody_moves_live_before_the_second_one_does(live: World, command: str) -> None:
    live.must("promote", "prod")
    live.ready(THIRD)
    live.must("deploy", "prod")
    (runtime,) = live.at("prod").runtimes.runtimes.values()

    def moves() -> None:
        runtime.endpoints[names.LIVE].live = runtime.endpoints[names.LIVE].target = "1"

    meanwhile(live, "agentcore_kit.delivery.output.confirm", moves)
    before = remembered(live)
    refused(live.type(command, "prod"), "somebody else is changing prod", "live is version 1 now")
    assert live.live("prod") == "1"
    assert remembered(live) == before


def test_a_promotion_and_a_rollback_at_the_same_time(live: World) -> None:
    live.must("promote", "prod")
    live.ready(THIRD)
    live.must("deploy", "prod")
    other: list[Any] = []
    meanwhile(live, "agentcore_kit.delivery.output.confirm", lambda: other.append(live.must("rollback", "prod")))
    refused(live.type("promote", "prod"), "somebody else is changing prod", "live is version 1 now")
    assert live.live("prod") == "1"
    assert remembered(live)["left"] == ["2"]


def test_two_that_write_at_the_very_same_moment(live: World) -> None:
    parameters, begun = live.at("prod").parameters, json.loads(json.dumps(remembered(live)))
    original = parameters.put_parameter
    other = {**begun, "untested": "1", "why": "somebody else"}

    def put(p: Mapping[str, Any]) -> dict[str, Any]:
        if not parameters.values[p["Name"]].count("somebody else"):
            original({**p, "Value": json.dumps(other), "Overwrite": True})
        return original(p)

    with live.monkeypatch.context() as planned:
        planned.setattr(parameters, "put_parameter", put)
        refused(live.type("promote", "prod"), "somebody else is changing prod")
    assert remembered(live) == other, "what the first one wrote is what holds"
    assert live.live("prod") == "1"


def test_a_failed_promotion_leaves_alone_what_somebody_else_has_made_live(live: World) -> None:
    live.must("promote", "prod")
    live.ready(THIRD)
    live.must("deploy", "prod")
    (runtime,) = live.at("prod").runtimes.runtimes.values()

    def fails(*_: object) -> None:
        runtime.endpoints[names.LIVE].live = runtime.endpoints[names.LIVE].target = "1"
        raise CommandError("the smoke test of live failed", "look", 1)

    live.monkeypatch.setattr(f"{kind_path()}.smoke", fails)
    refused(live.type("promote", "prod"), "somebody else has changed prod meanwhile, so nothing was put back", code=1)
    assert live.live("prod") == "1"
    assert remembered(live)["failed"] == ["3"]


# What belongs to a move


def test_what_must_hold_before_a_promotion_stops_it_before_anything_moves(live: World) -> None:
    def refuses(*_: object) -> None:
        raise CommandError("the contract is broken", "correct it", 1)

    live.monkeypatch.setattr(f"{kind_path()}.before_promotion", refuses)
    refused(live.type("promote", "prod"), "the contract is broken", code=1)
    assert live.live("prod") == "1"
    assert not live.cloud.made("UpdateAgentRuntimeEndpoint")
    live.must("deploy", "preprod")
    live.monkeypatch.setattr(RuntimeKind, "evaluate", lambda *_: 0)
    refused(live.type("gate", "preprod"), "the contract is broken", code=1)


@pytest.mark.parametrize(("command", "version"), [("promote", "2"), ("rollback", "1")])
def test_what_follows_a_move_is_done_again_when_it_failed(live: World, command: str, version: str) -> None:
    if command == "rollback":
        live.must("promote", "prod")
    told: list[str] = []

    def follows(_: object, __: object, moved: str) -> None:
        told.append(moved)
        if len(told) == 1:
            raise CommandError("the gateway is away", "look", 3)

    live.monkeypatch.setattr(f"{kind_path()}.after_move", follows)
    refused(
        live.type(command, "prod"), f"version {version} was made live, its smoke test passed; but the gateway is away"
    )
    assert live.live("prod") == version, "it passed: callers stay on it"
    assert f"version {version}" in live.must(command, "prod").last
    assert told == [version, version]
    assert live.live("prod") == version, "typed again it goes on, and no further"
    assert remembered(live)["untested"] == ""


def test_each_move_ends_with_a_smoke_test_and_says_how_it_ended(live: World) -> None:
    asked: list[str] = []

    def listens(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        asked.append(image.rpartition("@")[2])
        return fakes().answer(image, headers, body)

    live.cloud.agent = listens
    assert "is live (" in (said := live.must("promote", "prod").last)
    assert "its smoke test passed; before it: 1" in said
    assert asked[-1] == digest_of(SECOND)
    assert live.must("rollback", "prod").last.endswith("version 1 is live again; it was 2; its smoke test passed")
    assert asked[-1] == digest_of(COMMIT)


# What older kits have left


def test_a_state_of_an_older_kit_and_one_of_a_newer_kit_are_understood(live: World) -> None:
    name = parameter(live)
    known = remembered(live)
    live.at("prod").parameters.values[name] = json.dumps({"good": ["1"], "left": [], "untested": "", "had": ""})
    live.must("promote", "prod")
    assert "version 1 is live again" in live.must("rollback", "prod").last
    live.at("prod").parameters.values[name] = json.dumps({**known, "of a newer kit": 1})
    assert "live: version 1" in live.must("status", "prod").last


def test_status_says_since_when_what_is_newer_and_what_was_left(live: World) -> None:
    shown = live.must("status", "prod")
    assert f"live: version 1 (commit {COMMIT[:12]}; moved 20" in shown.last
    assert "newer than live 2" in shown.out
    live.must("promote", "prod")
    live.must("rollback", "prod")
    shown = live.must("status", "prod")
    assert "left versions  2" in shown.out
    assert "rolled back)" in shown.last
    said = json.loads(live.must("status", "prod", "--json").out)["release"]
    assert (said["left"], said["newer"], said["why"], said["commit"]) == (["2"], ["2"], "rolled back", COMMIT)


def test_a_rollback_says_which_sign_in_clients_come_back(live: World) -> None:
    (runtime,) = live.at("prod").runtimes.runtimes.values()
    live.must("promote", "prod")
    assert "comes back with" not in live.must("rollback", "prod").out
    live.must("promote", "prod", "--version", "2")
    clients = {"DiscoveryUrl": "https://login.example.com/.well-known/openid-configuration", "AllowedClients": ["old"]}
    first = {**runtime.versions[0], "AuthorizerConfiguration": {"CustomJWTAuthorizer": clients}}
    guardrail = {"AGENT_GUARDRAIL_ID": "g1", "AGENT_GUARDRAIL_VERSION": "3"}
    runtime.versions[0] = {**first, "EnvironmentVariables": {**first.get("EnvironmentVariables", {}), **guardrail}}
    shown = live.must("rollback", "prod").out
    assert "version 1 comes back with its own sign-in clients: old (version 2 has " in shown
    assert "version 1 comes back with its own guardrail: g1 version 3 (version 2 has " in shown


def test_the_versions_in_use_are_those_that_callers_may_get(live: World) -> None:
    past = endpoint_history.History(good=["1", "2", "3", "4", "5"], failed=["4"], untested="8", had="6")
    runtime = endpoints.Runtime("id", "arn", "9")
    canary = endpoint_history.Canary(version="7", control="6", percent=10, since="")
    state = endpoint_state.EndpointState(runtime, "6", "8", None, past.changed(canary=canary), "")
    assert sorted(endpoint_state.versions_in_use(state)) == ["2", "3", "5", "6", "7", "8", "9"]
