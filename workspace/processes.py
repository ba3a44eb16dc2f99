"""Starts the servers of the four repositories as `kit dev` does by hand, and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from workspace.build import AGENT, MEMORY, PLATFORM, TOOL, Workspace

LOG = "server.log"
"""What a server prints, in the folder `.local` of its repository."""


def ports(workspace: Workspace) -> dict[str, int]:
    """Return the ports by repository, in the order in which the servers are started."""
    return {MEMORY: workspace.memory, TOOL: workspace.tool, PLATFORM: workspace.gateway, AGENT: workspace.agent}


@contextmanager
def serving(workspace: Workspace, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Serve all four until the end of the block.

    Args:
        workspace: The repositories, which are set up and know of each other.
        environment: The variables that the servers see.
    """
    with ExitStack() as started:
        for name in ports(workspace):
            started.enter_context(serving_one(workspace, name, environment))
        yield


@contextmanager
def serving_one(
    workspace: Workspace, name: str, environment: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve one of the four until the end of the block.

    Args:
        workspace: The repositories.
        name: Which of them.
        environment: The variables that the server sees.
    """
    repository = workspace.repository(name)
    port = ports(workspace)[name]
    command = [".venv/bin/kit", "dev", *([] if name == PLATFORM else ["--port", str(port)])]  # its port is in its files
    (repository / ".local").mkdir(mode=0o700, exist_ok=True)
    with (repository / ".local" / LOG).open("ab") as log:
        process = subprocess.Popen(
            command, cwd=repository, env=dict(environment), stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/ping", repository / ".local" / LOG)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to the watcher and to the server that it started
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return when a server answers; exit when it has ended instead."""
    while True:
        try:
            urlopen(url, timeout=5).close()  # noqa: S310 - a server on this machine
            return
        except (URLError, OSError):
            if process.poll() is not None:
                sys.exit(f"{log.read_text(encoding='utf-8', errors='replace')}\n{url}: the server has ended")
            time.sleep(0.1)
