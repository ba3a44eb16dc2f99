"""Who calls: the claims of the caller's token, known to a tool as context and never as an argument."""

from __future__ import annotations

from contextvars import ContextVar

from agentcore_kit.mcp_server.errors import Failure
from agentcore_kit.runtime.identity import Caller

calling: ContextVar[Caller | None] = ContextVar("calling", default=None)
"""The caller of the request that is being answered; None where the platform gives no identity."""


def required_caller() -> Caller:
    """Return the caller of the request that is being answered.

    Raises:
        Failure: 403 where there is none.
    """
    caller = calling.get()
    if caller is None:
        raise Failure(403, "this tool keeps rows of users, and the request does not say who calls; sign in")
    return caller
