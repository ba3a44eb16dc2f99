"""Assembles the agent: read this function and you know what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from strands import Agent
from strands.models import Model
from strands.plugins import Plugin
from strands.session import SessionManager
from strands.vended_plugins.context_injector import ContextInjector

from agent.tools import TOOLS
from agent.wiring.settings import Settings

PROMPT = (Path(__file__).parent / "prompt.md").read_text(encoding="utf-8")


def build_agent(
    settings: Settings,
    model: Model,
    *,
    session_id: str,
    user_name: str | None = None,
    session_manager: SessionManager[Any] | None = None,
    gateway_tools: Sequence[Any] = (),
    plugins: Sequence[Plugin] = (),
) -> Agent:
    """Return the agent of one session. Its conversation is its own; the model may be shared."""

    def context(_: object) -> str:
        return describe_context(settings.today(), user_name)

    agent = Agent(
        name=settings.name,
        agent_id=settings.name,
        description=settings.description,
        model=model,
        system_prompt=PROMPT,
        tools=[*TOOLS, *gateway_tools],
        # Today's date is context, not a tool: one model call less, and never a wrong "last quarter".
        plugins=[ContextInjector(context, trigger="everyTurn"), *plugins],
        session_manager=session_manager,
        trace_attributes={"session.id": session_id},
        callback_handler=None,
    )
    # A stored conversation brings back the prompt it was held with; this version's prompt holds from now on.
    agent.system_prompt = PROMPT
    return agent


def describe_context(today: date, user_name: str | None) -> str:
    """Return what every request tells the model besides the user's words: the date, and whom it talks to."""
    user = f' The user\'s first name is "{user_name}".' if user_name else ""
    return f"<context>Today is {today:%Y-%m-%d} ({today:%A}).{user}</context>"
