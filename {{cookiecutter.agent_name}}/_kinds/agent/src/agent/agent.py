"""Assembles the agent: read this function and you know what it is made of."""

from __future__ import annotations

from pathlib import Path

from agentcore_kit.serving import AgentSession
from strands import Agent

from agent.tools import TOOLS

PROMPT = (Path(__file__).parent / "prompt.md").read_text(encoding="utf-8")


def build_agent(session: AgentSession) -> Agent:
    """Return the agent of one session.

    Args:
        session: Whose session it is, the model that answers, the gateways' tools, and where the conversation is kept.
    """
    return Agent(
        system_prompt=PROMPT,
        tools=[*TOOLS, *session.gateway_tools],
        plugins=session.plugins,
        **session.options,
    )
