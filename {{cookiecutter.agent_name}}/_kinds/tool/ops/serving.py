"""What `dev` must know of a tool server: what serves it, where, and how to try it."""

from __future__ import annotations

MODULE, PORT = "tool.app", 8000
TRY = "make dev, and the curl that it prints"


def example(port: int, token: str) -> str:
    """Return a command that calls a tool of the local server."""
    return (
        f"  curl -s http://127.0.0.1:{port}/mcp -H 'Authorization: Bearer {token}' \\\n"
        "    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\\n"
        '    -d \'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "getMarketData", '
        '"arguments": {"region": "EMEA", "dataType": "revenue"}}}\''
    )
