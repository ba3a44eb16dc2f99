"""What the registry is told of an agent."""

from __future__ import annotations

import json

from tests.delivery.world import World


def test_the_contract_that_it_serves(world: World) -> None:
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    assert json.loads(record.draft["descriptors"]["custom"]["data"])["endpoint"] == "live"


def test_an_agent_card_in_the_version_that_the_registry_knows(world: World) -> None:
    world.with_manifest(spec={"registry": {"descriptor": "agent-card", "url": "https://a.example.com", "skills": []}})
    world.must("register", "prod")
    (record,) = world.registry().records.values()
    assert record.draft["descriptors"]["a2aAgentCard"]["dataSchemaVersion"] == "0.3"
