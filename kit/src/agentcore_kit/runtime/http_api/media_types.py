"""Which of the media types of a description are JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

JSON = "application/json"
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_ANY = ("application/*", "*/*")


def json_content(content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Return the media type of what is JSON under `content`, and what is said of it; None where nothing is.

    A range such as `*/*`, which some generators write, is taken for JSON where nothing else is.
    """
    kinds = {kind.partition(";")[0].strip().lower(): (kind, said) for kind, said in content.items()}
    for plain, found in kinds.items():
        if _JSON.fullmatch(plain):
            return found
    return next(((JSON, kinds[each][1]) for each in _ANY if each in kinds), None)


def json_examples(response: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the examples of what is JSON in a response, by name."""
    found = json_content(response.get("content", {}))
    if found is None:
        return {}
    single = {"example": {"value": found[1]["example"]}} if "example" in found[1] else {}
    return {**single, **found[1].get("examples", {})}
