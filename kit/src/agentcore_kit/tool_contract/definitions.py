"""What the server offers, as a client sees it: its tools with their schemas, read from the server itself."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

Definition = dict[str, Any]
"""A tool as MCP describes it: name, title, description, inputSchema, outputSchema, annotations."""


@cache
def _offered() -> tuple[Definition, ...]:
    from agentcore_kit.mcp_server.server import ToolSettings, build_server

    listed = asyncio.run(build_server(ToolSettings.from_files()).list_tools())
    return tuple(one.model_dump(by_alias=True, exclude_none=True, mode="json") for one in listed)


def offered() -> list[Definition]:
    """Return the tools that this version serves."""
    return list(_offered())
