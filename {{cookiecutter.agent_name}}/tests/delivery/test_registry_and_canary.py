"""The organisation's registry, and a canary that ends by rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.delivery import canary as split
from ops.delivery import names
from ops.delivery import place as places
from ops.manifest import Manifest, load_manifest
from tests.delivery.conftest import COMMIT, SECOND, World


def registry(world: World) -> Any:
    shared = world.environments["prod"]
    return world.cloud.at(str(shared.shared_account), shared.region).service("agent-registry-control")


def with_manifest(world: World, **changes: Any) -> Manifest:
    """Let the repository have a manifest with another spec or metadata."""
    raw = load_manifest().model_dump(by_alias=True)
    raw["spec"] |= changes.pop("spec", {})
    raw["metadata"] |= changes
    manifest = Manifest.model_validate(raw)
    world.monkeypatch.setattr(places, "load_manifest", lambda: manifest)
    return manifest


def test_only_production_publishes(world: World) -> None:
    assert "only production publishes" in world.must("register", "preprod").last
    assert not registry(world).records
    assert not world.cloud.made("CreateRegistryRecord")


def test_a_record_from_draft_to_approval_and_a_new_draft_over_it(world: World) -> None:
    assert "PENDING_APPROVAL" in world.must("register", "prod").last
    assert "nothing to change" in world.must("register", "prod").out
    (record,) = registry(world).records.values()
    assert json.loads(record.draft["descriptors"]["custom"]["data"])["endpoint"] == "live"
    record.status, record.approved = "APPROVED", dict(record.draft)
    assert "APPROVED" in world.must("register", "prod").last
    with_manifest(world, version="0.2.0")
    assert "0.1.0 → 0.2.0" in world.must("register", "prod").out
    assert (record.status, record.draft["recordVersion"]) == ("PENDING_APPROVAL", "0.2.0")
    assert record.approved["recordVersion"] == "0.1.0", "the approved revision stays discoverable"


def test_what_waits_for_approval_is_not_changed(world: World) -> None:
    world.must("register", "prod")
    with_manifest(world, version="0.2.0")
    refused = world.type("register", "prod")
    assert refused.code == 1
    assert "waits for approval" in refused.err


def test_a_rejected_record_is_submitted_again_once_it_says_something_else(world: World) -> None:
    world.must("register", "prod")
    (record,) = registry(world).records.values()
    record.status = "REJECTED"
    with_manifest(world, description="Says which data it reads.")
    assert "PENDING_APPROVAL" in world.must("register", "prod").last


def test_an_agent_card_in_the_version_that_the_registry_knows(world: World) -> None:
    with_manifest(world, spec={"registry": {"descriptor": "agent-card", "url": "https://a.example.com", "skills": []}})
    world.must("register", "prod")
    (record,) = registry(world).records.values()
    assert record.draft["descriptors"]["a2aAgentCard"]["dataSchemaVersion"] == "0.3"


@pytest.fixture
def canary(world: World) -> World:
    """Return the world with version 1 live, 2 deployed, and a tenth of the sessions on 2."""
    world.release(COMMIT)
    with_manifest(world, spec={"canaryGateway": "assistants"})
    world.commit(SECOND)
    world.passed(SECOND)
    world.must("deploy", "prod")
    started = world.must("canary", "prod", WEIGHT="10")
    assert "10 % on version 2, live: version 1" in started.last
    return world


def measured(world: World, mean: float, *, significant: bool, sessions: int = 200, p95: float = 900.0) -> None:
    """Let the service have compared both."""
    (test,) = world.at("prod").evaluations.tests.values()
    stats = {"variantName": "C", "sampleSize": sessions, "mean": 0.9}
    result = {"variantName": "T1", "sampleSize": sessions, "mean": mean, "isSignificant": significant}
    arn = "arn:aws:bedrock-agentcore:::evaluator/Builtin.GoalSuccessRate"
    metric = {"evaluatorArn": arn, "controlStats": stats, "variantResults": [result]}
    test["results"] = {"evaluatorMetrics": [metric]}
    runtime = names.snake("financial-analytics-agent", "prod")
    world.at("prod").metrics.values = {
        ("Latency", f"{runtime}::live"): [900.0],
        ("Latency", f"{runtime}::canary"): [p95],
    }


def test_a_canary_splits_sessions_and_moves_nobody_else(canary: World) -> None:
    (test,) = canary.at("prod").evaluations.tests.values()
    assert {one["name"]: one["weight"] for one in test["variants"]} == {"C": 90, "T1": 10}
    assert canary.live("prod") == "1"
    canary.must("canary", "prod", WEIGHT="50")
    assert len(canary.at("prod").evaluations.tests) == 1


def test_too_few_sessions_decide_nothing(canary: World) -> None:
    measured(canary, 0.91, significant=False, sessions=split.MIN_SESSIONS - 1)
    assert "too few sessions" in canary.must("canary", "prod", DECIDE="1").last
    assert canary.at("prod").evaluations.tests


def test_a_canary_that_is_not_worse_is_promoted(canary: World) -> None:
    measured(canary, 0.89, significant=False)
    assert "version 2 is live" in canary.must("canary", "prod", DECIDE="1").last
    assert canary.live("prod") == "2"
    assert not canary.at("prod").evaluations.tests


@pytest.mark.parametrize(("mean", "significant", "p95"), [(0.6, True, 900.0), (0.95, False, 2000.0)])
def test_a_worse_or_slower_canary_is_reversed(canary: World, mean: float, significant: bool, p95: float) -> None:
    measured(canary, mean, significant=significant, p95=p95)
    refused = canary.type("canary", "prod", DECIDE="1")
    assert refused.code == 1
    assert "all callers are back" in refused.err
    assert canary.live("prod") == "1"
    assert not canary.at("prod").evaluations.tests
