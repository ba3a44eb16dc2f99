"""What a team's `build_agent` is given for each session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strands.models import Model
    from strands.plugins import Plugin
    from strands.session import SessionManager

    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.serving.settings import AgentSettings


@dataclass(frozen=True)
class AgentSession:
    """One user's one conversation, and all that connects its agent to its surroundings.

    Attributes:
        settings: The manifest and the environment file.
        model: The model of the environment. All sessions share it, so it holds no conversation.
        session_id: The session's id, as the caller knows it.
        caller: The verified user.
        gateway_tools: The tools of the gateways that the manifest names; none while a gateway is down.
        plugins: What tells the model the date and the user's first name, and searches tools where there are many.
        session_manager: Where the conversation is kept; None where it is not kept.

    Example:
        Strands' own hooks see the begin of the session and each tool call; a reason in `cancel_tool` refuses one:

        >>> class NoDeletion(HookProvider):
        ...     def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        ...         registry.add_callback(BeforeToolCallEvent, self.before_tool_call)
        ...
        ...     def before_tool_call(self, event: BeforeToolCallEvent[Any]) -> None:
        ...         if event.tool_use["name"].startswith("delete"):
        ...             event.cancel_tool = "deleting is not allowed"
        >>> def build_agent(session: AgentSession) -> Agent:
        ...     return Agent(tools=TOOLS, plugins=session.plugins, hooks=[NoDeletion()], **session.options)
    """

    settings: AgentSettings
    model: Model
    session_id: str
    caller: Caller
    gateway_tools: Sequence[Any] = ()
    plugins: list[Plugin] = field(default_factory=list)
    session_manager: SessionManager[Any] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Arguments for `strands.Agent` that are the same for every agent: name, model, conversation, traces."""
        return {
            "name": self.settings.name,
            "agent_id": self.settings.name,
            "description": self.settings.description,
            "model": self.model,
            "session_manager": self.session_manager,
            "trace_attributes": {"session.id": self.session_id},
            "callback_handler": None,
        }
