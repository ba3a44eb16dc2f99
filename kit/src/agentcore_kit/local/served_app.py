"""An ASGI application on a free port of this machine, in a thread of this process, for as long as it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class NotServed(RuntimeError):
    """The server ended before it had begun."""


@contextmanager
def served(app: Any, name: str, port: int = 0) -> Iterator[str]:
    """Serve an application.

    Args:
        app: The ASGI application.
        name: Of its thread.
        port: Where to listen; a free one where it is left out.

    Yields:
        The address, `http://127.0.0.1:<port>`.

    Raises:
        NotServed: When it cannot be served.
    """
    import uvicorn

    from agentcore_kit.runtime.http_server import KEEP_ALIVE_SECONDS

    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name=name, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise NotServed(name)
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
