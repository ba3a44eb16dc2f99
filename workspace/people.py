"""People who ask the agent of a workspace over HTTP, with tokens of the platform's issuer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from workspace.build import PLATFORM, Workspace

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
TRACE = "traceparent"


@dataclass
class Person:
    """Somebody with a token.

    Attributes:
        name: Who the token names.
        token: The token.
        session: The conversation that is going on.
    """

    name: str
    token: str
    session: str = field(default_factory=lambda: f"workspace-{uuid4()}")

    def begin_again(self) -> None:
        """Begin another conversation."""
        self.session = f"workspace-{uuid4()}"


def sign_in(workspace: Workspace, name: str, claims: Mapping[str, str], options: Sequence[str] = ()) -> Person:
    """Return a person with a token of the platform's issuer.

    Args:
        workspace: The repositories.
        name: Who it is.
        claims: What the token says of them.
        options: Further options of `kit token`, such as `--expires 1s`.
    """
    said = [word for key, value in claims.items() for word in ("--claim", f"{key}={value}")]
    command = [".venv/bin/kit", "token", "--user", name, *said, *options]
    done = subprocess.run(command, cwd=workspace.repository(PLATFORM), capture_output=True, text=True, check=True)
    return Person(name, done.stdout.strip())


def ask(workspace: Workspace, person: Person, question: str, trace: str = "") -> dict[str, Any]:
    """Return the agent's answer to a question, or its refusal: the body of its response, with the HTTP `status`.

    Args:
        workspace: The repositories, which are served.
        person: Who asks.
        question: What.
        trace: The id of the trace that the request belongs to, 32 hex digits; empty for one that the agent begins.
    """
    request = Request(
        f"http://127.0.0.1:{workspace.agent}/invocations",
        data=json.dumps({"prompt": question}).encode(),
        headers={
            "Authorization": f"Bearer {person.token}",
            "Content-Type": "application/json",
            SESSION: person.session,
            **({TRACE: f"00-{trace}-{uuid4().hex[:16]}-01"} if trace else {}),
        },
    )
    try:
        with urlopen(request) as response:  # noqa: S310
            return {**json.load(response), "status": response.status}
    except HTTPError as error:
        with error:
            return {**json.load(error), "status": error.code}
