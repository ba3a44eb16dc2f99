"""What teams and auditors were promised: it stands here too, so that no change of a file breaks it unseen."""

from __future__ import annotations

import pytest
from agentcore_kit.config.components import load_components
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest

MANIFEST = load_manifest()
PRODUCTION = ["shared", "prod", "organisation"]  # a new environment before organisation, whose policies bind all


def test_production_is_delivered_in_this_order() -> None:
    assert list(MANIFEST.delivery.production) == PRODUCTION, "is it meant? then change PRODUCTION in this file too"


@pytest.mark.parametrize("name", ["preprod", "prod"])
def test_policies_are_enforced_where_it_counts(name: str) -> None:
    assert read_environment(name, MANIFEST).gateway.policy_mode == "ENFORCE"  # type: ignore[attr-defined] # of a platform


def test_who_is_in_production_was_in_preproduction() -> None:
    for one in load_components().components:
        assert "prod" not in one.environments or "preprod" in one.environments, one.name
