"""A branch: a new session, which begins with the turns of another up to one of them. The other stays as it is."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from starlette.requests import Request

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.local.page.agent.asker import asker
from agentcore_kit.local.page.agent.checkpoints import Checkpoints
from agentcore_kit.local.page.agent.conversations import COPIED, Conversations
from agentcore_kit.local.page.parts import Answer, NotThere
from agentcore_kit.serving.settings import AgentSettings


def branches(conversations: Conversations, checkpoints: Checkpoints) -> Answer:
    """Return what answers a POST with `session` and `trace` with the new session.

    Args:
        conversations: What the page shows of sessions.
        checkpoints: What the agent itself knew after each turn.
    """

    def branch(settings: AgentSettings, request: Request, body: Any) -> dict[str, Any]:
        """Return the new session, with the turns that it begins with.

        Raises:
            ConfigError: When the body names no turn, or the session is another user's.
            NotThere: When there is no such turn, or what the agent knew after it was not kept.
            CommandError: When the memory that keeps the conversation cannot be asked, or the disk is full.
        """
        session_id, trace_id = body.get("session"), body.get("trace")
        if not isinstance(session_id, str) or not isinstance(trace_id, str) or not trace_id:
            raise ConfigError(["session, trace: the session is needed, and the trace of one of its turns"])
        user = asker(settings, request).user_id
        checkpoints.wait(user, session_id, trace_id)
        turns = conversations.session(session_id)["turns"]
        owner = str(turns[0].get("user", ""))
        if owner != user:
            raise ConfigError([f"this session is {owner}'s: choose {owner} under Who asks to branch it"])
        copied = [{COPIED: session_id, **turn} for turn in _until(turns, trace_id)]
        into = f"page-{uuid4()}"
        try:
            checkpoints.restore(user, copied[-1][COPIED], trace_id, into)
            for turn in copied:
                conversations.append(into, {name: value for name, value in turn.items() if name != "session"})
        except OSError as error:
            raise CommandError(f"the branch cannot be kept: {error.strerror}", "make room on the disk") from None
        return conversations.session(into)

    return branch


def _until(turns: list[dict[str, Any]], trace_id: str) -> list[dict[str, Any]]:
    """Return the turns up to that of a trace."""
    for index, turn in enumerate(turns):
        if turn.get("traceId") == trace_id:
            return turns[: index + 1]
    raise NotThere("this session has no such turn")
