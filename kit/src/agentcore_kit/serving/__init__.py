"""The agent behind the AgentCore HTTP contract. What an agent's own code uses of it is exported here."""

from agentcore_kit.serving.session import AgentSession
from agentcore_kit.serving.tool_errors import tool_error

__all__ = ["AgentSession", "tool_error"]
