"""Conversations that outgrow the model's context window: their oldest part is left out, and the caller is told."""

from __future__ import annotations

import logging
from typing import Any

from strands.hooks import AfterInvocationEvent, AfterModelCallEvent, BeforeInvocationEvent, HookProvider, HookRegistry
from strands.types.exceptions import ContextWindowOverflowException

from agentcore_kit.serving.tool_calls import NOTICES

_TOLD = "The conversation is too long for the model: its oldest part was summarised or left out."
REMOVED, _OVERFLOWED = "messages_removed", "context_window_overflowed"
"""Where the state of an invocation keeps how many messages were left out before, and whether some had to be."""

logger = logging.getLogger(__name__)


class ContextWindow(HookProvider):
    """Tells the caller of a turn when a part of the conversation was left out in it."""

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Listen for turns, and for calls that the model refused."""
        registry.add_callback(BeforeInvocationEvent, self._begin)
        registry.add_callback(AfterModelCallEvent, self._note)
        registry.add_callback(AfterInvocationEvent, self._tell)

    def _begin(self, event: BeforeInvocationEvent) -> None:
        event.invocation_state[REMOVED] = event.agent.conversation_manager.removed_message_count

    def _note(self, event: AfterModelCallEvent) -> None:
        if isinstance(event.exception, ContextWindowOverflowException):
            event.invocation_state[_OVERFLOWED] = True

    def _tell(self, event: AfterInvocationEvent) -> None:
        state = event.invocation_state
        removed = event.agent.conversation_manager.removed_message_count - state.get(REMOVED, 0)
        if event.result is not None and (removed > 0 or state.get(_OVERFLOWED)):
            logger.info("left out %s messages of a conversation that is too long", removed)
            state.get(NOTICES, []).append(_TOLD)
