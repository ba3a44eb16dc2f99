"""How the agent's own conversation stood after each turn that was asked on the page, so that a branch can begin there.

Where the agent keeps conversations in files, a checkpoint is a copy of the session's folder; where a memory keeps them,
the id of the session's newest event. A checkpoint lies below its user and session, so no other user has a way to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from starlette.datastructures import Headers

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.local.page.parts import NotThere
from agentcore_kit.runtime.identity import claims_of
from agentcore_kit.runtime.private import close_to_others, private_file, private_folder
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.memory import memory_client, safe_id
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRACE = re.compile(r"[0-9a-f]{32}")
_EVENT = "event.json"
_SESSION_STATE = "SESSION"
_PATIENCE_SECONDS = 5.0
"""How long a checkpoint that is being written is waited for."""

logger = logging.getLogger(__name__)


class Checkpoints:
    """A checkpoint for each turn, by user, session and trace."""

    def __init__(self, folder: Path, settings: Callable[[], AgentSettings]) -> None:
        """Keep checkpoints in a folder, which is made with the first of them and is the owner's alone.

        Args:
            folder: Where they are kept.
            settings: Returns those of the agent, which say where it keeps conversations.
        """
        self._folder, self._settings = folder, settings
        self._beginning: set[Path] = set()

    def noted(self, app: ASGIApp) -> ASGIApp:
        """Return an agent's server that leaves a checkpoint after a turn, before the end of its answer."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            place = self._place_of(Headers(scope=scope))
            if place is None:
                await app(scope, receive, send)
                return
            note = asyncio.get_running_loop().run_in_executor
            before = await note(None, self._state, *place[:2])
            began, noted = time.time(), False

            async def tell(message: Message) -> None:
                nonlocal noted
                if message["type"] == "http.response.body" and not message.get("more_body") and not noted:
                    noted = True
                    await note(None, self._note, *place, before, began)
                await send(message)

            target = self._target(*place)
            self._beginning.add(target)
            try:
                await app(scope, receive, tell)
            finally:
                try:
                    if not noted:  # the caller left; also when this request is cancelled meanwhile
                        await asyncio.shield(note(None, self._note, *place, before, began))
                finally:
                    self._beginning.discard(target)

        return serve

    def wait(self, user: str, session_id: str, trace_id: str) -> None:
        """Wait until a turn that has just been answered is kept; for a few seconds at most."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._target(user, session_id, trace_id) in self._beginning and time.monotonic() < deadline:
            time.sleep(0.02)

    def restore(self, user: str, session_id: str, trace_id: str, into: str) -> None:
        """Let a new session of the same user begin with what the agent knew after a turn.

        Args:
            user: Whose session it is.
            session_id: The session.
            trace_id: The trace of the turn.
            into: The id of the new session.

        Raises:
            NotThere: When there is no checkpoint of that turn.
            CommandError: When the memory that keeps the conversation cannot be asked.
            OSError: When the disk does not take it.
        """
        target = self._target(user, session_id, trace_id)
        if not _TRACE.fullmatch(trace_id) or not target.is_dir():
            raise NotThere("the agent's conversation was not kept after this turn; branch from another turn")
        if self._settings().environment.memory is None:
            _copy(target, self._files(user, into))
        elif not (target / _EVENT).is_file():
            raise NotThere("the agent had no memory at that time; branch from a turn that was asked since")
        else:
            self._copy_events(user, session_id, json.loads((target / _EVENT).read_text())["event"], into)

    def _place_of(self, headers: Headers) -> tuple[str, str, str] | None:
        """Return user, session and trace of a request; None where one is missing."""
        trace_id = headers.get("traceparent", "").partition("-")[2].partition("-")[0]
        user = claims_of(headers.get("authorization", "").partition(" ")[2]).get("sub")
        session_id = headers.get(SESSION_HEADER, "")
        if not (isinstance(user, str) and user and session_id and _TRACE.fullmatch(trace_id)):
            return None
        return user, session_id, trace_id

    def _target(self, user: str, session_id: str, trace_id: str) -> Path:
        return self._folder / safe_id(user) / safe_id(session_id) / trace_id

    def _files(self, user: str, session_id: str) -> Path:
        """Return the folder in which Strands keeps a session of the agent."""
        return self._settings().sessions / safe_id(user) / "session" / safe_id(session_id)

    def _state(self, user: str, session_id: str) -> int:
        """Return what changes when the agent writes a session to its folder."""
        try:
            return max((path.stat().st_mtime_ns for path in self._files(user, session_id).rglob("*")), default=0)
        except (OSError, ConfigError):
            return 0

    def _note(self, user: str, session_id: str, trace_id: str, before: int, began: float) -> None:
        """Leave a checkpoint, if the agent kept the turn. What fails costs the branch, and not the turn."""
        try:
            target = self._target(user, session_id, trace_id)
            if self._settings().environment.memory:
                if event := self._newest_event(user, session_id, began):
                    private_folder(target)
                    private_file(target / _EVENT).write_text(json.dumps({"event": event}))
            elif self._state(user, session_id) != before:
                _copy(self._files(user, session_id), target)
        except (OSError, ConfigError, BotoCoreError, ClientError) as error:
            logger.warning("no branch can begin after this turn: %s", error)

    def _newest_event(self, user: str, session_id: str, began: float) -> str | None:
        """Return the id of the newest event of a session; None where it is older than the turn."""
        with suppress_instrumentation():
            found = self._client().list_events(**self._of(user, session_id), includePayloads=False, maxResults=1)
        newest = next(iter(found["events"]), None)
        return newest["eventId"] if newest and newest["eventTimestamp"].timestamp() >= began - 0.001 else None

    def _copy_events(self, user: str, session_id: str, last: str, into: str) -> None:
        """Write the events up to one into another session, in which nothing is extracted from them a second time."""
        try:
            with suppress_instrumentation():
                pages = self._client().get_paginator("list_events").paginate(**self._of(user, session_id))
                events = [event for page in pages for event in page["events"]]
                ids = [event["eventId"] for event in events]  # the newest first
                if last not in ids:
                    raise NotThere("the memory has forgotten this turn")
                for event in reversed(events[ids.index(last) :]):
                    metadata = event.get("metadata", {})
                    self._client().create_event(
                        **self._of(user, into),
                        eventTimestamp=event["eventTimestamp"],
                        payload=[_of_session(part, metadata, safe_id(into)) for part in event["payload"]],
                        extractionMode="SKIP",
                        **({"metadata": metadata} if metadata else {}),
                    )
        except (BotoCoreError, ClientError) as error:
            text = f"the memory that keeps the conversation failed: {error}"
            raise CommandError(text, "start it with make dev in its repository, and branch again") from None

    def _of(self, user: str, session_id: str) -> dict[str, str]:
        memory = self._settings().environment.memory
        return {"memoryId": str(memory and memory.id), "actorId": safe_id(user), "sessionId": safe_id(session_id)}

    def _client(self) -> Any:
        return memory_client(self._settings())


def _of_session(part: dict[str, Any], metadata: dict[str, Any], session_id: str) -> dict[str, Any]:
    """Return a part of an event, in which the session manager's own note of the session names another session."""
    if metadata.get("stateType", {}).get("stringValue") != _SESSION_STATE or not isinstance(part.get("blob"), str):
        return part
    return {"blob": json.dumps(json.loads(part["blob"]) | {"session_id": session_id})}


def _copy(source: Path, target: Path) -> None:
    """Copy a folder, closed to everybody else."""
    private_folder(target)
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        close_to_others(path)
