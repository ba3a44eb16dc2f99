"""A memory whose first creation fails: nothing is left that blocks the next one, and the reason is this operation's."""

from __future__ import annotations

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.rehearsal.scene import MEMORY, scene
from agentcore_kit.local.rehearsal.scenes.memory import memory
from agentcore_kit.local.rehearsal.stage import Stage


@scene("first-creation", "A memory's first creation fails; the next deployment makes it", MEMORY)
def first_creation(it: Stage) -> None:
    """Let a resource of the first stack fail in an account that has nothing of the component."""
    tested = load_manifest().delivery.preproduction
    it.begin_anew()
    it.cloud.plan_fault("AWS::SSM::Parameter", "AccessDeniedException", "the first creation was refused")
    it.refused("deploy", env=tested, because="the first creation was refused")
    assert not memory(it, tested), "a memory is left of which no stack knows"
    it.must("status", env=tested)
    it.must("deploy", env=tested)
    assert memory(it, tested), "a first creation that failed blocks the next one"
    it.must("smoke", env=tested)
    it.must("status", env=tested)
