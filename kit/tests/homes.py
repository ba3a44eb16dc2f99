"""A copy of what the image holds, with state of its own, so that a test may run and change it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from agentcore_kit.config.repository import repository_root


def home_in(folder: Path) -> Path:
    """Copy manifest, environments and src into a folder, which is made if it is not there, and return it."""
    folder.mkdir(exist_ok=True)
    for name in ("manifest.yaml", "environments", "src"):
        source = repository_root() / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder)
    return folder


def environment_of(home: Path) -> dict[str, str]:
    """Return the process environment that makes Python use that copy."""
    return os.environ | {"PYTHONPATH": f"{home / 'src'}:{home}"}
