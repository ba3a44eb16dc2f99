"""The page of tools: what it asks its server. Calls go to the tools' own `/mcp`, as those of any other client do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from agentcore_kit.local.page.parts import Parts
from agentcore_kit.local.page.tool.about import tools
from agentcore_kit.local.page.users import token
from agentcore_kit.mcp_server.server import ToolSettings


def parts() -> Parts:
    """Return the page of the tools of this repository."""
    return Parts(
        folder=Path(__file__).parent,
        settings=cache(ToolSettings.from_files),
        get={"tools": tools},
        post={"token": token},
    )
