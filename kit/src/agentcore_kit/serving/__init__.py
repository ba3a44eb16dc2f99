"""The agent behind the AgentCore HTTP contract. What an agent's own code uses of it is exported here."""

from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.caller import caller_of
from agentcore_kit.serving.confirmation import confirm
from agentcore_kit.serving.errors import RequestRefused, tool_error
from agentcore_kit.serving.session import AgentSession

__all__ = ["AgentSession", "Caller", "RequestRefused", "caller_of", "confirm", "tool_error"]
