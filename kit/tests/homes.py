"""A copy of what the image holds, with state of its own, so that a test may run and change it, and how it is run."""

from __future__ import annotations

import os
import shutil
import socket
import sys
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


def instrumented(module: str) -> list[str | Path]:
    """Return the command by which the image starts a server."""
    return [Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable, "-m", module]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
