"""Keeps the values of secrets out of what the process writes: logs, traces and answers, in whatever form they stand."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""A value of fewer characters cannot be told from other text."""

_SHORTEST_PART = 8
"""Of a value with parts, such as JSON: a part of fewer characters is left as it is, for it may be any word."""

_forms: dict[str, str] = {}
_pattern: re.Pattern[str] | None = None


def register(name: str, value: str) -> None:
    """Mask a value from now on, and for as long as the process runs: what was a secret is never shown.

    Args:
        name: The environment variable that has it, which stands in its place.
        value: The value.
    """
    global _pattern
    if len(value) < SHORTEST:
        return
    for text in {value, *_parts(value)}:
        for form in _written(text):
            _forms.setdefault(form, name)
    _pattern = re.compile("|".join(re.escape(form) for form in sorted(_forms, key=len, reverse=True)))


def forget() -> None:
    """Know no secret any more; for tests."""
    global _pattern
    _forms.clear()
    _pattern = None


def is_needed() -> bool:
    """Return whether there is any secret to mask."""
    return _pattern is not None


def mask(text: str) -> str:
    """Return a text with `[secret NAME]` in place of each secret, also where it is escaped or encoded."""
    return _pattern.sub(lambda found: f"[secret {_forms[found[0]]}]", text) if _pattern else text


def mask_value(value: Any) -> Any:
    """Return a value of lists and mappings likewise; anything but texts stays what it is."""
    if _pattern is None:
        return value
    match value:
        case str():
            return mask(value)
        case Mapping():
            return {mask_value(key): mask_value(item) for key, item in value.items()}
        case list():
            return [mask_value(item) for item in value]
        case tuple():
            return tuple(mask_value(item) for item in value)
    return value


class StreamMask:
    """Masks a text that comes in pieces. It holds back an end that may be the beginning of a secret."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what may be shown so far."""
        text = mask(self._held + piece)
        held = max((_overlap(text, form) for form in _forms), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """Return what was held back, as nothing follows."""
        text, self._held = self._held, ""
        return text


def _overlap(text: str, form: str) -> int:
    """Return how many characters at the end of a text are the beginning of a form."""
    longest = min(len(text), len(form) - 1)
    return next((count for count in range(longest, 0, -1) if text.endswith(form[:count])), 0)


def _parts(value: str) -> Iterator[str]:
    """Yield the lines of a key in lines, and the texts within JSON: a library may log them one by one."""
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_PART)
    if value.startswith(("{", "[")):
        try:
            found = list(_texts(json.loads(value)))
        except ValueError:
            return
        yield from (text for text in found if len(text) >= _SHORTEST_PART)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _written(text: str) -> set[str]:
    """Return a text as JSON, Python, URLs and base64 write it; JSON also within JSON."""
    escaped = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    twice = {json.dumps(one, ensure_ascii=ascii_only)[1:-1] for one in escaped for ascii_only in (True, False)}
    quoted = {quote(text), quote(text, safe=""), quote_plus(text)}
    quoted |= {re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), one) for one in quoted}
    encoded = set(_base64(text.encode()))
    encoded |= {one.translate(str.maketrans("+/", "-_")) for one in encoded} | {quote(one, safe="") for one in encoded}
    return {text, repr(text)[1:-1], *escaped, *twice, *quoted, *encoded}


def _base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of bytes wherever they begin in a longer text, such as `user:password`."""
    for offset in range(3):
        text = b64encode(b"\0" * offset + raw).decode()
        own = text[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]  # what comes before and after changes the others
        if len(own) >= _SHORTEST_PART:
            yield own
