"""How a tool says that it failed: as JSON, of which a program reads the kind and a model the words."""

from __future__ import annotations

import json
from typing import Literal, TypedDict

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


class FailureData(TypedDict):
    """A failure as callers get it: its code and kind, what to do about it, and whether to try again later."""

    code: int
    kind: str
    message: str
    retryable: bool


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

    def error(self) -> FailureData:
        """Return it as data."""
        message = self.message.encode(errors="replace").decode()  # half of a surrogate pair has no UTF-8
        return {
            "code": self.code,
            "kind": KINDS[self.code],
            "message": message,
            "retryable": self.code in _RETRYABLE,
        }

    def result(self) -> CallToolResult:
        """Return it as the result of a tool call.

        The text alone has it. Structured content is what the tool's output schema promises, and strict clients throw
        for any other instead of showing the failure.
        """
        text = TextContent(type="text", text=json.dumps({"error": self.error()}, ensure_ascii=False))
        return CallToolResult(content=[text], is_error=True)


def read_failure(text: str) -> FailureData:
    """Return the failure that the text of a failed call has.

    Raises:
        ValueError: When the text is not of this server.
    """
    try:
        found: FailureData = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"a failed call without {{'error': …}}: {text[:200]}") from None
    return found
