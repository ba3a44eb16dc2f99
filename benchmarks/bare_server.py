"""The yardstick: the least server of the MCP SDK with the same tool, over the same data, and nothing else.

Run inside a generated tool repository: `python bare_server.py PORT`.
"""

import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from tool.backend import SqliteBackend

server = MCPServer("bare", log_level="WARNING")
backend = SqliteBackend(Path(".local") / "bare.db")


@server.tool(name="getMarketData")
def get_market_data(region: str, dataType: str) -> dict[str, float | str]:
    """Return an indicator."""
    found = backend.market(region, dataType)
    return {"value": found.value, "unit": found.unit, "period": found.period}


server.run("streamable-http", port=int(sys.argv[1]), stateless_http=True, json_response=True)
