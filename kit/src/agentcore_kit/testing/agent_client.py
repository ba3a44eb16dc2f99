"""One way to call the agent, wherever it is: on this machine, behind a URL, or deployed to an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from agentcore_kit.config.agent import AgentManifest
from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.user_tokens import user_tokens
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.users import (
    NOBODY,
    CannotSignIn,
    SignIn,
    by_development_token,
    by_given_tokens,
    given_tokens,
    user_of,
)
from agentcore_kit.runtime.identity import issue_development_token
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.testing.server_process import deployed, given_token, running

ANSWER_SECONDS = 60.0
USER = "tester"


@dataclass
class Client:
    """An agent and a user of it.

    Attributes:
        url: Where requests are posted to.
        token: The user's access token.
        query: Names the endpoint of a deployed agent.
        home: The folder with the state of a local agent; None for one elsewhere.
        sign_in: Gives the token of a user whom a row of the dataset names.
    """

    url: str
    token: str
    query: dict[str, str] = field(default_factory=dict)
    home: Path | None = None
    sign_in: SignIn = NOBODY

    def as_user(self, user: str) -> Client:
        """Return the same agent for another user. Only a local agent knows users that are made up."""
        assert self.home is not None
        return replace(self, token=issue_development_token(user, self.home / ".local"))

    def as_asker(self, row: Row) -> Client:
        """Return the same agent for the user whom a row names; this one where it names none. Raises CannotSignIn."""
        name = row.metadata.user
        return self if name is None else replace(self, token=self.sign_in(user_of(name)))

    def can_ask(self, row: Row) -> bool:
        """Return whether the user whom a row names can be signed in."""
        try:
            self.as_asker(row)
        except CannotSignIn:
            return False
        return True

    def post(self, payload: Any, session: str = "", **headers: str) -> httpx.Response:
        """Post one request.

        Args:
            payload: The body, as JSON.
            session: The id of the session; a new one, if empty.
            headers: Headers that replace those of the client.
        """
        sent = {"Authorization": f"Bearer {self.token}", SESSION_HEADER: session or new_session()} | headers
        return httpx.post(self.url, params=self.query, json=payload, headers=sent, timeout=ANSWER_SECONDS)

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
    """Start the agent as the image does, and stop it at the end.

    Args:
        home: A folder with a copy of this repository's files; the agent's state is kept there.
        variables: Further variables of its environment.

    Yields:
        A client with a user of its own.
    """
    manifest = load_manifest()
    assert isinstance(manifest, AgentManifest)
    with running(home, manifest.spec.code.app, **variables) as address:
        own = issue_development_token(USER, home / ".local")
        yield Client(f"{address}/invocations", own, home=home, sign_in=by_development_token(home / ".local"))


def remote(target: str, endpoint: str = "") -> Client:
    """Return a client of an agent that runs already.

    Its user is the one of EVAL_TOKEN, else a test client of the environment, or a made-up user of an agent that
    `kit dev` serves from this repository. Users whom rows name are those of EVAL_USER_TOKENS, else test users of the
    environment, or made up likewise.

    Args:
        target: A URL, or an environment in AWS.
        endpoint: The name of an endpoint in the environment; empty for the newest version.

    Raises:
        CommandError: When nothing is deployed there, or the credentials are of another account.
    """
    if target not in environment_names():
        url = target.rstrip("/")
        here = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
        user = given_token(issue_development_token(USER, STATE) if here else "")
        users = given_tokens()
        made_up = here and users is None and not os.environ.get("EVAL_TOKEN")
        sign_in = by_development_token(STATE) if made_up else by_given_tokens(users or {})
        return Client(url if url.endswith("/invocations") else f"{url}/invocations", user, sign_in=sign_in)
    context, url, qualifier = deployed(target, endpoint)
    sign_in = by_given_tokens(user_tokens(context))
    return Client(url, token(context), {"qualifier": qualifier}, sign_in=sign_in)
