"""Tells from an error of a model's client whether asking again may help, and when."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from strands.types.exceptions import ModelThrottledException

_UNAVAILABLE = {
    "internalserverexception",
    "modelerrorexception",
    "modelnotreadyexception",
    "modelstreamerrorexception",
    "modeltimeoutexception",
    "serviceunavailableexception",
}
"""What Bedrock calls it when it cannot answer at the moment."""

_TIMED_OUT, _TOO_MANY, _SERVER_ERRORS = 408, 429, 500


@dataclass(frozen=True)
class Refusal:
    """Why a model did not begin to answer.

    Attributes:
        throttled: Whether it has too many requests; else it cannot be reached, or fails.
        retry_after: When it may be asked again, in seconds, as it said itself; None where it did not.
    """

    throttled: bool
    retry_after: float | None = None


def refusal_of(error: BaseException) -> Refusal | None:
    """Return why a model did not answer, or None where asking again does not help."""
    causes = list(_causes(error))
    if any(map(_distrusted, causes)):
        return None
    waits = (_retry_after(_headers(cause)) for cause in causes)
    retry_after = next((seconds for seconds in waits if seconds is not None), None)
    codes = [_code(cause) for cause in causes]
    statuses = [_status(cause) for cause in causes]
    if any(code in _UNAVAILABLE for code in codes):
        return Refusal(False, retry_after)
    if any(isinstance(cause, ModelThrottledException) for cause in causes) or _TOO_MANY in statuses:
        return Refusal(True, retry_after)
    failed = any(status >= _SERVER_ERRORS or status == _TIMED_OUT for status in statuses)
    return Refusal(False, retry_after) if failed or any(map(_lost, causes)) else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _distrusted(error: BaseException) -> bool:
    """Whether a connection was not made because of a certificate, which asking again does not change."""
    from botocore.exceptions import SSLError

    return isinstance(error, (ssl.SSLCertVerificationError, SSLError))


def _lost(error: BaseException) -> bool:
    """Whether a connection could not be made, or was lost."""
    import httpx
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    of_httpx = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError, httpx.ProxyError)
    return isinstance(error, (NoConnection, HTTPClientError, *of_httpx))


def _of_aws(error: BaseException) -> Mapping[str, Any]:
    """Return what botocore keeps of the response; nothing for other errors."""
    response = getattr(error, "response", None)
    return response if isinstance(response, Mapping) else {}


def _code(error: BaseException) -> str:
    return str(_of_aws(error).get("Error", {}).get("Code", "")).lower()


def _status(error: BaseException) -> int:
    status = getattr(error, "status_code", None)  # of OpenAI's client
    if status is None:
        status = _of_aws(error).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else 0


def _headers(error: BaseException) -> Mapping[str, str]:
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None)  # of OpenAI's client
    if headers is None:
        headers = _of_aws(error).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return cast("Mapping[str, str]", headers)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return what `Retry-After` says in seconds; it may be a number or a date."""
    value = headers.get("retry-after")
    if value is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
