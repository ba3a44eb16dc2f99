"""How a tool says that it failed, in the form that Strands gives a model."""

from __future__ import annotations

from typing import Any


def tool_error(code: int, message: str) -> dict[str, Any]:
    """Return a failed tool result that tells the model what went wrong; `code` follows HTTP (400, 404, 503)."""
    return {"status": "error", "content": [{"text": f"Error {code}: {message}"}]}
