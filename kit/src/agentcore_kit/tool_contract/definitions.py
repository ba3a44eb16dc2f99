"""What the server offers, as a client sees it: its tools with their schemas, read from the server itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any

Definition = dict[str, Any]
"""A tool as MCP describes it: name, title, description, inputSchema, outputSchema, annotations."""


@cache
def _offered() -> tuple[Definition, ...]:
    from agentcore_kit.mcp_server.server import ToolSettings, build_server

    listed = asyncio.run(build_server(ToolSettings.from_files()).list_tools())
    return tuple(one.model_dump(by_alias=True, exclude_none=True, mode="json") for one in listed)


def definition_of(spec: Mapping[str, Any]) -> Definition:
    """Return a tool of an agent, whose parts have other names in Strands, as MCP describes it.

    Args:
        spec: The tool's spec, as Strands shows it to a model.
    """
    schemas = {key: spec[key] for key in ("inputSchema", "outputSchema") if spec.get(key)}
    return {
        "name": spec["name"],
        "description": spec["description"],
        **{key: schema.get("json", schema) for key, schema in schemas.items()},
    }


def offered() -> list[Definition]:
    """Return the tools that this version serves."""
    return list(_offered())
