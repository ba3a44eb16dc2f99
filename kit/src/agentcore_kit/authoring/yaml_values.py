"""A new value in YAML: whether it is right for its field, and how it is written: plain where that is the same text."""

from __future__ import annotations

import re
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

_PLAIN = re.compile(r"[A-Za-z/_]([A-Za-z0-9/_.:-]*[A-Za-z0-9/_.-])?")
_INDENT = "  "

Keys = tuple[str, ...]
"""The keys that lead to a value, for example `("spec", "delivery", "production")`."""


def fits(value: str, field_type: Any) -> bool:
    """Return whether a text is right for fields of a type, for example `Name`."""
    try:
        TypeAdapter(field_type).validate_python(value)
    except ValidationError:
        return False
    return True


def scalar(value: str) -> str:
    """Return a text as a value, in quotes where it needs them."""
    plain = _PLAIN.fullmatch(value) and yaml.safe_load(value) == value
    return value if plain else "'" + value.replace("'", "''") + "'"


def flow_value(value: str | list[str]) -> str:
    """Return a text or a list of texts as a value, on one line."""
    return scalar(value) if isinstance(value, str) else f"[{', '.join(map(scalar, value))}]"


def flow(path: Keys, value: str | list[str]) -> str:
    """Return a field as it stands within braces, with the groups that lead to it."""
    first, *rest = path
    return f"{first}: {{{flow(tuple(rest), value)}}}" if rest else f"{first}: {flow_value(value)}"


def block(path: Keys, value: str | list[str], indent: str) -> str:
    """Return a field on lines of its own, with the groups that lead to it."""
    first, *rest = path
    if not rest:
        return f"{indent}{first}: {flow_value(value)}\n"
    return f"{indent}{first}:\n{block(tuple(rest), value, indent + _INDENT)}"
