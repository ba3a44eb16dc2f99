"""Writes policies/tools/<target>.json from a tool repository's contract, or from a running MCP server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import relative
from agentcore_kit.policies.statements import tools_named

_KEPT = ("name", "description", "inputSchema")


def refresh(folder: Path, target: str, source: str, token: str = "") -> Path:
    """Write the tools of a target, and return the file. A wrong source changes nothing.

    Args:
        folder: The folder policies/.
        target: The target's name at the gateway: the prefix of its tools.
        source: A file with `tools` in it, as tests/contract.json of a tool repository; or the address of an MCP server.
        token: What an MCP server asks for, if it does.

    Raises:
        ConfigError: When there is no list of tools at the source.
    """
    listed = _served(source, token) if source.startswith(("http://", "https://")) else _of_file(Path(source))
    try:
        tools = [{key: one[key] for key in _KEPT if key in one} for one in listed]
    except TypeError:
        raise ConfigError([f"{source}: tools is no list of tools with name and inputSchema"]) from None
    tools_named(target, tools, source)  # refuses what cannot be used, before anything is written
    file = folder / "tools" / f"{target}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".json.part")
    fresh.write_text(json.dumps({"tools": tools}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return fresh.replace(file)


def _served(url: str, token: str) -> list[Any]:
    from fastmcp import Client

    async def ask() -> list[Any]:
        async with Client(url, auth=token or None) as client:
            return [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in await client.list_tools()]

    try:
        return asyncio.run(ask())
    except Exception as error:  # whatever the server or the network does, it has no list
        then = "start the tool (make dev in its repository), or give a token that it accepts: --token"
        raise ConfigError([f"{url}: no list of tools: {error}; {then}"]) from None


def _of_file(path: Path) -> list[Any]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["tools"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            [f"{relative(path)}:1: has no list of tools ({error!r}); name tests/contract.json of a tool repository"]
        ) from None
