"""Serves, evaluates and delivers agents, tools and memories on Amazon Bedrock AgentCore."""
