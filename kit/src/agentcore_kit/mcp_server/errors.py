"""How a tool says that it failed: structured, so that a program can decide, and in words, so that a model can."""

from __future__ import annotations

from typing import Any, Literal

from mcp_types import CallToolResult, TextContent

Code = Literal[400, 403, 404, 409, 429, 500, 503]
KINDS: dict[Code, str] = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "busy",
    500: "internal_error",
    503: "unavailable",
}
"""What can go wrong, by codes that follow HTTP."""

_RETRYABLE = {429, 503}


class Failure(Exception):
    """A failure to tell the caller of.

    Attributes:
        code: What went wrong, by codes that follow HTTP.
        message: What to do about it. It goes out as it is.
    """

    def __init__(self, code: Code, message: str) -> None:
        """Make it. Raises ValueError when there is no such code."""
        if code not in KINDS:
            raise ValueError(f"{code} is no code of a failure; there are {', '.join(map(str, KINDS))}")
        super().__init__(message)
        self.code, self.message = code, message

    def error(self) -> dict[str, Any]:
        """Return it as data."""
        retryable = self.code in _RETRYABLE
        return {"code": self.code, "kind": KINDS[self.code], "message": self.message, "retryable": retryable}

    def result(self) -> CallToolResult:
        """Return it as the result of a tool call."""
        text = TextContent(type="text", text=f"Error {self.code}: {self.message}")
        return CallToolResult(content=[text], structured_content={"error": self.error()}, is_error=True)
