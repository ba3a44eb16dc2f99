"""The component in a process of its own, as the image starts it, and where an environment in AWS has it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agentcore_kit.delivery import endpoints
from agentcore_kit.delivery.context import DeploymentContext, open_context
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.delivery.names import NEWEST
from agentcore_kit.runtime.telemetry import local_defaults

START_SECONDS = 60.0


@contextmanager
def running(home: Path, module: str, **variables: str) -> Iterator[str]:
    """Start a module in a folder with this repository's files and state of its own; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = {"PYTHONPATH": f"{home / 'src'}{os.pathsep}{home}", "PORT": str(port), "AGENT_ENV": "local"}
    env = os.environ | local_defaults() | paths | variables
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    log = (home / "server.log").open("a")
    process = subprocess.Popen([instrument, sys.executable, "-m", module], cwd=home, env=env, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/ping", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _wait(ping: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(ping, timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start; its log is server.log in its folder")


def newest(environment: str) -> tuple[DeploymentContext, str, str]:
    """Return an environment in AWS, the address of its runtime, and the endpoint: the newest version, or ENDPOINT."""
    context = open_context(environment)
    context.check_account()
    return context, invocation_url(context, endpoints.runtime(context).arn), os.environ.get("ENDPOINT", NEWEST)


def given_token() -> str:
    """Return `EVAL_TOKEN`, which an address elsewhere needs. Ends the tests when it is not set."""
    if token := os.environ.get("EVAL_TOKEN"):
        return token
    return pytest.exit("EVAL_TOKEN is not set\nnext:  set it to the access token of a user of this TARGET", 2)
