"""A tool server behind the gateway. What the tools' own code uses of it is exported here."""

from agentcore_kit.mcp_server.declarations import Aged, tool
from agentcore_kit.mcp_server.errors import Failure
from agentcore_kit.runtime.identity import Caller

__all__ = ["Aged", "Caller", "Failure", "tool"]
