"""One request as bytes on a socket, and the ways in which a client sends it or goes away."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass, field, replace
from enum import Enum
from http.client import HTTPException, HTTPResponse
from random import Random

ANSWER_SECONDS = 300.0
"""How long a client waits for an answer before it counts as none: long, as it measures a hang and not a speed."""

Headers = list[tuple[bytes, bytes]]


class Manner(Enum):
    """How a client sends a request, and whether it is there for the answer."""

    WHOLE = "whole"
    SLOW = "in pieces, slowly"
    CHUNKED = "chunked"
    CUT = "the body ends early, and the client waits"
    LEAVES_IN_BODY = "hangs up within the body"
    LEAVES_BEFORE_ANSWER = "hangs up after the body"
    LEAVES_IN_ANSWER = "hangs up within the answer"


LEAVING = (Manner.LEAVES_IN_BODY, Manner.LEAVES_BEFORE_ANSWER, Manner.LEAVES_IN_ANSWER)


@dataclass
class Request:
    """One request.

    Attributes:
        about: What it is, in words: for the list of faults.
        method: The HTTP method.
        target: Path and query.
        headers: Without Content-Length and Host, which are added where they are missing.
        body: The body.
        manner: How it is sent.
        right: Whether it is as the contract wants it, so that it must be answered with success.
        session: The conversation that it opens; empty where it opens none.
        is_http: Whether it is HTTP at all; a server may close the connection of what is none.
    """

    about: str
    method: bytes = b"POST"
    target: bytes = b"/"
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    manner: Manner = Manner.WHOLE
    right: bool = False
    session: str = ""
    is_http: bool = True

    def odd(self, about: str) -> Request:
        """Return it as one that no success is expected of, and say what it is."""
        self.about, self.right, self.session = f"{about} ({self.manner.value})", False, ""
        return self

    def head(self, port: int) -> bytes:
        """Return request line and headers."""
        given = {name.lower() for name, _ in self.headers}
        headers = list(self.headers)
        if b"host" not in given:
            headers.append((b"Host", f"127.0.0.1:{port}".encode()))
        if self.manner is Manner.CHUNKED:
            headers.append((b"Transfer-Encoding", b"chunked"))
        elif b"content-length" not in given and b"transfer-encoding" not in given:
            headers.append((b"Content-Length", str(len(self.body)).encode()))
        headers.append((b"Connection", b"close"))
        lines = [b"%b %b HTTP/1.1" % (self.method, self.target), *(b"%b: %b" % each for each in headers), b"", b""]
        return b"\r\n".join(lines)


@dataclass
class Reply:
    """What came back: a status of 0 says that nothing did, and `body` why."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(port: int, request: Request, rng: Random) -> Reply | None:
    """Send a request.

    Args:
        port: The server's, on this machine.
        request: What is sent.
        rng: Decides where a client pauses or leaves.

    Returns:
        The answer; None where the client did not stay for it, and one of status 0 where none came.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as client:
        try:
            if not _sent(client, port, request, rng):
                return None
        except OSError:  # a server may answer a request, and close, before it has read all of it
            if request.manner in LEAVING:
                return None
        reply = _answer(client, request, rng)
    if reply and not reply.status and request.manner is Manner.SLOW:
        # It was refused while it was sent, and what came after that reset the connection. At once it has an answer.
        return send(port, replace(request, manner=Manner.WHOLE), rng)
    return reply


def _sent(client: socket.socket, port: int, request: Request, rng: Random) -> bool:
    """Send a request in its manner; return whether the client is still there."""
    head, body = request.head(port), request.body
    match request.manner:
        case Manner.SLOW:
            whole = head + body
            for piece in _pieces(whole, rng.randint(2, 8)):
                client.sendall(piece)
                time.sleep(rng.uniform(0, 0.02))
        case Manner.CHUNKED:
            client.sendall(head)
            for piece in filter(None, _pieces(body, rng.randint(1, 5))):
                client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            client.sendall(b"0\r\n\r\n")
        case Manner.CUT:
            client.sendall(head + body[: rng.randrange(len(body) + 1) // 2])
            client.shutdown(socket.SHUT_WR)
        case Manner.LEAVES_IN_BODY:
            client.sendall(head + body[: rng.randrange(len(body) + 1)])
            _reset(client, rng)
            return False
        case Manner.LEAVES_BEFORE_ANSWER:
            client.sendall(head + body)
            time.sleep(rng.choice((0, 0, 0.005, 0.05)))
            _reset(client, rng)
            return False
        case _:
            client.sendall(head + body)
    return True


def _answer(client: socket.socket, request: Request, rng: Random) -> Reply | None:
    response = HTTPResponse(client, method=request.method.decode("latin-1"))
    try:
        response.begin()
        if request.manner is Manner.LEAVES_IN_ANSWER:
            response.read(rng.choice((1, 20, 200, 2000)))
            _reset(client, rng)
            return None
        return Reply(
            response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
        )
    except (OSError, HTTPException, ValueError) as error:
        return Reply(0, {}, f"{type(error).__name__}: {error}".encode())
    finally:
        response.close()


def _pieces(whole: bytes, count: int) -> list[bytes]:
    length = max(1, -(-len(whole) // count))
    return [whole[start : start + length] for start in range(0, len(whole), length)]


def _reset(client: socket.socket, rng: Random) -> None:
    """Let the connection end with a reset as often as in the orderly way."""
    if rng.random() < 0.5:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
