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
from pathlib import Path
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

_STARTUP_FAILED = 3

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Drains on the first signal. On the second, or when the time is up, it ends whatever still runs in a thread."""

    def __init__(self, config: uvicorn.Config, on_drain: Callable[[float], None]) -> None:
        """Make a server that calls `on_drain` with the seconds that requests have, when it begins to end."""
        super().__init__(config)
        self._on_drain = on_drain

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


def own_address() -> str:
    """Return where a server listens: in a container on all addresses, as calls come from outside; else on its own."""
    in_container = Path("/.dockerenv").exists() or bool(os.environ.get("DOCKER_CONTAINER"))
    return "0.0.0.0" if in_container else "127.0.0.1"  # noqa: S104


def serve(app: Any, on_drain: Callable[[float], None] = lambda _: None, **options: Any) -> None:
    """Serve until told to stop.

    Args:
        app: The ASGI application.
        on_drain: Called with the seconds that running requests still have, when the server begins to end.
        options: Those of `uvicorn.Config`.

    Raises:
        SystemExit: When it cannot start, for example because the port is taken.
    """
    # Without a log configuration of its own uvicorn logs as everything else does.
    options = {"log_config": None, "log_level": "warning", "access_log": False, **options}
    raise_limit()
    options.setdefault("limit_concurrency", capacity().callers)  # further ones get 503, `/ping` too
    options.setdefault("timeout_graceful_shutdown", DRAIN_SECONDS + CLOSING_SECONDS)
    server = Server(uvicorn.Config(_AnsweredOnce(app), **options), on_drain)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_STARTUP_FAILED)
