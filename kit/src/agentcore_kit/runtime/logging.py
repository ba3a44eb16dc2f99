"""Structured logs: one JSON object a line, with the ids that lead from a log line to its trace and session."""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string
from agentcore_kit.runtime.masking import mask, mask_value

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


class MaskedStream(logging.StreamHandler[Any]):
    """Writes lines to standard error, in whatever format, without the values of secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the formatted line, with each secret masked."""
        return mask(super().format(record))


def _keep_secrets_from(handler: logging.Handler) -> None:
    """Give another handler, such as an exporter's, records without the values of secrets."""
    emit = handler.emit

    def emit_masked(record: logging.LogRecord) -> None:
        emit(_masked(record))

    if getattr(emit, "__name__", "") != emit_masked.__name__:  # it may be configured again
        handler.emit = emit_masked  # type: ignore[method-assign]


def _masked(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of a record without the values of secrets; other handlers have the record too."""
    shown = copy.copy(record)
    shown.__dict__ |= {name: mask_value(value) for name, value in vars(record).items() if name not in ("args", "msg")}
    if (text := record.getMessage()) != (masked := mask(text)):
        shown.msg, shown.args = masked, None
    if record.exc_info:
        stack = "".join(traceback.format_exception(*record.exc_info))
        if (masked := mask(stack)) != stack:  # an exporter would read the exception itself
            shown.exc_info, shown.exc_text = None, masked
            shown.__dict__["exception.stacktrace"] = masked
    return shown


def _uncaught(error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(type(error), error, error.__traceback__)
    elif error is not None and not isinstance(error, SystemExit):
        logging.getLogger(__name__).critical("nobody caught an exception", exc_info=error)


def _unraisable(what: sys.UnraisableHookArgs) -> None:
    logging.getLogger(__name__).error(what.err_msg or "an exception could not be raised", exc_info=what.exc_value)


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
    handler = MaskedStream()
    handler.setFormatter(import_string(formatter)(ids) if formatter else JsonFormatter(ids))
    root = logging.getLogger()
    # Only what would print the same lines in another form is replaced; exporters keep their handlers.
    others = [kept for kept in root.handlers if type(kept) not in (logging.StreamHandler, MaskedStream)]
    for exporter in others:
        _keep_secrets_from(exporter)
    root.handlers = [*others, handler]
    # What nobody catches, Python would write past all handlers.
    sys.excepthook = lambda kind, error, trace: _uncaught(error)
    threading.excepthook = lambda what: _uncaught(what.exc_value)
    sys.unraisablehook = _unraisable
    logging.captureWarnings(True)
    root.setLevel(level)
    logging.getLogger("bedrock_agentcore.app").handlers.clear()
    # One line for each HTTP call and each MCP message is noise at INFO.
    for chatty in ("httpx", "mcp", "botocore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of what it does with every session that it opens.
    logging.getLogger("bedrock_agentcore.memory").setLevel(logging.ERROR)
