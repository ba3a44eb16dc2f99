"""Odd requests by the hundred to the server of a kind; `make fuzz` sends 20,000, and prints what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.fuzz.agent import AgentTarget
from tests.fuzz.memory import MemoryTarget
from tests.fuzz.run import Figures, Plan, fuzz
from tests.fuzz.table import lines
from tests.fuzz.target import Target
from tests.fuzz.tool import ToolTarget

pytestmark = pytest.mark.integration

TARGETS: dict[str, Callable[[], Target]] = {"agent": AgentTarget, "tool": ToolTarget, "memory": MemoryTarget}


def test_whatever_is_sent_the_server_goes_on(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    target = TARGETS[request.config.getoption("--kind")]()
    plan = Plan.from_variables()
    print(f"\nfuzzing the {target.name}: {plan}")
    figures = fuzz(target, plan, tmp_path, partial(_keep, request.config.rootpath))
    print("\n".join(lines(figures)))
    assert not figures.faults, "\n".join(
        f"{each.times} x {each.what}\n    {each.request}\n    {each.again}" for each in figures.faults.values()
    )


def _keep(kit: Path, figures: Figures) -> None:
    """Write the figures beside those of other servers, into the folder that FUZZ_REPORT names, from the kit's."""
    if name := os.environ.get("FUZZ_REPORT"):
        folder = kit / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{figures.server}.json").write_text(f"{json.dumps(figures.written(), indent=1)}\n")
