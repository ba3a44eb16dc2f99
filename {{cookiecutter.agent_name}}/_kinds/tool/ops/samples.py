"""How to call each tool, generated from its schema: with curl, with the MCP SDK's client, from a Strands agent.

Each sample is a whole program. It reads where the server is from `TOOLS_URL` and who calls from `TOOLS_TOKEN`.
"""

from __future__ import annotations

import json
from typing import Any

from ops.offer import Definition

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
            print(result.structured_content)


asyncio.run(main())
"""

STRANDS = """\
import os

from strands.tools.mcp import MCPClient

headers = {{"Authorization": f"Bearer {{os.environ['TOOLS_TOKEN']}}"}}
with MCPClient(url=os.environ["TOOLS_URL"], headers=headers) as tools:
    # Agent(tools=[tools]) lets a model choose; this calls one tool directly.
    result = tools.call_tool_sync("sample", "{name}", {arguments})
    print(result["structuredContent"])
"""


def samples(tool: Definition, prefix: str = "") -> dict[str, str]:
    """Return the samples of one tool by how they call it. Behind a gateway the name has a prefix."""
    name, arguments = f"{prefix}{tool['name']}", example(tool["inputSchema"])
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    written = json.dumps(arguments, ensure_ascii=False)
    return {
        "curl": CURL.format(body=json.dumps(call, ensure_ascii=False).replace("'", "'\\''")),
        "mcp": MCP.format(name=name, arguments=written),
        "strands": STRANDS.format(name=name, arguments=written),
    }


def example(schema: dict[str, Any]) -> dict[str, Any]:
    """Return arguments that a schema accepts: all that are required."""
    required = schema.get("required", [])
    known = schema.get("properties", {})
    return {name: _value(known[name], schema.get("$defs", {})) for name in known if name in required}


def _value(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _value(choices[0], definitions)
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return [_value(schema.get("items", {}), definitions)]
        case "object":
            return example({**schema, "$defs": definitions})
        case _:
            return "text"
