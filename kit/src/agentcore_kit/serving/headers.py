"""What of a request's headers gets through to the agent."""

from __future__ import annotations

import re

from bedrock_agentcore.runtime.models import REQUEST_ID_HEADER
from starlette.types import ASGIApp, Receive, Scope, Send

_REQUEST_ID = re.compile(rb"[!-~]{1,128}")


class CheckedHeaders:
    """ASGI middleware. Leaves out a request id that is not fit for each line of the log: the SDK then makes one.

    Several `Authorization` headers become one, as HTTP has it, so that none of them is silently chosen.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            scope = {**scope, "headers": _checked(scope["headers"])}
        await self.app(scope, receive, send)


def _checked(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    request_id = REQUEST_ID_HEADER.lower().encode()
    kept = [(name, value) for name, value in headers if name not in (request_id, b"authorization")]
    tokens = [value for name, value in headers if name == b"authorization"]
    ids = [value for name, value in headers if name == request_id and _REQUEST_ID.fullmatch(value)]
    kept += [(b"authorization", b", ".join(tokens))] if tokens else []
    return kept + [(request_id, value) for value in ids[:1]]
