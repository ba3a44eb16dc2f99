"""A process that asks for the health of a server, over and over, and of a server that does nothing else beside it.

The second says what the machine adds, and so does the scheduler: how long a thread of the server was ready to run while
no processor was free. Only what remains of a ping's time is the server's own.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

_EVERY_SECONDS = 0.03
_GIVEN_UP_SECONDS = 120


class _Idle(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _used(process: str) -> tuple[float, dict[str, int]]:
    """Return for how many seconds a process has run, and each thread has waited for a processor, in nanoseconds."""
    waits = dict[str, int]()
    for thread in Path("/proc", process, "task").glob("*"):  # none on another system, where all time counts as its own
        with suppress(OSError):  # it has ended
            waits[thread.name] = int((thread / "schedstat").read_text(encoding="ascii").split()[1])
    times = psutil.Process(int(process)).cpu_times()
    return times.user + times.system, waits


def _own(took: float, before: tuple[float, dict[str, int]], after: tuple[float, dict[str, int]]) -> float:
    """Return how much of a ping's time was the server's own.

    That is the time in which it ran, or else, in which it neither ran nor waited for a processor: it was blocked.
    """
    ran = after[0] - before[0]
    waited = sum(waited - before[1].get(thread, 0) for thread, waited in after[1].items()) / 1e9
    return min(took, max(ran, took - ran - waited))


def _timed(port: int) -> tuple[float, int]:
    """Return how many seconds an answer took, and its status; 0 where there was none."""
    began = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=_GIVEN_UP_SECONDS)
    try:
        connection.request("GET", "/ping")
        response = connection.getresponse()
        response.read()
        return time.monotonic() - began, response.status
    except (OSError, HTTPException):
        return time.monotonic() - began, 0
    finally:
        connection.close()


def _at_the_end_of_input(end: Callable[[], None]) -> None:
    sys.stdin.read()
    end()


def main(arguments: list[str]) -> None:
    """`idle` serves and prints its port; `ping PORT PID IDLE_PORT` prints a line of JSON for each pair of pings."""
    if arguments[0] == "idle":
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Idle)
        print(server.server_port, flush=True)
        threading.Thread(target=_at_the_end_of_input, args=[server.shutdown], daemon=True).start()
        server.serve_forever()
        return
    ended = threading.Event()
    threading.Thread(target=_at_the_end_of_input, args=[ended.set], daemon=True).start()
    while not ended.wait(_EVERY_SECONDS):
        idle, _ = _timed(int(arguments[3]))
        before = _used(arguments[2])
        took, status = _timed(int(arguments[1]))
        print(json.dumps([took, _own(took, before, _used(arguments[2])), status, idle]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
