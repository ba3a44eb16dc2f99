"""Serves an ASGI application, and ends when it is told to: within a stated time, or at once when told twice."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Timer
from types import FrameType
from typing import Any

import uvicorn
from h11 import LocalProtocolError

from agentcore_kit.runtime import telemetry
from agentcore_kit.runtime.health import capacity, raise_limit

DRAIN_SECONDS = 10.0
"""How long requests that are being answered have to end after the first SIGTERM or SIGINT. The Runtime gives 15."""

CLOSING_SECONDS = 2.0
"""What is left then to send what became of them, and once more to close connections and write the last spans."""

KEEP_ALIVE_SECONDS = 20
"""How long a connection may be idle. Clients close theirs before (httpx and httpx2 after 5 seconds), so that a request
does not meet a connection that is just being closed: such a request fails, and one that changes cannot be repeated."""

_STARTUP_FAILED = 3

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Drains on the first signal. On the second, or when the time is up, it ends whatever still runs in a thread."""

    def __init__(
        self, config: uvicorn.Config, on_drain: Callable[[float], None], on_start: Callable[[], None] = lambda: None
    ) -> None:
        """Make a server that calls `on_start` once it listens, and `on_drain` when it begins to end.

        Args:
            config: Of uvicorn.
            on_drain: Called with the seconds that running requests have.
            on_start: Called before the first request is answered.
        """
        super().__init__(config)
        self._on_drain, self._on_start = on_drain, on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, or when that has begun already, end at once."""
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
            os._exit(128 + sig)  # the first process of a container is one that no signal ends by default
        super().handle_exit(sig, frame)
        # Whatever holds up event loop or interpreter, for example a thread of a team's own: the process ends by then.
        last = Timer(DRAIN_SECONDS + 2 * CLOSING_SECONDS, _give_up, (sig,))
        last.daemon = True
        last.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no further requests, let those that there are end, and close."""
        self._on_drain(DRAIN_SECONDS)
        await super().shutdown(sockets)
        await asyncio.to_thread(telemetry.flush)


class _AnsweredOnce:
    """ASGI middleware. Drops an answer to a request that uvicorn has refused itself while it was read, as no HTTP."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""

        refused = False

        async def send_once(message: Any) -> None:
            nonlocal refused
            try:
                await send(message)
            except LocalProtocolError:
                refused = True

        await self.app(scope, receive, send_once if scope["type"] == "http" else send)
        while refused and (await receive())["type"] != "http.disconnect":
            pass  # uvicorn closes the connection, and until then takes the answer for forgotten


def _give_up(sig: int) -> None:
    logger.error("ended by force: something still ran %s seconds after the signal", DRAIN_SECONDS + 2 * CLOSING_SECONDS)
    os._exit(128 + sig)


def serve(
    app: Any,
    on_drain: Callable[[float], None] = lambda _: None,
    on_start: Callable[[], None] = lambda: None,
    **options: Any,
) -> None:
    """Serve until told to stop.

    Args:
        app: The ASGI application.
        on_drain: Called with the seconds that running requests still have, when the server begins to end.
        on_start: Called once it listens, before the first request is answered.
        options: Those of `uvicorn.Config`.

    Raises:
        SystemExit: When it cannot start, for example because the port is taken.
    """
    # Without a log configuration of its own uvicorn logs as everything else does.
    options = {"log_config": None, "log_level": "warning", "access_log": False, **options}
    options.setdefault("timeout_keep_alive", KEEP_ALIVE_SECONDS)
    raise_limit()
    options.setdefault("limit_concurrency", capacity().callers)  # further ones get 503, `/ping` too
    options.setdefault("timeout_graceful_shutdown", DRAIN_SECONDS + CLOSING_SECONDS)
    server = Server(uvicorn.Config(_AnsweredOnce(app), **options), on_drain, on_start)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_STARTUP_FAILED)
