"""The page of an agent: what it asks its server, and that its turns are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.routing import Route

from agentcore_kit.local.page.agent import about, memory, rows, traces
from agentcore_kit.local.page.agent.branches import branches
from agentcore_kit.local.page.agent.checkpoints import Checkpoints
from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.local.page.agent.models import Models
from agentcore_kit.local.page.agent.recording import recorded
from agentcore_kit.local.page.parts import Parts
from agentcore_kit.local.page.users import token
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_OF_A_MEMORY = Path(__file__).parents[1] / "memory"
"""The page of a memory, which shows records as this one does."""


def parts() -> Parts:
    """Return the page of the agent of this repository."""
    conversations = Conversations(STATE / "page")
    settings = cache(AgentSettings.from_files)  # a file that is edited meanwhile counts after the restart
    checkpoints = Checkpoints(STATE / "page" / "checkpoints", settings)
    models = Models(settings, conversations)

    def kept(app: ASGIApp, with_model: Callable[[], AgentSettings], name: str) -> ASGIApp:
        return checkpoints.noted(recorded(app, conversations.of_model(name), with_model))

    return Parts(
        folder=Path(__file__).parent,
        settings=settings,
        get={
            "agent": about.agent,
            "report": about.report,
            "memory": memory.memory,
            "models": models.all,
            "sessions": lambda *_: {"sessions": conversations.all()},
            "sessions/{id}": lambda _, request, __: conversations.session(request.path_params["id"]),
            "traces/{id}": traces.trace,
        },
        post={
            "token": token,
            "rows": rows.row,
            "branches": branches(conversations, checkpoints),
            "memory/records": memory.records,
            "models/check": models.check,
        },
        routes=[Route(about.REPORT + "{key}", about.answer_report)],
        also=[_OF_A_MEMORY / name for name in ("lists.js", "quietly.js", "records.js", "service.js")],
        around={"/invocations": models.asked(kept)},
    )
