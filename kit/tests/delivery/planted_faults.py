"""Planted faults: a copy of the kit with one fault in it, and the scene of the rehearsal that must notice it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import agentcore_kit

SOURCE = Path(agentcore_kit.__file__).parent


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: What is wrong with the kit that has it.
        file: The file of the package, as a path below it.
        old: Text of that file that is there exactly once.
        new: What stands there with the fault.
        scene: The scene that must notice it.
        noticed: What the rehearsal must say then.
    """

    name: str
    file: str
    old: str
    new: str
    scene: str
    noticed: str

    def __str__(self) -> str:
        return self.name


def planted(fault: Fault, folder: Path) -> Path:
    """Copy the kit's source and plant a fault in it; return what PYTHONPATH must name.

    Raises:
        AssertionError: When the text is not there exactly once: the fault must be planted elsewhere then.
    """
    package = folder / "agentcore_kit"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / fault.file
    text = file.read_text(encoding="utf-8")
    assert text.count(fault.old) == 1, f"{fault.file} has the text of {fault.name!r} {text.count(fault.old)} times"
    file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    return folder


def rehearse(state: Path, *scenes: str, source: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Rehearse scenes in a process of its own, from a state after the first release that is kept between calls.

    Args:
        state: The folder of that state; it is made by the first call.
        scenes: Which scenes.
        source: What PYTHONPATH names, with another kit than the installed one.
    """
    chosen = [word for scene in scenes for word in ("--scene", scene)]
    variables = {**os.environ, "PYTHONPATH": str(source)} if source else dict(os.environ)
    return subprocess.run(
        [sys.executable, "-m", "agentcore_kit", "rehearse", "--state", str(state), *chosen],
        cwd=Path.cwd(), env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def check_sound(state: Path, faults: list[Fault]) -> None:
    """Assert that the scenes pass without a fault."""
    done = rehearse(state, *dict.fromkeys(fault.scene for fault in faults))
    assert done.returncode == 0, done.stdout + done.stderr


def check_noticed(state: Path, fault: Fault, folder: Path) -> None:
    """Assert that the rehearsal fails with a fault in the kit, and says what is wrong."""
    done = rehearse(state, fault.scene, source=planted(fault, folder))
    assert done.returncode == 1, done.stdout + done.stderr
    wrong = [line for line in done.stdout.splitlines() if f"wrong in {fault.scene}" in line]
    assert any(fault.noticed in line for line in wrong), done.stdout + done.stderr
