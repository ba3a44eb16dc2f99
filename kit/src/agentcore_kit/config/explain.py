"""Put pydantic's findings into words that tell what would be right, with the examples of the models' fields."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args, get_origin

from agentcore_kit.config.loader import Document, FieldPath, Model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_LONGEST_SHOWN = 60
_TYPES = {int: "a number", float: "a number", bool: "true or false", date: "a date"}


def explain(document: Document, model: type[Model], error: ValidationError) -> None:
    """Report each finding on the document."""
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if part != "[key]")
        document.report(path, _words(document, model, path, detail))


def choose(wrong: str, right: Iterable[str]) -> str:
    """Return `did you mean X?` when a right word is near, else all of them."""
    words = list(right)
    lowered = {word.lower(): word for word in words}
    near = get_close_matches(wrong.lower(), lowered, n=1)
    return f"did you mean {lowered[near[0]]}?" if near else f"one of: {', '.join(words)}"


def _nearest(wrong: int, right: Iterable[object]) -> str:
    """Return the numbers nearest below and above a wrong one; all of them where they are no numbers."""
    known = sorted(one for one in right if isinstance(one, int))
    near = [*(one for one in known if one < wrong)][-1:] + [one for one in known if one > wrong][:1]
    return f"the nearest: {' or '.join(map(str, near))}" if near else f"one of: {', '.join(map(str, right))}"


def _words(document: Document, model: type[Model], path: FieldPath, detail: ErrorDetails) -> str:
    beside, info, below = _locate(model, path)
    text = document.texts.get(path, "")[:_LONGEST_SHOWN]
    shown = repr(text or detail["input"])[:_LONGEST_SHOWN]
    match detail["type"]:
        case "model_type":
            return f"must be a group with the fields {', '.join(below)}"
        case "extra_forbidden":
            return f"no such field; {choose(str(path[-1]), beside)}"
        case kind if kind == "missing" or detail["input"] is None:
            return f"missing; {_needed(document, path, info)}" + (f", in {', '.join(below)}" if below else "")
        case "literal_error" if info and isinstance(detail["input"], int):
            return f"{shown} is not possible; {_nearest(detail['input'], get_args(info.annotation))}"
        case "literal_error" if info:
            return f"{shown} is not known; {choose(text, map(str, get_args(info.annotation)))}"
        case "string_type" if text:
            return (
                f"{text} is read as {_TYPES.get(type(detail['input']), 'something else')}; put it in quotes: '{text}'"
            )
        case _:
            return f"{shown} is not right; {_needed(document, path, info)}"


def _needed(document: Document, path: FieldPath, info: FieldInfo | None) -> str:
    if info is None:
        return "needed: text"
    parts = [f"needed: {info.description}"] if info.description else []
    if info.examples:
        name = document.variables.get(path)
        parts.append(f"for example {f'{name}=' if name else f'{info.alias}: '}{info.examples[0]}")
    return "; ".join(parts)


def _locate(model: type[Model], path: FieldPath) -> tuple[list[str], FieldInfo | None, list[str]]:
    """Return the fields beside a path, the field itself (of an item: the field that holds it), and those below it."""
    beside: list[str] = []
    info: FieldInfo | None = None
    inner: object = model
    for part in path:
        if isinstance(part, int):  # an item of a list: its fields are those of the list's model
            continue
        if get_origin(inner) is dict:  # a name of the user's own: what is said of the group holds
            inner = get_args(inner)[1]
            continue
        fields = _fields(_model_in(inner))
        beside = list(fields)
        info = fields.get(str(part), info if not fields else None)
        inner = info.annotation if info else None
    return beside, info, list(_fields(_model_in(inner)))


def _fields(model: type[Model] | None) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()} if model else {}


def _model_in(annotation: object) -> type[Model] | None:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model_in(argument))), None)
