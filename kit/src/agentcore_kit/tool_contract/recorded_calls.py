"""The contract with those who use the tools: calls that were recorded, and the schemas of that time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.tool_contract.definitions import Definition, offered
from agentcore_kit.tool_contract.samples import example


def contract_path() -> Path:
    """Return where the recorded calls are."""
    return repository_path("tests", "contract.json")


@dataclass(frozen=True)
class Recorded:
    """One call: the tool, what it was given, and the kind of error that it answered with, if any."""

    tool: str
    arguments: dict[str, Any]
    error: str = ""


def recorded() -> list[Recorded]:
    """Return the recorded calls."""
    return [Recorded(**one) for one in _read()["calls"]]


def of_tools() -> list[Definition]:
    """Return the tools as they were when the calls were recorded."""
    tools: list[Definition] = _read()["tools"]
    return tools


def record() -> None:
    """Call every tool with an example and with nothing, and write what came back with the tools' schemas."""
    tools = offered()
    calls = asyncio.run(_calls(tools))
    kept = [{key: tool[key] for key in ("name", "inputSchema", "outputSchema")} for tool in tools]
    text = json.dumps({"calls": [asdict(one) for one in calls], "tools": kept}, indent=1, ensure_ascii=False)
    contract_path().write_text(f"{text}\n", encoding="utf-8")
    where = relative(contract_path())
    print(f"{where}: {len(calls)} calls of {len(kept)} tools; review the difference and commit it")


async def _calls(tools: Sequence[Definition]) -> list[Recorded]:
    from agentcore_kit.mcp_server.errors import read_failure
    from agentcore_kit.mcp_server.identity import calling
    from agentcore_kit.mcp_server.server import ToolSettings, build_server
    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.runtime.logging import quiet_libraries

    quiet_libraries()
    server, found = build_server(ToolSettings.from_files()), []
    calling.set(Caller("contract"))
    for tool in tools:
        arguments = example(tool)
        for given in [arguments, *([{}] if arguments else [])]:
            result: Any = await server.call_tool(tool["name"], given)
            kind = read_failure(result.content[0].text)["kind"] if result.is_error else ""
            found.append(Recorded(tool["name"], given, kind))
    return found


def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(contract_path().read_text(encoding="utf-8"))
    return found
