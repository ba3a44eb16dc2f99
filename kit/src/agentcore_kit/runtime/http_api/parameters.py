"""How the values of parameters are written into path, query and headers.

Source of the rules: the OpenAPI Specification 3.1.1, "Style Values", with the style that each place has by itself:
`simple` in path and header, `form` in a query. Other styles are not supported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_STYLES = {"path": "simple", "query": "form", "header": "simple"}


def lacking(parameter: Mapping[str, Any]) -> str | None:
    """Return what of a parameter is not supported; None when all is."""
    name, place = parameter["name"], parameter["in"]
    if place not in _STYLES:
        return f"{name}: in {place} is not supported; needed: {', '.join(_STYLES)}"
    if (style := parameter.get("style", _STYLES[place])) != _STYLES[place]:
        return f"{name}: style {style} is not supported in a {place}; needed: {_STYLES[place]}"
    return f"{name}: content is not supported; needed: schema" if "content" in parameter else None


def in_path(name: str, value: Any) -> str:
    """Return a value as one part of a path.

    Raises:
        ValueError: For a value that would lead to another path.
    """
    texts = _texts(name, value, "path")
    if not texts or ",".join(texts) in ("", ".", ".."):
        raise ValueError(f"{name}: {value!r} cannot stand in a path")
    return ",".join(quote(text, safe="") for text in texts)


def in_query(parameter: Mapping[str, Any], value: Any) -> str | list[str] | None:
    """Return a value as a query has it: a list is one pair for each of its values; None for null, which is left out."""
    if value is None:
        return None
    texts = _texts(parameter["name"], value, "query")
    if not isinstance(value, list):
        return texts[0]
    return texts if parameter.get("explode", True) else ",".join(texts)


def in_header(name: str, value: Any) -> str | None:
    """Return a value as a header has it; None for null, which is left out.

    Raises:
        ValueError: For a value that no header can have.
    """
    if value is None:
        return None
    text = ",".join(_texts(name, value, "header"))
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"{name}: {value!r} cannot stand in a header")
    return text


def _texts(name: str, value: Any, place: str) -> list[str]:
    """Return the values of a list, or the one, as text.

    Raises:
        ValueError: For an object, for null, and for a list in a list.
    """
    values = value if isinstance(value, list) else [value]
    if any(each is None or isinstance(each, dict | list) for each in values):
        raise ValueError(f"{name}: {value!r} cannot stand in a {place}")
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
