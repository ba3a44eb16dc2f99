"""Keeps the turns that are asked from the page, while they go by: the agent answers the page as any other caller."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.runtime.identity import claims_of
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ENDS = ("result", "error")
_NOT_A_TURN = (400, 401, 413)
"""Answers to a request that was wrong: the page says so, and nothing is kept."""

logger = logging.getLogger(__name__)


def recorded(app: ASGIApp, conversations: Conversations, settings: Callable[[], AgentSettings]) -> ASGIApp:
    """Return an agent's server that keeps what one request asks and what comes of it.

    Args:
        app: The agent's server.
        conversations: Where it is kept.
        settings: Returns those of the agent, which have the price of its model.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        turn = _Turn(Headers(scope=scope))
        keeping: asyncio.Future[None] | None = None

        async def listen() -> Message:
            message = await receive()
            turn.asked += message.get("body", b"")
            return message

        async def tell(message: Message) -> None:
            turn.told(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                await keep()  # the caller may ask for it as soon as it has the whole answer
            await send(message)

        async def keep() -> None:
            """Keep the turn, once: in a thread, and to its end also when the request is cancelled meanwhile."""
            nonlocal keeping
            keeping = keeping or asyncio.get_running_loop().run_in_executor(None, turn.keep, conversations, settings)
            await asyncio.shield(keeping)

        try:
            await app(scope, listen, tell)
        finally:
            await keep()

    return serve


class _Turn:
    """One request, and what was answered so far."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self.asked = b""
        self._status, self._session = 0, headers.get(SESSION_HEADER, "")
        self._answer: list[bytes] = []
        self._at = datetime.now(UTC).isoformat(timespec="milliseconds")

    def told(self, message: Message) -> None:
        """Note a part of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._session = Headers(raw=message["headers"]).get(SESSION_HEADER) or self._session
        self._answer.append(message.get("body", b""))

    def keep(self, conversations: Conversations, settings: Callable[[], AgentSettings]) -> None:
        """Keep the turn, unless the request was no question. A disk that is full costs the record, and not the turn."""
        try:
            question = str(json.loads(self.asked)["prompt"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if self._status in _NOT_A_TURN or not self._session:
            return
        last = self._last()
        token = self._headers.get("authorization", "").partition(" ")[2]
        turn = {
            "question": question,
            "user": str(claims_of(token).get("sub", "")),
            "at": self._at,
            "traceId": self._headers.get("traceparent", "").partition("-")[2].partition("-")[0],
            "usd": _usd(last, settings),
            "last": last,
        }
        try:
            conversations.append(self._session, turn)
        except (OSError, RecursionError) as error:
            logger.warning("the page cannot keep this turn: %s", error)

    def _last(self) -> dict[str, Any]:
        """Return how the turn ended: its last event, a refusal, or what had come until the caller stopped it."""
        whole = b"".join(self._answer)
        if self._status != 200:
            kind = "refused" if self._status == 403 else "error"
            return {"type": kind, "status": self._status, **_object(whole)}
        events = list(_events(whole))
        if events and events[-1].get("type") in _ENDS:
            return events[-1]
        return {"type": "stopped", "text": "".join(one["text"] for one in events if one.get("type") == "text")}


def _usd(last: dict[str, Any], settings: Callable[[], AgentSettings]) -> float | None:
    """Return what a turn cost; None where the price of the model is not known, or its tokens are not."""
    if "usage" not in last:
        return None
    try:
        environment = settings().environment
    except ConfigError as error:
        logger.warning("the page cannot say what this turn cost: %s", error)
        return None
    price = environment.price(environment.model.id)
    return price.usd(last["usage"]["inputTokens"], last["usage"]["outputTokens"]) if price else None


def _events(whole: bytes) -> Iterator[dict[str, Any]]:
    for line in whole.split(b"\n"):
        if line.startswith(b"data: ") and (event := _object(line.removeprefix(b"data: "))):
            yield event


def _object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that some bytes are; an empty one where they were cut short or nested too deeply."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
