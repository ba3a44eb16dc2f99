"""Lets the server of a component serve its page as well: `/`, and whatever begins with `/page/`.

What answers is imported in the background once the component itself had time to start, or with the first request for
it, which waits for that: `kit dev` listens as early as without a page, and `/ping` is answered meanwhile.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.runtime.identity import development_key
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.runtime.threads import DaemonThreads

if TYPE_CHECKING:
    from concurrent.futures import Future

    from starlette.types import ASGIApp, Receive, Scope, Send

    from agentcore_kit.local.page.parts import Parts

KEY_HEADER = "x-page-key"
"""The header with which the page proves that it was opened by who started `kit dev`."""

_STARTING_SECONDS = 1.0
"""What the component has for its own start before the page begins to load."""

_OF_A_KIND = {
    "Agent": "agentcore_kit.local.page.agent.parts:parts",
    "Tool": "agentcore_kit.local.page.tool.parts:parts",
}
"""What returns the page of this repository, by its kind."""


def page_address(port: int) -> str:
    """Return the address of the page, with the key behind `#`: so no browser sends it, and it is in no log."""
    return f"http://127.0.0.1:{port}/#key={development_key('page', STATE)}"


def is_of_page(path: str) -> bool:
    """Whether a path is the page's and not the component's."""
    return path == "/" or path.startswith("/page/")


class Page:
    """ASGI middleware: answers what is the page's, and lets the page note what is asked from it.

    Who has not the key sees an empty page: conversations, results, traces and tokens are the owner's of this machine.
    Pages of other origins cannot know it, nor other users of the machine, nor whoever reaches a container's address.
    """

    def __init__(self, app: ASGIApp, parts: Callable[[], Parts] | None = None) -> None:
        """Put the page before a server.

        Args:
            app: The component's server.
            parts: Returns the page; that of this repository's kind where it is left out.
        """
        self.app = app
        self._key = development_key("page", STATE)
        self._parts = parts or _of_this_kind
        self._loading: Future[tuple[Parts, ASGIApp]] | None = None
        self._starting = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self.app
        if scope["type"] == "lifespan":
            asyncio.get_running_loop().call_later(_STARTING_SECONDS, self.load)
        elif scope["type"] == "http":
            if is_of_page(scope["path"]):
                _, app = await self._loaded()
            elif scope["method"] == "POST" and self.has_key(Headers(scope=scope)):
                parts, _ = await self._loaded()
                around = parts.around.get(scope["path"])
                app = around(app) if around else app
        await app(scope, receive, send)

    def load(self) -> Future[tuple[Parts, ASGIApp]]:
        """Import what answers, in the background; a second call begins nothing."""
        with self._starting:
            if self._loading is None:
                self._loading = DaemonThreads(1, "load-page").submit(self._build)
            return self._loading

    def has_key(self, headers: Headers) -> bool:
        """Whether a request has the key, and comes from this server's own page where a browser says where from."""
        origin, host = headers.get("origin"), headers.get("host", "")
        if origin and origin not in (f"http://{host}", f"https://{host}"):
            return False
        return hmac.compare_digest(headers.get(KEY_HEADER, "").encode(), self._key.encode())

    async def _loaded(self) -> tuple[Parts, ASGIApp]:
        return await asyncio.shield(asyncio.wrap_future(self.load()))

    def _build(self) -> tuple[Parts, ASGIApp]:
        from agentcore_kit.local.page.api import build

        parts = self._parts()
        return parts, build(parts, self.has_key)


def _of_this_kind() -> Parts:
    found: Parts = import_string(_OF_A_KIND[repository_kind()])()
    return found
