"""One way to call the agent, wherever it is: on this machine, behind a URL, or deployed to an environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from agentcore_kit.config.environment import NAMES
from agentcore_kit.delivery.access_token import token
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.testing.server_process import given_token, newest, running

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
START_SECONDS = 60.0


@dataclass
class Client:
    """An agent and a user. `url` is where requests are posted to; `query` names the endpoint of a deployed one."""

    url: str
    token: str
    query: dict[str, str] = field(default_factory=dict)
    home: Path | None = None
    """The folder that holds the local agent's state, None for one elsewhere."""

    @property
    def local(self) -> bool:
        """Whether development tokens of any user can be made for it, and its sample data stands still."""
        return self.home is not None

    def as_user(self, user: str) -> Client:
        """Return the same agent for another user. Only a local agent knows users that are made up."""
        assert self.home is not None
        return Client(self.url, issue_development_token(user, self.home / ".local"), self.query, self.home)

    def post(self, payload: Any, session: str = "", **headers: str) -> httpx.Response:
        """Post one request, in a new session unless one is named. A header of None is left out."""
        sent = {"Authorization": f"Bearer {self.token}", SESSION_HEADER: session or new_session()} | headers
        return httpx.post(self.url, params=self.query, json=payload, headers=sent, timeout=60)

    def ask(self, prompt: str, session: str = "") -> dict[str, Any]:
        """Return the answer to a question. Raises AssertionError for anything but 200."""
        reply = self.post({"prompt": prompt}, session)
        assert reply.status_code == 200, f"{reply.status_code}: {reply.text[:300]}"
        body: dict[str, Any] = reply.json()
        return body

    def calls(self, prompt: str, session: str = "") -> list[tuple[str, Any]]:
        """Return the tools that a question made the agent call, with their parameters."""
        return [(call["name"], call["input"]) for call in self.ask(prompt, session)["toolCalls"]]


def new_session() -> str:
    """Return a session id of legal length (33 to 256 characters)."""
    return f"session-{uuid4()}"


@contextmanager
def local_agent(home: Path, **variables: str) -> Iterator[Client]:
    """Start the agent as the image does, in a folder with this repository's files and state of its own."""
    with running(home, "agent.app", **variables) as address:
        token = issue_development_token("tester", home / ".local", first_name="Sam")
        yield Client(f"{address}/invocations", token, home=home)


def remote(target: str) -> Client:
    """Return a client for a URL, or for the newest version in an environment in AWS (dev, preprod, prod).

    The user's token is `EVAL_TOKEN`, else one of the environment's test client.
    """
    if target not in NAMES:
        url = target.rstrip("/")
        return Client(url if url.endswith("/invocations") else f"{url}/invocations", given_token())
    context, url, qualifier = newest(target)
    return Client(url, token(context), {"qualifier": qualifier})
