"""Structured logs: one JSON object a line, with the ids that lead from a log line to its trace and session."""

from __future__ import annotations

import copy
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string
from agentcore_kit.runtime.certificates import name_certificates
from agentcore_kit.runtime.masking import mask, mask_value
from agentcore_kit.runtime.standard_streams import capture, standard_error

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
    """Writes lines to standard error, in whatever format, without what no log may have."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the formatted line, with each secret masked."""
        return _shown(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:
        """Write as JSON what has no other form: wrong arguments of a call, or a formatter of the team's own failed."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError) or error is None or self.stream.closed:
            super().handleError(record)  # there is nowhere to write it to
            return
        told = copy.copy(record)
        try:
            told.msg = record.getMessage()
        except Exception:
            told.msg = f"a log line could not be written: {record.name} at {record.pathname}:{record.lineno}"
        told.args, told.exc_info = None, (type(error), error, error.__traceback__)
        self.stream.write(_shown(JsonFormatter(dict).format(told)) + self.terminator)
        self.flush()


_INPUT, _AFTER_INPUT = ", input_value=", re.compile(r", input_type=\w+\]")
"""Where what pydantic quotes of a value that it refuses begins, and what follows it."""

_without_content = False


def keep_content_out(own: Iterable[str]) -> None:
    """Leave out of all lines what prompts, answers and tools' arguments libraries quote, from now on.

    At DEBUG they log whole requests, so `LOG_LEVEL=DEBUG` holds for the component's own modules alone.

    Args:
        own: The packages of the component.
    """
    global _without_content
    _without_content = True
    root = logging.getLogger()
    if root.level < logging.INFO:
        for name in own:
            logging.getLogger(name).setLevel(root.level)
        root.setLevel(logging.INFO)


def _shown(text: str) -> str:
    """Return a text without what no log may have."""
    return mask(_without_inputs(text) if _without_content else text)


def _without_inputs(text: str) -> str:
    """Return a text without the values that pydantic quotes. One pass, as a text may name very many of them."""
    kept, done = [], 0
    while (begin := text.find(_INPUT, done)) >= 0 and (after := _AFTER_INPUT.search(text, begin)):
        kept.append(text[done:begin])
        done = after.start()
    return "".join([*kept, text[done:]])


def _keep_secrets_from(handler: logging.Handler) -> None:
    """Give another handler, such as an exporter's, records without the values of secrets."""
    emit = handler.emit

    def emit_masked(record: logging.LogRecord) -> None:
        emit(_masked(record))

    if getattr(emit, "__name__", "") != emit_masked.__name__:  # it may be configured again
        handler.emit = emit_masked  # type: ignore[method-assign]


def _masked(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of a record without what no log may have; other handlers have the record too."""
    shown = copy.copy(record)
    shown.__dict__ |= {name: mask_value(value) for name, value in vars(record).items() if name not in ("args", "msg")}
    if (text := record.getMessage()) != (masked := _shown(text)):
        shown.msg, shown.args = masked, None
    if record.exc_info:
        stack = "".join(traceback.format_exception(*record.exc_info))
        if (masked := _shown(stack)) != stack:  # an exporter would read the exception itself
            shown.exc_info, shown.exc_text = None, masked
            shown.__dict__["exception.stacktrace"] = masked
    return shown


def _uncaught(error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(type(error), error, error.__traceback__)
    elif isinstance(error, ConfigError):  # says all there is to say; a stack would hide it
        logging.getLogger(__name__).critical("%s", error)
    elif error is not None and not isinstance(error, SystemExit):
        logging.getLogger(__name__).critical("nobody caught an exception", exc_info=error)


def _unraisable(what: sys.UnraisableHookArgs) -> None:
    logging.getLogger(__name__).error(what.err_msg or "an exception could not be raised", exc_info=what.exc_value)


def begin_logging() -> None:
    """Make JSON of all lines of a server from its first one on: also of what is printed, and of a failing start.

    `configure_logging` follows, when there is what the lines are to have: ids, and the format of the team's own.
    """
    capture()
    with suppress(ConfigError):  # `configure_logging` says it
        configure_logging(dict)


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
    handler = MaskedStream(standard_error())
    handler.setFormatter(import_string(formatter)(ids) if formatter else JsonFormatter(ids))
    handler.addFilter(name_certificates)
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
    quiet_libraries()
    # It warns of what it does with every session that it opens.
    logging.getLogger("bedrock_agentcore.memory").setLevel(logging.ERROR)


def quiet_libraries() -> None:
    """Let libraries that log each HTTP call or MCP message say warnings only; addresses may have personal data."""
    for chatty in ("httpx", "httpx2", "mcp", "botocore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
