"""The record in the organisation's registry: in another region, raised while it waits, and where there is none."""

from __future__ import annotations

from typing import Any

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.rehearsal.scene import AGENT, MEMORY, scene
from agentcore_kit.local.rehearsal.scenes.common import edit, production
from agentcore_kit.local.rehearsal.stage import Stage, approve_record

ELSEWHERE = "eu-west-1"
"""The region of the registry in these scenes; another one where an environment is there."""


def registry_elsewhere(it: Stage, env: str) -> Any:
    """Let the organisation's registry be in a region that no environment is in; return it."""
    environment = it.environments[env]
    region = ELSEWHERE if environment.region != ELSEWHERE else "us-east-1"
    shared = str(environment.shared_account)
    arn = f"arn:aws:agent-registry:{region}:{shared}:registry/b2C3d4E5f6A1"
    there = it.cloud.at(shared, region).service("agent-registry-control")
    there.registries.add(arn)
    it.at(env).parameters.values[names.REGISTRY] = arn
    return there


def raise_version(it: Stage, version: str) -> None:
    """Raise the version in the manifest, and commit it."""
    edit(it.home / "manifest.yaml", {"metadata": {"version": version}})
    it.commit(f"Version {version}")


@scene("registry", "A registry in another region: a record that waits for approval is raised, twice", AGENT, MEMORY)
def registry(it: Stage) -> None:
    """Register three versions before anybody approves one, then again without a change, then after the approval."""
    env = load_manifest().delivery.publisher
    there = registry_elsewhere(it, env)
    for version in ("7.1.0", "7.2.0", "7.3.0"):
        raise_version(it, version)
        it.must("register", env=env, job="register")
        (record,) = there.records.values()
        assert record.draft["recordVersion"] == version, "the record that waits is not raised"
        assert record.status == "PENDING_APPROVAL", record.status

    it.must("register", env=env, job="register")
    approve_record(it)
    raise_version(it, "7.4.0")
    it.must("register", env=env, job="register")
    it.must("register", env=env, job="register")
    (record,) = there.records.values()
    assert record.approved["recordVersion"] == "7.3.0", "what was approved stays discoverable"
    assert record.tags.get("owner"), "a record says whose it is"
    it.must("status", env=env)


@scene("no-registry", "A platform that publishes no registry: the delivery goes on and says so", AGENT, MEMORY)
def no_registry(it: Stage) -> None:
    """Register where no registry is published."""
    env = production()[0]
    del it.at(env).parameters.values[names.REGISTRY]
    assert "no registry is published" in it.must("register", env=env, job="register")
    it.must("status", env=env)
