"""Lets the server of the local memory, which is no ASGI application, answer with the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

import httpx

from agentcore_kit.local.page.app import Page, is_of_page


class Answered(NamedTuple):
    """What the page answers: HTTP status, media type, body, and further headers."""

    status: int
    kind: str
    body: bytes
    headers: dict[str, str]


Shown = Callable[[str, str, Mapping[str, str], bytes], Answered | None]
"""Returns what the page answers to method, path, headers and body of a request; None where the path is not its."""


def shown(page: Page) -> Shown:
    """Return what answers with a page.

    Args:
        page: The page. Only requests for it reach it.
    """

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered | None:
        return asyncio.run(_ask(page, method, path, headers, body)) if is_of_page(path.partition("?")[0]) else None

    return answer


async def _ask(page: Page, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://127.0.0.1") as client:
        found = await client.request(method, path, headers=dict(headers), content=body)
    more = {name: value for name, value in found.headers.items() if name not in ("content-type", "content-length")}
    return Answered(found.status_code, found.headers.get("content-type", "text/plain"), found.content, more)
