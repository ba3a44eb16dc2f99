"""How to call each tool, generated from its schema: with curl, with the MCP SDK's client, from a Strands agent.

Each sample is a whole program. It reads where the server is from `TOOLS_URL` and who calls from `TOOLS_TOKEN`.
"""

from __future__ import annotations

import json
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from agentcore_kit.mcp_server.declarations import TOOLS
from agentcore_kit.runtime.json_schemas import Schema, choices
from agentcore_kit.tool_contract.definitions import Definition

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:00:00Z",
    "time": "09:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "user@example.com",
    "uri": "https://example.com",
}

CURL = """\
curl -s "$TOOLS_URL" -H "Authorization: Bearer $TOOLS_TOKEN" \\
  -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \\
  -d '{body}'
"""

MCP = """\
import asyncio
import os

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    headers = {{"Authorization": f"Bearer {{os.environ['TOOLS_TOKEN']}}"}}
    async with httpx2.AsyncClient(headers=headers) as http:
        async with Client(streamable_http_client(os.environ["TOOLS_URL"], http_client=http)) as client:
            result = await client.call_tool("{name}", {arguments})
            print(result.content if result.is_error else result.structured_content)


asyncio.run(main())
"""

STRANDS = """\
import os

from strands.tools.mcp import MCPClient

headers = {{"Authorization": f"Bearer {{os.environ['TOOLS_TOKEN']}}"}}
with MCPClient(url=os.environ["TOOLS_URL"], headers=headers) as tools:
    # Agent(tools=[tools]) lets a model choose; this calls one tool directly.
    result = tools.call_tool_sync("sample", "{name}", {arguments})
    print(result.get("structuredContent", result["content"]))
"""


def samples(tool: Definition, prefix: str = "") -> dict[str, str]:
    """Return the samples of one tool by how they call it. Behind a gateway the name has a prefix."""
    name, arguments = f"{prefix}{tool['name']}", example(tool)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    return {
        "curl": CURL.format(body=json.dumps(call, ensure_ascii=False).replace("'", "'\\''")),
        "mcp": MCP.format(name=name, arguments=arguments),
        "strands": STRANDS.format(name=name, arguments=arguments),
    }


class NoExample(ValueError):
    """A parameter is of a kind of which no value is known; the message says how to give one."""


def example(tool: Definition) -> dict[str, Any]:
    """Return arguments that a tool accepts: all that are required.

    Raises:
        NoExample: When no value of a required parameter is known.
    """
    schema, hints = tool["inputSchema"], get_type_hints(TOOLS[tool["name"]].function, include_extras=True)
    arguments: dict[str, Any] = {}
    for name in schema.get("required", []):
        try:
            arguments[name] = _value(schema["properties"][name], schema)
            TypeAdapter(hints.get(name, Any)).validate_python(arguments[name])
        except (ValidationError, RecursionError):
            raise NoExample(f"{tool['name']}: {name} needs an example, for the samples: Field(examples=[…])") from None
    return arguments


def example_by_schema(tool: Definition) -> dict[str, Any]:
    """Return arguments for a tool of another commit, whose function is not here to try them on."""
    schema = tool["inputSchema"]
    return {name: _value(schema["properties"][name], schema) for name in schema.get("required", [])}


def _value(schema: Schema, whole: Schema) -> Any:
    schema = choices(schema, whole)[0]
    if "default" in schema:
        return schema["default"]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [_value(schema.get("items", {}), whole)]
        case "object":
            return {name: _value(schema["properties"][name], whole) for name in schema.get("required", [])}
        case _:
            return _FORMATS.get(schema.get("format", ""), "text")
