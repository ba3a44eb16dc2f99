"""What a service accepts and returns, by its model: required, types, enums, patterns, lengths, unions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
    "blob": (bytes,),
    "timestamp": (datetime, int, float, str),
}


class WrongParameters(ValueError):
    """Parameters that the service would refuse; one line for each."""


def check_parameters(model: Any, params: Mapping[str, Any], **_: Any) -> None:
    """Raise WrongParameters for what an operation does not accept. Fits botocore's event `before-parameter-build`.

    botocore itself checks types and required fields only, and the service's own refusal comes late and unclear.
    """
    if found := list(problems(model.input_shape, params, model.name)):
        raise WrongParameters("\n".join(found))


def problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield everything that a value breaks, each with the path of the member."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return
    if not _is(kind, value):
        yield f"{path}: {type(value).__name__} is no {kind}"
    elif kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _size(shape.metadata, len(value), path, "items")
        for number, item in enumerate(value):
            yield from problems(shape.member, item, f"{path}[{number}]")
    elif kind == "map":
        yield from _size(shape.metadata, len(value), path, "entries")
        for key, item in value.items():
            yield from problems(shape.key, key, f"{path}.{key}")
            yield from problems(shape.value, item, f"{path}.{key}")
    elif kind == "string":
        yield from _text(shape.metadata, value, path)
    elif kind in ("integer", "long", "double", "float"):
        yield from _size(shape.metadata, value, path, "")


def _is(kind: str, value: object) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}.{name}: missing" for name in shape.required_members if name not in value)
    if getattr(shape, "is_tagged_union", False) and sum(item is not None for item in value.values()) != 1:
        yield f"{path}: needs exactly one of {', '.join(shape.members)}"
    for name, item in value.items():
        if name in shape.members:
            yield from problems(shape.members[name], item, f"{path}.{name}")
        else:
            yield f"{path}.{name}: there is no such member; there are {', '.join(shape.members)}"


def _text(rules: Mapping[str, Any], value: str, path: str) -> Iterator[str]:
    yield from _size(rules, len(value), path, "characters")
    if "enum" in rules and value not in rules["enum"]:
        yield f"{path}: {value!r} is none of {', '.join(rules['enum'])}"
    # The models' patterns are Java's; Python reads those of the operations used here in the same way.
    too_long = len(value) > rules.get("max", len(value))  # then a pattern could take long too, and says nothing new
    if "pattern" in rules and not too_long and not re.fullmatch(rules["pattern"], value):
        yield f"{path}: {value!r} does not match {rules['pattern']}"


def _size(rules: Mapping[str, Any], size: float, path: str, unit: str) -> Iterator[str]:
    given = f"{size} {unit}".rstrip()
    if size < rules.get("min", size):
        yield f"{path}: {given}, at least {rules['min']} are needed"
    if size > rules.get("max", size):
        yield f"{path}: {given}, at most {rules['max']} are allowed"
