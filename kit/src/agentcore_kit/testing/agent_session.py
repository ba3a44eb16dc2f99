"""A session for tests of `build_agent`: with the offline model, and without gateways and memory."""

from __future__ import annotations

from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.session import AgentSession
from agentcore_kit.serving.settings import AgentSettings


def agent_session(session_id: str = "session-of-a-test", user: str = "tester") -> AgentSession:
    """Return a session as `build_agent` is given one.

    Args:
        session_id: Its id.
        user: The id of the user whose session it is.

    Raises:
        ConfigError: When the manifest or the environment file is wrong.

    Example:
        >>> agent = build_agent(agent_session())
        >>> assert "getQuarterlyRevenue" in agent.tool_names
    """
    return AgentSession(AgentSettings.from_files(), OfflineModel(), session_id, Caller(user))
