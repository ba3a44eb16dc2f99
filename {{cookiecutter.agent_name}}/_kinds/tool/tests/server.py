"""The tools in a process of their own, as the image starts them, or wherever TARGET says they are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ops import mcp
from ops.environment import NAMES
from runtime.identity import issue_development_token
from runtime.telemetry import local_defaults

START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A server, and the token of a user. `home` is the folder of a local one's state, None for one elsewhere."""

    url: str
    token: str | httpx.Auth
    home: Path | None = None

    def tools(self) -> list[dict[str, Any]]:
        """Return the tools that it lists."""
        return mcp.list_tools(self.url, self.token)

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a call."""
        return mcp.request(self.url, self.token, "tools/call", {"name": name, "arguments": arguments})


@contextmanager
def local_tools(home: Path) -> Iterator[Served]:
    """Start the server as the image does, in a folder with this repository's files and state of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = {"PYTHONPATH": f"{home / 'src'}{os.pathsep}{home}", "PORT": str(port), "AGENT_ENV": "local"}
    instrument = Path(sys.executable).with_name("opentelemetry-instrument")
    log = (home / "server.log").open("a")
    process = subprocess.Popen(
        [instrument, sys.executable, "-m", "runtime"], cwd=home, env=os.environ | local_defaults() | paths, stderr=log
    )
    try:
        _wait(f"http://127.0.0.1:{port}/ping", process)
        yield Served(f"http://127.0.0.1:{port}/mcp", issue_development_token("tester", home / ".local"), home)
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


def remote(target: str) -> Served:
    """Return the tools at a URL, or the newest version in an environment in AWS (dev, preprod, prod).

    The user's token is `EVAL_TOKEN`, else one of the environment's test client.
    """
    if target not in NAMES:
        return Served(target, os.environ["EVAL_TOKEN"])
    from ops.component import access
    from ops.delivery import endpoint
    from ops.delivery.bearer import token
    from ops.delivery.calls import invocation_url
    from ops.delivery.names import NEWEST
    from ops.delivery.place import open_place

    place = open_place(target)
    place.check_account()
    url = invocation_url(place, endpoint.runtime(place).arn)
    return Served(f"{url}?qualifier={os.environ.get('ENDPOINT', NEWEST)}", access(place, token(place)))
