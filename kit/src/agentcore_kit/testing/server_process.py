"""The component in a process of its own, as the image starts it, and where an environment in AWS has it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import endpoints
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.delivery.names import NEWEST
from agentcore_kit.runtime.telemetry import local_defaults

START_SECONDS = 60.0
LOG_LINES = 20


def copy_of_repository(folder: Path) -> Path:
    """Copy what the image holds into a folder, where a server has state of its own.

    Returns:
        The folder.
    """
    for name in ("manifest.yaml", "environments", "src"):
        source = repository_root() / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder)
    return folder


@contextmanager
def running(home: Path, app: str, **variables: str) -> Iterator[str]:
    """Start the component in a process of its own, and stop it at the end.

    Args:
        home: A folder with a copy of this repository's files.
        app: The application that serves it, as `spec.code.app` of the manifest names it.
        variables: Further variables of its environment.

    Yields:
        The address where it answers.

    Raises:
        AssertionError: When it does not start.
    """
    module = app.partition(":")[0]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = {"PYTHONPATH": f"{home / 'src'}{os.pathsep}{home}", "PORT": str(port), "AGENT_ENV": "local"}
    env = os.environ | local_defaults() | paths | variables
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    log = (home / "server.log").open("a")
    process = subprocess.Popen([instrument, sys.executable, "-m", module], cwd=home, env=env, stderr=log)
    try:
        if not answers(f"http://127.0.0.1:{port}/ping", process):
            said = (home / "server.log").read_text(encoding="utf-8", errors="replace").splitlines()
            raise AssertionError("\n".join(["the server did not start:", *said[-LOG_LINES:]]))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def answers(ping: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers; return whether it does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(ping, timeout=5)
            return True
        except httpx.TransportError:
            time.sleep(0.05)
    return False


def deployed(environment: str, endpoint: str = "") -> tuple[DeploymentContext[Any, Any], str, str]:
    """Return where a component is deployed.

    Args:
        environment: The environment in AWS.
        endpoint: The name of an endpoint; empty for the newest version.

    Returns:
        The deployment context, the address of the component's runtime, and the endpoint.

    Raises:
        CommandError: When nothing is deployed there, or the credentials are of another account.
    """
    context = open_context(environment)
    context.check_account()
    return context, invocation_url(context, endpoints.runtime(context).arn), endpoint or NEWEST


def given_token(otherwise: str = "") -> str:
    """Return `EVAL_TOKEN`, the access token of a user at an address elsewhere.

    Args:
        otherwise: The token where it is not set. Without one the tests end then.
    """
    if token := os.environ.get("EVAL_TOKEN") or otherwise:
        return token
    return pytest.exit("EVAL_TOKEN is not set\nnext:  set it to the access token of a user of this target", 2)
