"""`kit rehearse`: the deliver workflow on this machine, failures included, with memories in an emulated AWS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.memory import Strategy
from agentcore_kit.local.aws_emulator.cloud import AccountRegion
from agentcore_kit.local.aws_emulator.world import environments
from agentcore_kit.local.memory_server.extraction import Change, Message
from agentcore_kit.local.memory_server.store import Record
from agentcore_kit.local.rehearsal.memory_fakes import extracting
from agentcore_kit.local.rehearsal.stage import Stage, scene, stage, steps

READER = {"name": "rehearsal-reader", "read": ["events"], "write": []}
"""A component that a change lets read, and going back does not."""


class Nothing:
    """A service that learns nothing."""

    label = "nothing"

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        """Return no change."""
        return []


def account(it: Stage, env: str) -> AccountRegion:
    """Return the account of an environment."""
    environment = environments()[env]
    return it.cloud.at(str(environment.account), environment.region)


def memory(it: Stage, env: str) -> dict[str, Any]:
    """Return the memory of an environment as the service has it; empty when there is none."""
    return next(iter(account(it, env).service("bedrock-agentcore-control").memories.values()), {})


def may_read(it: Stage, env: str) -> bool:
    """Return whether an environment has a policy for the reader."""
    return any(f"/consumers/{READER['name']}/" in name for name in account(it, env).parameters.values)


def change(it: Stage, text: str, **spec: Any) -> None:
    """Change what the manifest says in `spec:`, and commit it."""
    path = it.home / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["spec"] |= spec
    path.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    it.commit(text)


def rehearse() -> None:
    """Run all scenes.

    Raises:
        AssertionError: When one does not end as it should.
    """
    manifest = load_manifest()
    spec, tested, production = manifest.spec, manifest.delivery.preproduction, manifest.delivery.production
    days, consumers = max(spec.event_expiry_days, 8), [each.model_dump() for each in spec.consumers]
    print("deliver.yml: " + " → ".join(f"{step.job}:{step.command}" for step in steps()))
    with stage() as it:
        scene("1. A first configuration goes through pre-production and its tests to production")
        change(it, "The first configuration", eventExpiryDays=days)
        assert it.deliver()
        it.approve_record()
        assert [memory(it, name)["eventExpiryDuration"] for name in production] == [days] * len(production)

        scene("2. A change that would lose what people said is refused before anything happens")
        change(it, "Keep conversations for a day less", eventExpiryDays=days - 1)
        assert not it.deliver()
        assert it.rows[-1].endswith(" deploy FAIL"), it.rows[-1]
        assert memory(it, tested)["eventExpiryDuration"] == days

        scene("3. A change with which nothing is learned any more is stopped by the tests; production is untouched")
        change(it, "As many days as before, and a component more", eventExpiryDays=days, consumers=[*consumers, READER])
        if any(each.type != "selfManaged" for each in spec.strategies):
            with extracting(Nothing()):
                assert not it.deliver()
            assert it.rows[-1].endswith(" dimensions FAIL"), it.rows[-1]
        assert not any(may_read(it, name) for name in production)

        scene("4. A good change, and the configuration before it brought back by hand; what was learned stays")
        it.commit("What was wrong is corrected")
        assert it.deliver()
        assert all(may_read(it, name) for name in production)
        for name in production:
            assert it.kit("rollback", env=name)
            assert not may_read(it, name)

        scene("5. Somebody changes production by hand: the scheduled job says so")
        first = production[0]
        assert it.kit("drift", env=first, job="monitor")
        memory(it, first)["eventExpiryDuration"] = days + 1
        assert not it.kit("drift", env=first, job="monitor")
        assert it.kit("status", env=first)
        it.summarise()
