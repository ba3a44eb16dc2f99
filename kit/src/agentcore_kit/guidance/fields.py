"""The fields of a file, read from the JSON schema of its model: what each is, its default, an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class FileField:
    """One field of a file.

    Attributes:
        path: Where it is, as people write it; `[]` is an item of a list, `NAME` a name of the team's own.
        said: What it is, whether it must be there, its default, an example.
    """

    path: str
    said: str


def fields(model: type[BaseModel]) -> Iterator[FileField]:
    """Yield the fields of a model, those of groups within it included.

    Args:
        model: The model that checks a file, or a line of it.
    """
    schema = model.model_json_schema()
    yield from _below(schema, schema.get("$defs", {}))


def _below(
    schema: Schema, known: Mapping[str, Schema], path: str = "", within: tuple[str, ...] = ()
) -> Iterator[FileField]:
    """Yield the fields of an object, of a list's items, of named values, or of each alternative.

    Args:
        schema: The schema.
        known: The schemas that others refer to.
        path: Where it stands.
        within: The references that it is within, so that a schema that holds itself ends.
    """
    if reference := schema.get("$ref", "").rpartition("/")[2]:
        if reference not in within:
            yield from _below(known[reference], known, path, (*within, reference))
        return
    for name, found in schema.get("properties", {}).items():
        inner = f"{path}.{name}".removeprefix(".")
        yield FileField(inner, _said(found, known, required=name in schema.get("required", ())))
        yield from _below(found, known, inner, within)
    for alternative in schema.get("anyOf", ()):
        yield from _below(alternative, known, path, within)
    for key, after in (("items", "[]"), ("additionalProperties", ".NAME")):
        if isinstance(schema.get(key), Mapping):
            yield from _below(schema[key], known, path + after, within)


def _said(schema: Schema, known: Mapping[str, Schema], *, required: bool) -> str:
    parts = [" ".join(schema.get("description", "").split()) or _type(schema, known)]
    if required:
        parts.append("required")
    elif "default" in schema and not isinstance(schema["default"], Mapping | None):
        parts.append(f"default {_value(schema['default'])}")
    if schema.get("examples"):
        parts.append(f"for example {_value(schema['examples'][0])}")
    return "; ".join(parts)


def _type(schema: Schema, known: Mapping[str, Schema]) -> str:
    """Return the type of what has no description."""
    if reference := schema.get("$ref", "").rpartition("/")[2]:
        return _type(known[reference], known)
    if "anyOf" in schema:
        return " or ".join(_type(each, known) for each in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "items" in schema:
        return f"a list of: {_type(schema['items'], known)}"
    return str(schema.get("const") or schema.get("type", "any value"))


def _value(value: Any) -> str:
    """Return a value as YAML has it, on one line."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
