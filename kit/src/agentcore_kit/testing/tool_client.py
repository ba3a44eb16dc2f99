"""The tools in a process of their own, as the image starts them, or wherever TARGET says they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from agentcore_kit.config.environment import NAMES
from agentcore_kit.delivery import mcp_client
from agentcore_kit.delivery.access_token import token
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.testing.server_process import given_token, newest, running

START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A server, and the token of a user. `home` is the folder of a local one's state, None for one elsewhere."""

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
def local_tools(home: Path) -> Iterator[Served]:
    """Start the server as the image does, in a folder with this repository's files and state of its own."""
    with running(home, "runtime") as address:
        yield Served(f"{address}/mcp", issue_development_token("tester", home / ".local"), home)


def remote(target: str) -> Served:
    """Return the tools at a URL, or the newest version in an environment in AWS (dev, preprod, prod).

    The user's token is `EVAL_TOKEN`, else one of the environment's test client.
    """
    if target not in NAMES:
        return Served(target, given_token())
    context, url, qualifier = newest(target)
    return Served(f"{url}?qualifier={qualifier}", context.kind.access(context, token(context)))
