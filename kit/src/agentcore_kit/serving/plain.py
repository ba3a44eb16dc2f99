"""What may enter a conversation: what JSON and UTF-8 can carry, and no more of it than a model can read.

Whatever the user, the model or a tool says passes here before it is stored, as one thing that cannot be written would
break this turn and each later one.
"""

from __future__ import annotations

import json
import math
from typing import Any


def plain(value: Any) -> Any:
    """Return a value as JSON and UTF-8 can carry it: NaN and objects as text, half a character as a question mark."""
    text = json.dumps(value, ensure_ascii=False, default=str, skipkeys=True)
    return json.loads(_whole_characters(text), parse_constant=str)


def storable(value: Any) -> Any:
    """Return a message or a part of one as `plain` would, with bytes, as of pictures, left as they are."""
    if isinstance(value, str):
        return _whole_characters(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list) else value


def texts(content: list[Any]) -> list[str]:
    """Return the text and the JSON of a tool result's content, each as one text."""
    return [text for text in map(_text, content) if text is not None]


def _text(block: Any) -> str | None:
    if "json" in block:
        return json.dumps(block["json"], ensure_ascii=False, default=str)
    text: str | None = block.get("text")
    return text


def _whole_characters(text: str) -> str:
    """Join the two halves of a character, and put a question mark in the place of one alone."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass").encode(errors="replace").decode()
