"""A copy of what the image holds, with state of its own, so that a test may run and change it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]


def home_in(folder: Path) -> Path:
    """Copy manifest, environments, src and ops into a folder and return it."""
    for name in ("manifest.yaml", "environments", "src", "ops"):
        source = ROOT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder)
    return folder


def environment_of(home: Path) -> dict[str, str]:
    """Return the process environment that makes Python use that copy."""
    return os.environ | {"PYTHONPATH": f"{home / 'src'}:{home}"}
