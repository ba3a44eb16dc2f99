"""The organisation's registry: a record from draft to approval, and a new draft over it."""

from __future__ import annotations

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.registry import Registry
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused


def moved(world: World, region: str) -> Registry:
    """Let the organisation's registry be in another region than the component; return it."""
    values = world.at("prod").parameters.values
    parts = values[names.REGISTRY].split(":")
    values[names.REGISTRY] = ":".join([*parts[:3], region, *parts[4:]])
    found: Registry = world.cloud.at(parts[4], region).service("agent-registry-control")
    found.registries.add(values[names.REGISTRY])
    return found


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


def test_a_record_that_waits_for_approval_does_not_hold_up_the_next_version(world: World) -> None:
    """An edit discards the revision that waits, as AWS documents, and what was approved stays discoverable."""
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    record.status, record.approved = "APPROVED", dict(record.draft)
    for version in ("0.2.0", "0.3.0"):
        world.with_manifest(version=version)
        registered = world.must("register", "prod")
    assert "0.2.0 → 0.3.0" in registered.out
    assert "0.2.0, which waits for approval, is discarded" in registered.out
    assert list(world.registry().records.values()) == [record]
    assert (record.status, record.draft["recordVersion"]) == ("PENDING_APPROVAL", "0.3.0")
    assert record.approved["recordVersion"] == "0.1.0"
    assert "nothing to change" in world.must("register", "prod").out


def test_a_record_is_submitted_again_after_an_interruption_between_writing_and_submitting(world: World) -> None:
    world.must("register", "prod")
    world.with_manifest(version="0.2.0")
    world.cloud.plan_fault("SubmitRegistryRecordForApproval", "ConflictException")
    refused(world.type("register", "prod"), "planned by the test")
    assert "submit record" in world.must("register", "prod").out
    (record,) = world.registry().records.values()
    assert (record.status, record.draft["recordVersion"]) == ("PENDING_APPROVAL", "0.2.0")


def test_the_registry_is_asked_in_the_region_of_its_arn(world: World) -> None:
    """Few regions have a registry: that of an organisation is mostly elsewhere."""
    home = moved(world, "eu-west-1")
    assert "PENDING_APPROVAL" in world.must("register", "prod").last
    assert [record.draft["name"] for record in home.records.values()] == [load_manifest().metadata.name]
    assert {call.region for call in world.cloud.calls if call.service == "agent-registry-control"} == {"eu-west-1"}
    assert "registry 0.1.0 PENDING_APPROVAL" in world.must("status", "prod").out
    world.must("destroy", "prod")
    assert not home.records


def test_an_account_without_a_registry_holds_nothing_up(world: World) -> None:
    del world.at("prod").parameters.values[names.REGISTRY]
    registered = world.must("register", "prod")
    assert f"no registry is published in account {world.at('prod').account}" in registered.last
    assert "nothing to change" in registered.out
    assert not world.cloud.made("CreateRegistryRecord")


def test_what_is_published_as_the_registry_must_be_one(world: World) -> None:
    world.at("prod").parameters.values[names.REGISTRY] = "registry-a1B2c3D4e5F6"
    refused(
        world.type("register", "prod"), "registry-a1B2c3D4e5F6", "arn:aws:agent-registry:REGION:ACCOUNT:registry/ID"
    )


def test_a_record_says_whose_it_is(world: World) -> None:
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    about = load_manifest().metadata
    assert record.tags["owner"] == about.owner
    assert record.tags["use-case-id"] == about.use_case_id
    assert record.tags["component"] == about.name
    said = {"owner": about.owner, "costCenter": about.cost_center, "useCaseId": about.use_case_id}
    assert record.draft["customMetadata"] == said
    del record.draft["customMetadata"]
    assert "nothing to change" in world.must("register", "prod").out, "one of an earlier kit gets them with its next"
    record.draft["customMetadata"] = said
    world.with_manifest(owner="another-team@example.com")
    assert "new draft of record" in world.must("register", "prod").out
    assert record.draft["customMetadata"] == said | {"owner": "another-team@example.com"}


def test_a_record_of_an_earlier_kit_gets_its_tags(world: World) -> None:
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    record.tags = {"kept": "yes"}
    assert "tag record" in world.must("register", "prod").out
    assert record.tags["owner"] == load_manifest().metadata.owner
    assert record.tags["kept"] == "yes"
    assert record.status == "PENDING_APPROVAL"
    assert not world.cloud.made("UpdateRegistryRecord"), "its tags alone are no reason for another approval"
    assert "nothing to change" in world.must("register", "prod").out


def test_a_component_that_was_removed_comes_back(world: World) -> None:
    """Its pipeline removes a record that people have approved; their decision it could not change."""
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    record.status, record.approved = "APPROVED", dict(record.draft)
    world.must("destroy", "prod")
    assert not world.registry().records
    assert not world.cloud.made("UpdateRegistryRecordStatus"), "only approvers may"
    assert "PENDING_APPROVAL" in world.must("register", "prod").last


def test_a_record_that_people_have_retired_makes_way(world: World) -> None:
    """The name and version of a retired record stay taken."""
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    record.status = "DEPRECATED"
    again = world.must("register", "prod")
    assert "remove the retired record" in again.out
    (record,) = world.registry().records.values()
    assert record.status == "PENDING_APPROVAL"


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
