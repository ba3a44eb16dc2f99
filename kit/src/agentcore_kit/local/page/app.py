"""Lets the server of an agent serve its page as well: `/`, and whatever begins with `/page/`.

What answers is imported with the first request for it, so that `kit dev` listens as early as without a page.
"""

from __future__ import annotations

import hmac
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from agentcore_kit.runtime.identity import development_key
from agentcore_kit.runtime.settings import STATE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from agentcore_kit.local.page.conversations import Conversations
    from agentcore_kit.serving.app import AgentApp

KEY_HEADER = "x-page-key"
"""The header with which the page proves that it was opened by who started `kit dev`."""


def page_address(port: int) -> str:
    """Return the address of the page, with the key behind `#`: so no browser sends it, and it is in no log."""
    return f"http://127.0.0.1:{port}/#key={development_key('page', STATE)}"


def add_page(app: AgentApp) -> None:
    """Let the server of an agent serve the page as well. To be called before it begins to serve."""
    app.add_middleware(Page)


class Page:
    """ASGI middleware: answers what is the page's, and keeps the turns that are asked from it.

    Who has not the key sees an empty page: conversations, traces and tokens are the owner's of this machine. Pages of
    other origins cannot know it, nor other users of the machine, nor whoever reaches a container's address.
    """

    def __init__(self, app: ASGIApp) -> None:
        """`app` is the server of an agent."""
        self.app = app
        self._key = development_key("page", STATE)
        self._own = cache(self._build)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/" or scope["path"].startswith("/page/"):
            await self._own()[0](scope, receive, send)
        elif scope["path"] == "/invocations" and scope["method"] == "POST" and self.has_key(Headers(scope=scope)):
            from agentcore_kit.local.page.recording import recorded

            await recorded(self.app, self._own()[1])(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def has_key(self, headers: Headers) -> bool:
        """Whether a request has the key, and comes from this server's own page where a browser says where from."""
        origin = headers.get("origin")
        if origin and urlsplit(origin).netloc != headers.get("host"):
            return False
        return hmac.compare_digest(headers.get(KEY_HEADER, "").encode(), self._key.encode())

    def _build(self) -> tuple[ASGIApp, Conversations]:
        """Return what answers for the page, and what keeps its conversations."""
        from agentcore_kit.local.page.api import build
        from agentcore_kit.local.page.conversations import Conversations

        conversations = Conversations(STATE / "page")
        return build(conversations, self.has_key), conversations
