"""A certificate that is not trusted, found under what the libraries make of it: "Connection error.", and the like.

In a company's network a proxy often signs connections itself. Its authority is in the machine's store, which Python's
HTTP libraries do not read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

WHAT_TO_DO = (
    "Where your company's network signs connections itself, name the file with its certificate authority (PEM, and the "
    "public ones with it): export SSL_CERT_FILE=/path/ca.pem REQUESTS_CA_BUNDLE=/path/ca.pem AWS_CA_BUNDLE=/path/ca.pem"
)

_SIGNS = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate|UnknownIssuer"
    r"|SSL validation failed|problem confirming the ssl certificate",
    re.IGNORECASE,
)
_DETAIL = re.compile(r"certificate verify failed: (.+?)(?: \(_ssl\.c:\d+\)|$)")


def names_certificate(text: str) -> bool:
    """Return whether a program's message is about a certificate that it does not trust."""
    return bool(_SIGNS.search(text))


def certificate_problem(error: BaseException | None) -> str | None:
    """Return what is wrong with a certificate, and what to do, where that is what is behind an error.

    Args:
        error: Any error, with its causes and the errors that it groups.

    Returns:
        Two sentences; None where it is about something else.
    """
    for each in _all(error, set()):
        text = str(each)
        if names_certificate(text):
            detail = _DETAIL.search(text)
            return f"a certificate is not trusted{f' ({detail[1]})' if detail else ''}. {WHAT_TO_DO}"
    return None


def name_certificates(record: logging.LogRecord) -> bool:
    """Let a log line say that a certificate is behind the error that it tells of. A filter that keeps every line."""
    told = [*(record.args if isinstance(record.args, tuple) else ()), record.exc_info and record.exc_info[1]]
    problems = (certificate_problem(one) for one in told if isinstance(one, BaseException))
    if problem := next(filter(None, problems), None):
        text = record.getMessage()
        if WHAT_TO_DO not in text:
            record.msg, record.args = f"{text}: {problem}", None
    return True


def _all(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """Yield an error, what caused it, and what it groups."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _all(inner, seen)
    yield from _all(error.__cause__, seen)
    yield from _all(error.__context__, seen)
