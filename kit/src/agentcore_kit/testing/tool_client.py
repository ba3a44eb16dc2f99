"""The tools in a process of their own, as the image starts them, or wherever they are served already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.tool import ToolManifest
from agentcore_kit.delivery import mcp_client
from agentcore_kit.delivery.access_token import token
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.testing.server_process import deployed, given_token, running

USER = "tester"


@dataclass(frozen=True)
class Served:
    """A server, and a user of it.

    Attributes:
        url: Where it is called.
        token: The user's access token, or what signs requests with AWS credentials.
        home: The folder with the state of a local server; None for one elsewhere.
    """

    url: str
    token: str | httpx.Auth
    home: Path | None = None

    def tools(self) -> list[dict[str, Any]]:
        """Return the tools that it lists."""
        return mcp_client.list_tools(self.url, self.token)

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a call."""
        return mcp_client.request(self.url, self.token, "tools/call", {"name": name, "arguments": arguments})


@contextmanager
def local_tools(home: Path, **variables: str) -> Iterator[Served]:
    """Start the server as the image does, and stop it at the end.

    Args:
        home: A folder with a copy of this repository's files; the server's state is kept there.
        variables: Further variables of its environment.
    """
    manifest = load_manifest()
    assert isinstance(manifest, ToolManifest)
    with running(home, manifest.spec.code.app, **variables) as address:
        yield Served(f"{address}/mcp", issue_development_token(USER, home / ".local"), home)


def remote(target: str, endpoint: str = "") -> Served:
    """Return tools that are served already.

    Their user is the one of EVAL_TOKEN, else a test client of the environment, or a made-up user of a server that
    `kit dev` runs from this repository.

    Args:
        target: A URL, or an environment in AWS.
        endpoint: The name of an endpoint in the environment; empty for the newest version.

    Raises:
        CommandError: When nothing is deployed there, or the credentials are of another account.
    """
    if target not in environment_names():
        here = urlsplit(target).hostname in ("localhost", "127.0.0.1", "::1")
        return Served(target, given_token(issue_development_token(USER, STATE) if here else ""))
    context, url, qualifier = deployed(target, endpoint)
    return Served(f"{url}?qualifier={qualifier}", context.kind.access(context, token(context)))
