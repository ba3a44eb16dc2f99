"""The command `rehearse`."""

from __future__ import annotations

from agentcore_kit.config.manifest import repository_kind


def rehearse() -> None:
    """Run the deliver workflow on this machine against an emulated AWS, failures included. Nothing is sent anywhere."""
    if repository_kind() == "Memory":
        from agentcore_kit.local.rehearsal import memory_scenes

        memory_scenes.rehearse()
    else:
        from agentcore_kit.local.rehearsal import runtime_scenes

        runtime_scenes.rehearse()
