"""The page of an agent: what it asks its server, and that its turns are kept."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from starlette.routing import Route

from agentcore_kit.local.page.agent import about, rows, traces
from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.local.page.agent.recording import recorded
from agentcore_kit.local.page.parts import Parts
from agentcore_kit.local.page.users import token
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.serving.settings import AgentSettings


def parts() -> Parts:
    """Return the page of the agent of this repository."""
    conversations = Conversations(STATE / "page")
    settings = cache(AgentSettings.from_files)  # a file that is edited meanwhile counts after the restart
    return Parts(
        folder=Path(__file__).parent,
        settings=settings,
        get={
            "agent": about.agent,
            "report": about.report,
            "sessions": lambda *_: {"sessions": conversations.all()},
            "sessions/{id}": lambda _, request, __: conversations.session(request.path_params["id"]),
            "traces/{id}": traces.trace,
        },
        post={"token": token, "rows": rows.row},
        routes=[Route(about.REPORT + "{key}", about.answer_report)],
        around={"/invocations": partial(recorded, conversations=conversations, settings=settings)},
    )
