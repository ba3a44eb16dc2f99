"""How a team's code says no: a tool to the model, and a hook to the caller of a request."""

from __future__ import annotations

from typing import Any


class RequestRefused(Exception):
    """A request that the agent does not answer. Raised by the function that `on_request` of `create_app` names.

    The caller gets status 403 with the message, so it must hold nothing that a stranger may not read.
    """


def tool_error(code: int, message: str) -> dict[str, Any]:
    """Return a failed tool result, in the form that Strands gives a model.

    Args:
        code: What went wrong, by codes that follow HTTP: 400, 404, 503.
        message: What the model is told, and what to do about it.
    """
    return {"status": "error", "content": [{"text": f"Error {code}: {message}"}]}
