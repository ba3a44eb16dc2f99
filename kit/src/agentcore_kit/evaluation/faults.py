"""Makes tools fail, or say what they should not, in the one conversation whose row asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from strands.hooks import AfterToolCallEvent, BeforeToolCallEvent
from strands.models import Model
from strands_evals.chaos import ChaosPlugin

from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import BuildAgent, Service
from agentcore_kit.serving.sessions import Conversation, Sessions
from agentcore_kit.serving.settings import AgentSettings

OPEN_SESSIONS = 64
"""Finished conversations are let go early: there may be thousands."""

_injections: ContextVar[dict[str, str] | None] = ContextVar("evaluation_injections", default=None)


class EvaluatedService(Service):
    """The agent as it is, with hooks that a row can make tools fail by."""

    def __init__(self, settings: AgentSettings, model: Model, build_agent: BuildAgent) -> None:
        """Make the service; the arguments are those of `Service`."""
        super().__init__(settings, model, build_agent)
        idle_seconds = settings.environment.limits.sessions.idle_seconds
        self.sessions = Sessions(self._open, max_sessions=OPEN_SESSIONS, idle_seconds=idle_seconds)

    def _open(self, caller: Caller, session_id: str) -> Conversation:
        conversation = super()._open(caller, session_id)
        chaos, hooks = ChaosPlugin(), conversation.agent.hooks
        hooks.add_callback(BeforeToolCallEvent, chaos.before_tool_call)
        hooks.add_callback(AfterToolCallEvent, _inject)
        return conversation


@contextmanager
def faults(row: Row) -> Iterator[None]:
    """Let a row's injections act within; its failures are the business of `ChaosExperiment`."""
    token = _injections.set(row.metadata.injections or None)
    try:
        yield
    finally:
        _injections.reset(token)


def _inject(event: AfterToolCallEvent) -> None:
    text = (_injections.get() or {}).get(event.tool_use["name"])
    if text:
        content: Any = [_with_note(block, text) for block in event.result["content"]]
        event.result = {**event.result, "content": content}


def _with_note(block: Any, text: str) -> Any:
    """Return a block of a result with one more field, as a poisoned source of data would send it."""
    try:
        result = block["json"] if "json" in block else json.loads(block["text"])
        return {"text": json.dumps({**result, "note": text})}
    except (ValueError, TypeError, KeyError):
        return {"text": f"{block.get('text', '')}\n{text}"}
