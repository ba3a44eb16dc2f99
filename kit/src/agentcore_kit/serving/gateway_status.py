"""What a gateway's HTTP status means, for the model that called a tool and for the user whose session has none."""

from __future__ import annotations

from typing import Any

from agentcore_kit.serving.errors import tool_error

_CALLS = {
    401: "the gateway does not accept the user's sign-in; the user has to sign in again",
    403: "the user may not call this tool",
    404: "the gateway does not have this tool",
    429: "the gateway has too many requests; try again later",
}
_SESSIONS = {
    401: ": it does not accept your sign-in; sign in again.",
    403: ": you may not use them.",
    429: " at the moment: it has too many requests.",
}


class GatewayRefused(Exception):
    """A gateway answered a request with an HTTP status that is an error.

    Attributes:
        status: The status.
    """

    def __init__(self, status: int) -> None:
        """Make it for a status."""
        super().__init__(f"HTTP status {status}")
        self.status = status


def refused_call(status: int) -> dict[str, Any]:
    """Return the failed result of a call that was answered with an HTTP status of 400 or more."""
    if status >= 500:
        return tool_error(503, "the gateway failed; try again later")
    return tool_error(status, _CALLS.get(status, "the gateway refused the call; its operators find it in the log"))


def unavailable(gateway: str, error: BaseException) -> str:
    """Return what the user is told of a gateway that gave no tools.

    Args:
        gateway: Its name in the manifest.
        error: Why it did not.
    """
    status = error.status if isinstance(error, GatewayRefused) else 0
    return f"The tools of gateway {gateway} are unavailable" + _SESSIONS.get(status, " at the moment.")
