"""What `dev` must know of an agent: what serves it, where, and how to try it."""

from __future__ import annotations

MODULE, PORT = "agent.app", 8080
TRY = 'make ask Q="…"'


def example(port: int, token: str) -> str:
    """Return a command that asks the local server."""
    return (
        f"  curl -s http://127.0.0.1:{port}/invocations -H 'Authorization: Bearer {token}' \\\n"
        "    -H 'Content-Type: application/json' -d '{\"prompt\": \"Compare all regions for 2024\"}'"
    )
