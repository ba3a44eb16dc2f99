"""What a server's code prints becomes log lines: whoever reads its log finds one form, and the ids of the request."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from agentcore_kit.runtime.masking import mask

_LONGEST = 64_000
"""So many characters without the end of a line are a line."""


def capture() -> None:
    """Turn all that is printed from now on into log lines, by the loggers `stdout` and `stderr`.

    What a C library or the interpreter itself writes in the moment that the process dies goes past Python's streams. It
    stays as it is: what would have to turn it into JSON is dying too.
    """
    for name, level in (("stdout", logging.INFO), ("stderr", logging.WARNING)):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, LogLines):
            logging.getLogger(name).setLevel(logging.DEBUG)  # so that it is kept whatever LOG_LEVEL says
            setattr(sys, name, LogLines(stream, name, level))


def standard_error() -> TextIO:
    """Return the stream that log lines go to."""
    return sys.stderr.stream if isinstance(sys.stderr, LogLines) else sys.stderr


class LogLines(io.TextIOBase):
    """A stream that logs what is written to it. JSON stays as it is: it is a log line already.

    Attributes:
        stream: What it stands for.
    """

    def __init__(self, stream: TextIO, name: str, level: int) -> None:
        """Make what stands for a stream, with the name of its logger and the level of its lines."""
        super().__init__()
        self.stream, self._name, self._level = stream, name, level
        self._of_thread = threading.local()  # what a thread prints in parts is a line of its own

    @property
    def buffer(self) -> Any:
        """What takes bytes, which are written as they are."""
        return getattr(self.stream, "buffer", None)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of what it stands for."""
        return self.stream.encoding

    def fileno(self) -> int:
        """Return the descriptor of what it stands for."""
        return self.stream.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self.stream.isatty()

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Log what is complete; what comes in one piece is one line of the log, however many lines it has."""
        held = getattr(self._of_thread, "held", "") + text
        self._of_thread.held = ""
        if held.endswith("\n") or len(held) > _LONGEST:
            self._log(held)
        else:
            self._of_thread.held = held
        return len(text)

    def flush(self) -> None:
        """Log also what has no end of a line yet."""
        held, self._of_thread.held = getattr(self._of_thread, "held", ""), ""
        self._log(held)
        self.stream.flush()

    def _log(self, text: str) -> None:
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            return
        if all(map(_is_entry, lines)):
            self.stream.write(mask("\n".join(lines)) + "\n")
            self.stream.flush()
        elif getattr(self._of_thread, "logging", False):  # what logs has failed, and says so here
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            entry = {"timestamp": now, "level": "ERROR", "logger": self._name, "message": text.rstrip()}
            self.stream.write(mask(json.dumps(entry, ensure_ascii=False)) + "\n")
        else:
            with self._logging():
                logging.getLogger(self._name).log(self._level, "%s", text.rstrip())

    @contextmanager
    def _logging(self) -> Iterator[None]:
        self._of_thread.logging = True
        try:
            yield
        finally:
            self._of_thread.logging = False


def _is_entry(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
