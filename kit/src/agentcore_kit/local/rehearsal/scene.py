"""What a scene is, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agentcore_kit.local.rehearsal.stage import Stage

AGENT, TOOL, MEMORY, PLATFORM = "Agent", "Tool", "Memory", "Platform"

Play = Callable[[Stage], None]
"""Plays a scene. Raises AssertionError when something does not end as it should."""


@dataclass(frozen=True)
class Scene:
    """One thing that may happen, played from the state after the first release.

    Attributes:
        name: As `kit rehearse --scene` takes it.
        title: What happens, and how it must end.
        play: Plays it.
        kinds: The kinds of repository that have it.
        real: Whether the component itself answers, and all of the workflow runs. Other scenes are about what is moved:
            requests of smoke tests are answered as they should be, and images count as having passed pre-production.
    """

    name: str
    title: str
    play: Play
    kinds: tuple[str, ...]
    real: bool = False


SCENES: list[Scene] = []
"""All scenes of all kinds, in the order in which they are played."""


def scene(name: str, title: str, *kinds: str, real: bool = False) -> Callable[[Play], Play]:
    """Register a scene.

    Args:
        name: As it is typed.
        title: What happens, and how it must end.
        kinds: The kinds of repository that have it.
        real: Whether it needs the component itself and the whole workflow.
    """

    def register(play: Play) -> Play:
        SCENES.append(Scene(name, title, play, kinds, real))
        return play

    return register
