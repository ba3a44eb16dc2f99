"""The command `rehearse`."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.manifest import repository_kind


def rehearse() -> None:
    """Run the deliver workflow on this machine against an emulated AWS, failures included. Nothing is sent anywhere.

    Exit code 1 when something does not end as it should; the timeline and the last lines say what.
    """
    module = "memory_scenes" if repository_kind() == "Memory" else "runtime_scenes"
    scenes: Callable[[], None] = import_string(f"agentcore_kit.local.rehearsal.{module}:rehearse")
    try:
        scenes()
    except AssertionError:
        traceback.print_exc()
        raise SystemExit(1) from None
