"""Who may talk to a server of this machine: its own programs, and no page of the web in its browser."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_NAMES = frozenset(["127.0.0.1", "localhost", "::1"])


def foreign(headers: Mapping[str, str]) -> str | None:
    """Return which header of a request is not of this machine; None where all are.

    A page can let its own name lead to 127.0.0.1 (DNS rebinding), but the browser then sends that name as Host.

    Args:
        headers: Of the request, by names in lower case.
    """
    if not _is_own(f"//{headers.get('host', '')}"):
        return "Host"
    origin = headers.get("origin")
    return None if origin is None or _is_own(origin) else "Origin"


def _is_own(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _NAMES
    except ValueError:
        return False
