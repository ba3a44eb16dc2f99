"""The rights of the versions that callers have, and of the pipeline."""

from __future__ import annotations

from agentcore_kit.local.rehearsal.scene import AGENT, scene
from agentcore_kit.local.rehearsal.scenes.common import deploy, edit, production
from agentcore_kit.local.rehearsal.stage import Stage

OTHER_MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"


@scene("new-model", "A new model is deployed while callers have a version with another; both may use theirs", AGENT)
def new_model(it: Stage) -> None:
    """Deploy, promote and roll back a version with another model, under callers."""
    first = production()[0]
    edit(it.home / "environments" / f"{first}.yaml", {"model": {"id": OTHER_MODEL}})
    deploy(it, "Another model", first)
    it.must("smoke", env=first)
    assert it.live(first) == "1"
    it.must("promote", env=first)
    assert it.live(first) == "2"
    it.must("rollback", env=first)
    assert it.live(first) == "1"
    it.must("smoke", env=first)
    it.must("status", env=first)
