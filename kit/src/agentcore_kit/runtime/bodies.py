"""Bodies of requests: no more is read than a request may have, and nothing that would take long to parse."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

READ_SECONDS = 60.0
"""How long a body may take to come."""


@dataclass
class BodyRefused(Exception):
    """A body that is not read to its end.

    Attributes:
        status: The HTTP status to answer with: 408 or 413.
        message: What is wrong, and what would be right.
    """

    status: int
    message: str


async def read_body(receive: Receive, max_bytes: int, max_values: int) -> bytes:
    """Return a request's body, whatever its headers say of its length.

    JSON is parsed in one piece, in which no other thread runs, and a million empty lists take seconds. So a body is
    also refused for what its lists, objects and fields begin with or are separated by, before it is parsed.

    Args:
        receive: The request's.
        max_bytes: How many bytes it may have.
        max_values: How many of `[`, `{`, `,` and `:` it may have, those within texts included.

    Raises:
        BodyRefused: When it has more, or does not come in time.
        ClientDisconnect: When the client left meanwhile.
    """
    body, values, has_more = bytearray(), 0, True
    try:
        async with asyncio.timeout(READ_SECONDS):
            while has_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                part: bytes = message.get("body", b"")
                body += part
                values += sum(part.count(mark) for mark in b"[{,:")
                has_more = message.get("more_body", False)
                if len(body) > max_bytes:
                    raise BodyRefused(413, f"the body has more than {max_bytes} bytes")
                if values > max_values:
                    raise BodyRefused(413, f"the body has more than {max_values} lists, objects and fields")
    except TimeoutError:
        raise BodyRefused(408, f"the body did not come within {READ_SECONDS:g} seconds") from None
    return bytes(body)


def given_again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read, and then what the client does: for one, that it hangs up."""
    given = False

    async def receive_next() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_next
