"""An idle connection is closed by the client before the server does it: else a request may meet one that just ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from agentcore_kit.local.served_app import served
from tests.homes import free_port

SERVER = """
import sys
from agentcore_kit.runtime.http_server import serve
from tests.runtime.test_idle_connections import empty
serve(empty, host="127.0.0.1", port=int(sys.argv[1]))
"""


async def empty(scope: Any, _receive: Any, send: Any) -> None:
    """Answer each request with nothing."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


def asked(connection: HTTPConnection) -> int:
    """Return the status of one more request over a connection."""
    connection.request("GET", "/")
    with connection.getresponse() as answer:
        return answer.status


def asked_when_it_listens(connection: HTTPConnection, server: subprocess.Popen[bytes]) -> int:
    """Return the status of the first request to a server that is starting."""
    while server.poll() is None:
        try:
            return asked(connection)
        except (OSError, HTTPException):
            connection.close()
            time.sleep(0.05)
    return 0


def test_servers_keep_an_idle_connection_for_longer_than_clients_do() -> None:
    port, kit = free_port(), str(Path(__file__).parents[2])
    server = subprocess.Popen([sys.executable, "-P", "-c", SERVER, str(port)], env={**os.environ, "PYTHONPATH": kit})
    try:
        with served(empty, "empty") as address:
            own, within = HTTPConnection("127.0.0.1", port), HTTPConnection("127.0.0.1", urlsplit(address).port)
            assert (asked_when_it_listens(own, server), asked(within)) == (204, 204)
            own.auto_open = within.auto_open = 0  # a connection that was closed is not opened anew
            time.sleep((httpx2.Limits().keepalive_expiry or 0) + 2)
            assert (asked(own), asked(within)) == (204, 204)
    finally:
        server.terminate()
        server.wait()
