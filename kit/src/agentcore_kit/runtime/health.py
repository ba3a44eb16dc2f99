"""Whether the process can serve: what its limit of descriptors is enough for, and whether there are some left."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

from starlette.responses import JSONResponse

_ENOUGH = 65_536
"""How many descriptors a server asks for; many systems allow 1,024, or 256, until one asks."""

_RESERVED = 32
"""What the interpreter, logs and traces have open, and files that are read for a moment."""

_OF_A_TURN = 3
"""Connections of one turn to the model and of its tools, and a file."""

_OF_A_GATEWAY = 4
"""Of a session's connection to a gateway, three of which are its thread's event loop."""

_MOST_IDLE = 32
"""How many idle sessions keep their connections to gateways, which makes their next turn some 100 ms faster."""

_SPARE = 8
"""How many descriptors must be left for the next request."""


@dataclass(frozen=True)
class Capacity:
    """What the process can do at once with the descriptors that it may open.

    Attributes:
        callers: Connections of callers, those that wait included.
        turns: Sessions of which one turn each is answered.
        idle: Idle sessions that keep their connections to gateways.
    """

    callers: int
    turns: int
    idle: int


def capacity(gateways: int = 0) -> Capacity:
    """Return what the process's limit of descriptors is enough for: a quarter is for callers, the rest for turns.

    Args:
        gateways: To how many gateways each session connects.
    """
    limit = _limit()
    left = max(0, limit - limit // 4 - _RESERVED)
    of_gateways = _OF_A_GATEWAY * gateways
    idle = min(_MOST_IDLE, left // 4 // of_gateways) if gateways else _MOST_IDLE
    turns = (left - idle * of_gateways) // (_OF_A_TURN + of_gateways)
    return Capacity(max(8, limit // 4), max(1, turns), idle)


def raise_limit() -> None:
    """Let the process open as many descriptors as it may, up to 65,536; nothing where a system has no such limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
        if soft != resource.RLIM_INFINITY and soft < highest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))


def _limit() -> int:
    try:
        import resource
    except ImportError:  # on Windows a socket is no descriptor
        return _ENOUGH
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _ENOUGH if soft == resource.RLIM_INFINITY else min(soft, _ENOUGH)


def shortage() -> str | None:
    """Return what the process lacks for another request; None where it can serve."""
    opened: list[int] = []
    try:
        for _ in range(_SPARE):
            opened.append(os.open(os.devnull, os.O_RDONLY))
        Thread(target=int, daemon=True).start()
    except OSError as error:
        return f"no descriptors are left: {error.strerror}"
    except RuntimeError as error:
        return f"no threads are left: {error}"
    finally:
        for each in opened:
            os.close(each)
    return None


def unhealthy(why: str) -> JSONResponse:
    """Return what `/ping` answers when the process cannot serve, so that it is replaced."""
    return JSONResponse({"status": "Unhealthy", "error": why}, status_code=503)
