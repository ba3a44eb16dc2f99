"""The repository's agent as it is without any session, and the tools that it has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from agentcore_kit.config.import_string import import_string
from agentcore_kit.evaluation.dataset import Tools
from agentcore_kit.runtime.identity import Caller

if TYPE_CHECKING:
    from strands import Agent


def own_tools() -> Tools:
    """Return the parameters of the agent's own tools, by name: those of an agent without any gateway."""
    tools: list[Any] = list(bare_agent().tool_registry.registry.values())
    return {tool.tool_name: tool.tool_spec["inputSchema"]["json"] for tool in tools}


def known_tools() -> Tools:
    """Return the parameters of the tools that rows may name: the agent's own, and those of recorded gateways."""
    from agentcore_kit.config.manifest import load_manifest
    from agentcore_kit.local.surroundings import recorded_tools

    return {**recorded_tools(load_manifest()), **own_tools()}


@cache
def bare_agent() -> Agent:
    """Return the repository's agent with no session, no gateway and the offline model: its own tools and its prompt."""
    from agentcore_kit.local.offline_model import OfflineModel
    from agentcore_kit.serving.session import AgentSession
    from agentcore_kit.serving.settings import AgentSettings

    settings = AgentSettings.from_files()
    build_agent = import_string(import_string(settings.manifest.spec.code.app).build_agent)
    agent: Agent = build_agent(AgentSession(settings, OfflineModel(), "nobody", Caller("nobody")))
    return agent
