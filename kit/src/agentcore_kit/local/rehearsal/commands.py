"""The command `rehearse`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[list[str] | None, typer.Option("--scene", help="Only this scene; may be given several times.")]
Listed = Annotated[bool, typer.Option("--list", help="List the scenes, and run none.")]
State = Annotated[
    Path | None,
    typer.Option("--state", help="Keep the state after the first release in this folder, or go on from it."),
]


def rehearse(name: Names = None, listed: Listed = False, state: State = None) -> None:
    """Run the deliver workflow on this machine against an emulated AWS, failures included. Nothing is sent anywhere.

    Exit code 1 when something does not end as it should; the timeline and the last lines say what.
    """
    from agentcore_kit.local.rehearsal import play
    from agentcore_kit.local.rehearsal.failure import failure

    known = {scene.name: scene for scene in play.scenes()}
    if listed:
        width = max(map(len, known))
        print("\n".join(f"{scene.name:<{width}}  {scene.title}" for scene in known.values()))
        return
    if unknown := [one for one in name or () if one not in known]:
        print(f"error: no scene {', '.join(unknown)}\nnext:  kit rehearse --list", file=sys.stderr)
        raise SystemExit(2)
    chosen = [scene for scene in known.values() if not name or scene.name in name]
    try:
        play.rehearse(chosen, state)
    except AssertionError as error:
        print(f"error: {failure(error)}\nnext:  read what is said to be wrong above", file=sys.stderr)
        raise SystemExit(1) from None
