"""An agent behind a URL, as whom the evaluation asks: on this machine, or deployed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_random_exponential

from agentcore_kit.evaluation.agent_answers import parse, record
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.evaluation.target import BY_DATE, Conversation, Record
from agentcore_kit.evaluation.users import EVALUATION, NOBODY, CannotSignIn, SignIn, user_of
from agentcore_kit.serving.invocation import SESSION_HEADER

CONNECT_SECONDS = 10.0
"""Answers may take longer: the run bounds each turn."""


class HttpTarget:
    """An agent that serves the AgentCore HTTP contract: its date is what it is, and its tools never fail on demand."""

    def __init__(
        self,
        url: str,
        who: str | httpx.Auth,
        day: date,
        *,
        query: dict[str, str] | None = None,
        sign_in: SignIn | None = None,
    ) -> None:
        """Make the target.

        Args:
            url: Where requests are posted to, `/invocations` included.
            who: A user's access token, or what signs requests with AWS credentials.
            day: The date that the agent is told there.
            query: Names the endpoint of a deployed agent.
            sign_in: Gives the token of a user whom a row names; None where nobody else can be signed in.
        """
        self.name = url
        self.model: dict[str, Any] = {}
        self.day = day
        self._query = query or {}
        self._sign_in = sign_in or NOBODY
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            auth=None if isinstance(who, str) else who,
            headers={"Authorization": f"Bearer {who}"} if isinstance(who, str) else {},
        )

    def excludes(self, row: Row) -> str | None:
        """Leave out what needs another date, a tool made to fail, or a user who cannot be signed in."""
        about = row.metadata
        if about.failures or about.injections:
            return "tools can be made to fail only in process (--target local)"
        same_quarter = (about.date.year, (about.date.month - 1) // 3) == (self.day.year, (self.day.month - 1) // 3)
        if not about.any_date and not same_quarter:
            return f"{BY_DATE} {self.day}, which is the target's day"
        if about.user is not None:
            try:
                self._sign_in(user_of(about.user))
            except CannotSignIn as error:
                return str(error)
        return None

    def close(self) -> None:
        """Leave the connections to the end of the process."""

    @asynccontextmanager
    async def converse(self, row: Row) -> AsyncIterator[Conversation]:
        """Open a session of its own, as the row's user."""
        name = row.metadata.user
        token = "" if name is None else self._sign_in(user_of(name))
        yield _RemoteConversation(self, f"{EVALUATION}-{row.scenario_id}-{uuid4()}", token)

    async def invoke(self, session_id: str, payload: dict[str, Any], token: str = "") -> httpx.Response:
        """Post one turn, again with growing pauses while the target is throttled and has not begun it.

        Args:
            session_id: The id of the session.
            payload: The body, as the invocation contract has it.
            token: The access token of who asks, where that is another than the target's own user.

        Raises:
            CannotRun: When nobody answers, or the caller is refused.
            RuntimeError: For other errors.
        """
        headers, own = {SESSION_HEADER: session_id}, {}
        if token:
            headers["Authorization"], own = f"Bearer {token}", {"auth": None}
        try:
            reply: httpx.Response = await _unless_throttled()(
                self._client.post, self.name, params=self._query, json=payload, headers=headers, **own
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise CannotRun(
                f"nobody answers at {self.name} ({error}); is the agent running? Start one: kit dev"
            ) from None
        if reply.status_code in (401, 403):
            raise CannotRun(f"{self.name} refused the caller ({reply.status_code}: {reply.text[:200]}); set EVAL_TOKEN")
        if reply.status_code != 200:
            raise RuntimeError(f"HTTP {reply.status_code}: {reply.text[:300]}")
        return reply


def _unless_throttled() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_result(lambda reply: reply.status_code in (429, 503)),
        wait=wait_random_exponential(max=20),
        stop=stop_after_attempt(5),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )


@dataclass
class _RemoteConversation:
    target: HttpTarget
    session_id: str
    token: str = ""

    async def ask(self, text: str) -> Record:
        reply = await self.target.invoke(self.session_id, {"prompt": text}, self.token)
        found = parse(reply.json())
        known = self.target.model = self.target.model or found.model
        if found.model != known:
            raise CannotRun(f"the target's model was {known.get('id')!r} and is {found.model.get('id')!r}: start anew")
        return record(text, found, round(reply.elapsed.total_seconds() * 1000, 2))
