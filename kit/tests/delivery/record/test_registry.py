"""The organisation's registry: a record from draft to approval, and a new draft over it."""

from __future__ import annotations

import pytest

from tests.delivery.runtime_world import World
from tests.delivery.shell import refused


def test_only_production_publishes(world: World) -> None:
    assert "only production publishes" in world.must("register", "preprod").last
    assert not world.registry().records
    assert not world.cloud.made("CreateRegistryRecord")


def test_a_record_from_draft_to_approval_and_a_new_draft_over_it(world: World) -> None:
    assert "PENDING_APPROVAL" in world.must("register", "prod").last
    assert "nothing to change" in world.must("register", "prod").out
    (record,) = world.registry().records.values()
    record.status, record.approved = "APPROVED", dict(record.draft)
    assert "APPROVED" in world.must("register", "prod").last
    world.with_manifest(version="0.2.0")
    assert "0.1.0 → 0.2.0" in world.must("register", "prod").out
    assert (record.status, record.draft["recordVersion"]) == ("PENDING_APPROVAL", "0.2.0")
    assert record.approved["recordVersion"] == "0.1.0", "the approved revision stays discoverable"


def test_what_waits_for_approval_is_not_changed(world: World) -> None:
    world.must("register", "prod")
    world.with_manifest(version="0.2.0")
    refused(world.type("register", "prod"), "waits for approval")


def test_a_rejected_record_is_submitted_again_once_it_says_something_else(world: World) -> None:
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    record.status = "REJECTED"
    world.with_manifest(description="Says which data it reads.")
    assert "PENDING_APPROVAL" in world.must("register", "prod").last


def test_a_record_that_was_rejected(world: World) -> None:
    first = world.must("register", "prod")
    assert "PENDING_APPROVAL" in first.last
    (record,) = world.registry().records.values()
    record.status, record.reason = "REJECTED", "say what data it reads"
    refused(world.type("register", "prod"), "was rejected: say what data it reads", "manifest.yaml")
    assert record.status == "REJECTED"


@pytest.mark.parametrize("command", ["register", "destroy"])
def test_a_record_that_could_not_be_made_is_made_again_or_removed(world: World, command: str) -> None:
    world.registry().unwritable = "the registry is full"
    refused(world.type("register", "prod"), "could not write", "the registry is full", "kit register --env prod")
    assert "CREATE_FAILED the registry is full" in world.must("status", "prod").out
    world.registry().unwritable = ""
    world.must(command, "prod")
    left = [record.status for record in world.registry().records.values()]
    assert left == (["PENDING_APPROVAL"] if command == "register" else [])


def test_a_draft_that_could_not_be_written_is_written_again(world: World) -> None:
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    record.status, record.approved = "APPROVED", dict(record.draft)
    world.with_manifest(version="0.2.0")
    world.registry().unwritable = "try later"
    refused(world.type("register", "prod"), "could not write", "try later")
    assert "UPDATE_FAILED" in world.must("status", "prod").out
    world.registry().unwritable = ""
    assert "0.2.0: PENDING_APPROVAL" in world.must("register", "prod").last
    assert list(world.registry().records.values()) == [record]
