"""Serves, evaluates and delivers agents, tools and memories on Amazon Bedrock AgentCore."""

from agentcore_kit.config.ejected import use_ejected_modules

use_ejected_modules()
