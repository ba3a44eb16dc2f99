"""Results of calls, as MCP has them on the wire and as fastmcp has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastmcp.tools.base import ToolResult
from mcp_types import SERVER_INFO_META_KEY, CallToolResult


def failure(code: int, message: str) -> dict[str, Any]:
    """Return the result of a call that failed, as the kit's own tools say it: as JSON, the text alone.

    Args:
        code: What went wrong, by codes that follow HTTP.
        message: What to do about it.
    """
    error = {"code": code, "message": message, "retryable": code in (503, 504)}
    return {"content": [{"type": "text", "text": json.dumps({"error": error}, ensure_ascii=False)}], "isError": True}


def tool_result(result: Mapping[str, Any]) -> ToolResult:
    """Return the result of a call as fastmcp has it."""
    meta = {key: value for key, value in (result.get("_meta") or {}).items() if key != SERVER_INFO_META_KEY}
    shown = CallToolResult.model_validate({**result, "_meta": meta or None})
    return ToolResult(shown.content, shown.structured_content, shown.meta, bool(shown.is_error))
