"""The audit: one line of JSON for each decision, who called what, and whether it was allowed by which policy."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from opentelemetry import baggage, trace

from agentcore_kit.runtime.private import private_file, private_folder

AUDIT_FILE = Path("gateway") / "audit.jsonl"
"""Where the lines are, in the folder of local state. Nothing is ever deleted from it."""

Outcome = Literal["allow", "deny", "unauthenticated", "throttled"]

logger = logging.getLogger("gateway.audit")


@dataclass(frozen=True)
class Decided:
    """What was decided on a call.

    Attributes:
        user: The subject of the caller's token; empty where nobody is known.
        tool: The tool's name as the gateway has it; empty where it is not about one.
        arguments: What the tool was to be called with; only a hash of it is kept. None where there is nothing to call.
        decision: What was decided.
        policies: The ids of the policies that decided.
        reason: Why, where it was not allowed.
    """

    user: str
    tool: str
    arguments: Mapping[str, Any] | None
    decision: Outcome
    policies: Sequence[str] = ()
    reason: str = ""


class Audit:
    """Appends lines to the file. Each is written whole before the call goes on, so none is lost when a process ends."""

    def __init__(self, state: Path) -> None:
        """Keep the file in a folder for local state."""
        self.path = state / AUDIT_FILE
        self._is_private = False  # whether the file was closed to other users of the machine

    def write(self, decided: Decided) -> None:
        """Append a line to the file and to the log.

        Raises:
            OSError: When it cannot be written, for example because the disk is full: then the call must not go on.
        """
        span = trace.get_current_span().get_span_context()
        session = baggage.get_baggage("session.id")
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "user": decided.user,
            "tool": decided.tool,
            "argumentsSha256": arguments_hash(decided.arguments),
            "decision": decided.decision,
            "policies": list(decided.policies),
            "reason": decided.reason,
            "traceId": f"{span.trace_id:032x}" if span.is_valid else "",
            "sessionId": str(session or ""),
        }
        line = json.dumps(entry, ensure_ascii=False)
        self._append(f"{line}\n".encode(errors="replace"))
        logger.info("%s", line)

    def _append(self, line: bytes) -> None:
        file = self._open()
        try:
            while line:
                line = line[os.write(file, line) :]
        finally:
            os.close(file)

    def _open(self) -> int:
        """Open the file, for each line: one that somebody has moved away is not written to any longer."""
        how = os.O_WRONLY | os.O_APPEND
        if self._is_private:
            with suppress(FileNotFoundError):
                return os.open(self.path, how)
        private_folder(self.path.parent)
        file = os.open(private_file(self.path), how)
        self._is_private = True
        return file


def arguments_hash(arguments: Mapping[str, Any] | None) -> str:
    """Return the SHA-256 of arguments, whatever the order of their names; empty where there are none to hash."""
    if arguments is None:
        return ""
    text = json.dumps(arguments, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
