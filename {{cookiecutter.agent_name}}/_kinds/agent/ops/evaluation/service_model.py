"""Holds parameters against the service model of botocore before a call, also patterns, enums and lengths.

botocore itself checks types and required fields only, and the service's own refusal comes late and unclear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


class WrongParameters(ValueError):
    """Parameters that the service would refuse; one line for each."""


def check_parameters(model: Any, params: dict[str, Any], **_: Any) -> None:
    """Raise WrongParameters for what an operation does not accept. Fits botocore's event `before-parameter-build`."""
    problems = list(_problems(model.input_shape, params, model.name))
    if problems:
        raise WrongParameters("\n".join(problems))


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    rules = shape.metadata
    if shape.type_name == "structure" and isinstance(value, dict):
        if not shape.members:
            return  # a document: any JSON
        yield from (f"{path}.{name}: missing" for name in shape.required_members if name not in value)
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            yield f"{path}: needs exactly one of {', '.join(shape.members)}"
        for name, item in value.items():
            if name in shape.members:
                yield from _problems(shape.members[name], item, f"{path}.{name}")
            else:
                yield f"{path}.{name}: no such parameter; there are {', '.join(shape.members)}"
    elif shape.type_name == "list" and isinstance(value, list | tuple):
        yield from _size(rules, len(value), path, "items")
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.{key}")
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _size(rules, len(value), path, "characters")
        if "enum" in rules and value not in rules["enum"]:
            yield f"{path}: {value!r} is none of {', '.join(rules['enum'])}"
        if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
            yield f"{path}: {value!r} does not match {rules['pattern']}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _size(rules, value, path, "")


def _size(rules: dict[str, Any], size: float, path: str, unit: str) -> Iterator[str]:
    if size < rules.get("min", size):
        yield f"{path}: {size} {unit}, at least {rules['min']} are needed"
    if size > rules.get("max", size):
        yield f"{path}: {size} {unit}, at most {rules['max']} are allowed"
