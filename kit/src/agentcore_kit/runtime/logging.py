"""Structured logs: one JSON object a line, with the ids that lead from a log line to its trace and session."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
Ids = Callable[[], Mapping[str, str | None]]
"""Returns the ids of the request that is being answered, by name."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON, with its trace and the ids of its request, where there are any."""

    def __init__(self, ids: Ids) -> None:
        """`ids` returns the ids of the request that is being answered."""
        super().__init__()
        self.ids = ids

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON."""
        span = trace.get_current_span().get_span_context()
        entry: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self.ids(),
        }
        if span.is_valid:
            entry |= {"traceId": f"{span.trace_id:032x}", "spanId": f"{span.span_id:016x}"}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in entry.items() if value is not None}, ensure_ascii=False)


def configure_logging(ids: Ids, formatter: str | None = None) -> None:
    """Send all logs to standard error, as lines of JSON, at `LOG_LEVEL` (INFO where it is not set).

    Args:
        ids: Returns the ids of the request that is being answered; they are in each line.
        formatter: Names what makes the formatter of the lines, as `module:function`, where another form than JSON is
            wanted. It is called with `ids` and returns a `logging.Formatter`.

    Raises:
        ConfigError: When there is no level of that name, or nothing of the formatter's name.
    """
    level = (os.environ.get("LOG_LEVEL") or "INFO").upper()
    if level not in LEVELS:
        raise ConfigError([f"LOG_LEVEL: {level} is no level; one of: {', '.join(LEVELS)}"])
    handler = logging.StreamHandler()
    handler.setFormatter(import_string(formatter)(ids) if formatter else JsonFormatter(ids))
    root = logging.getLogger()
    # Only what would print the same lines in another form is replaced; exporters keep their handlers.
    root.handlers = [kept for kept in root.handlers if type(kept) is not logging.StreamHandler] + [handler]
    root.setLevel(level)
    logging.getLogger("bedrock_agentcore.app").handlers.clear()
    # One line for each HTTP call and each MCP message is noise at INFO.
    for chatty in ("httpx", "mcp", "botocore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of what it does with every session that it opens.
    logging.getLogger("bedrock_agentcore.memory").setLevel(logging.ERROR)
