"""An HTTP API of somebody else, called as its OpenAPI description says. What the team's code uses is exported here."""

from agentcore_kit.runtime.http_api.client import HttpApi
from agentcore_kit.runtime.http_api.errors import Refused, UnexpectedAnswer

__all__ = ["HttpApi", "Refused", "UnexpectedAnswer"]
