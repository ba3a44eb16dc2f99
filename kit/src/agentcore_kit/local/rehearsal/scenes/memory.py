"""Configurations of a memory: a first one, changes that lose something or teach nothing, the way back, drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.memory import MemorySpec, Strategy
from agentcore_kit.local.memory_server.extraction import Change, Message
from agentcore_kit.local.memory_server.store import Record
from agentcore_kit.local.rehearsal.scene import MEMORY, scene
from agentcore_kit.local.rehearsal.scenes.common import edit
from agentcore_kit.local.rehearsal.stage import Stage, approve_record

TESTS = ("environments", "dimensions", "gate", "compare", "notes", "github-check")
"""What scenes about other things leave out."""

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


def memory(it: Stage, env: str) -> dict[str, Any]:
    """Return the memory of an environment as the service has it; empty when there is none."""
    return next(iter(it.at(env).service("bedrock-agentcore-control").memories.values()), {})


def may_read(it: Stage, env: str) -> bool:
    """Return whether an environment has a policy for the reader."""
    return any(f"/consumers/{READER['name']}/" in name for name in it.at(env).parameters.values)


def change(it: Stage, text: str, **spec: Any) -> None:
    """Change what the manifest says in `spec:`, and commit it."""
    edit(it.home / "manifest.yaml", {"spec": spec})
    it.commit(text)


def spec() -> MemorySpec:
    """Return what the manifest says of the memory."""
    found: MemorySpec = load_manifest().spec
    return found


def days() -> int:
    """Return for how many days the rehearsed memory keeps conversations: one less must be allowed."""
    return max(spec().event_expiry_days, 8)


def first_release(it: Stage) -> None:
    """Bring a first configuration through pre-production and its tests to production."""
    change(it, "The first configuration", eventExpiryDays=days())
    assert it.deliver(), "the first configuration does not reach production"
    approve_record(it)
    for name in load_manifest().delivery.production:
        assert memory(it, name)["eventExpiryDuration"] == days()


def first_release_without_tests(it: Stage) -> None:
    """Bring a first configuration to production without the tests of pre-production, which take long."""
    change(it, "The first configuration", eventExpiryDays=days())
    assert it.deliver(without=TESTS), "the first configuration does not reach production"
    approve_record(it)


@scene("loses", "A change that would lose what people said is refused before anything happens", MEMORY)
def loses(it: Stage) -> None:
    """Deliver a configuration that keeps conversations for a day less."""
    change(it, "Keep conversations for a day less", eventExpiryDays=days() - 1)
    it.refusal_expected = True
    assert not it.deliver(without=TESTS), "a configuration that loses events is delivered"
    assert it.rows[-1].endswith(" deploy refused"), it.rows[-1]
    assert memory(it, load_manifest().delivery.preproduction)["eventExpiryDuration"] == days()


@scene("learns-nothing", "A change with which nothing is learned any more is stopped by the tests", MEMORY, real=True)
def learns_nothing(it: Stage) -> None:
    """Deliver a change while the service learns nothing: production is untouched."""
    from agentcore_kit.local.rehearsal.memory_fakes import extracting

    consumers = [each.model_dump() for each in spec().consumers]
    change(it, "As many days as before, and a component more", consumers=[*consumers, READER])
    if any(each.type != "selfManaged" for each in spec().strategies):
        with extracting(Nothing()):
            it.refusal_expected = True
            assert not it.deliver(), "a memory that learns nothing is delivered"
        assert it.rows[-1].endswith(" dimensions refused"), it.rows[-1]
    assert not any(may_read(it, name) for name in load_manifest().delivery.production)


@scene("rollback", "A good change, and the configuration before it brought back; what was learned stays", MEMORY)
def rollback(it: Stage) -> None:
    """Deliver a change and go back from it by hand."""
    consumers = [each.model_dump() for each in spec().consumers]
    change(it, "A component more", consumers=[*consumers, READER])
    assert it.deliver(without=TESTS), "a good change does not reach production"
    for name in load_manifest().delivery.production:
        assert may_read(it, name)
        it.must("rollback", env=name)
        assert not may_read(it, name)


@scene("drift", "Somebody changes production by hand: the scheduled job says so", MEMORY)
def drift(it: Stage) -> None:
    """Change a memory by hand."""
    first = load_manifest().delivery.production[0]
    it.must("drift", env=first, job="monitor")
    memory(it, first)["eventExpiryDuration"] = days() + 1
    it.refused("drift", env=first, job="monitor")
    it.must("status", env=first)
