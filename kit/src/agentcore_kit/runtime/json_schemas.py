"""What a JSON Schema of pydantic's says, wherever in it that stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
PARTS = {"items": "[]", "additionalProperties": ".*"}
"""What a schema says of values without a name of their own, and how a path says so."""


def followed(schema: Schema, whole: Schema) -> Schema:
    """Return what a schema refers to in the whole one, with what stands beside the reference; else itself.

    Raises:
        ValueError: When it refers to nothing in the whole one, or to itself.
    """
    seen = set()
    while reference := schema.get("$ref"):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = _at(reference, whole) | beside
        if reference in seen:
            raise ValueError(f"the schema's reference {reference[:128]} leads to itself")
        seen.add(reference)
    return schema


def _at(reference: str, whole: Schema) -> Schema:
    """Return what stands at a JSON pointer, such as `#/$defs/Filter`."""
    found: Any = whole
    for part in reference.removeprefix("#").split("/")[1:]:
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    if not reference.startswith("#") or not isinstance(found, dict):
        raise ValueError(f"the schema's reference {reference[:128]} leads nowhere")
    return found


def choices(schema: Schema, whole: Schema) -> list[Schema]:
    """Return the schemas of which a value may follow any: one of each type, and `const` as an enum of one."""
    schema = followed(schema, whole)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            beside = {name: value for name, value in schema.items() if name != key}
            return [one for choice in schema[key] for one in choices(choice | beside, whole)]
    if isinstance(schema.get("type"), list):
        return [schema | {"type": one} for one in schema["type"]]
    return [schema | {"enum": [schema["const"]]}] if "const" in schema else [schema]


def fields(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every field at any depth with its path, once where a schema stands within itself."""
    yield from _fields(schema, schema, "", ())


def _fields(schema: Schema, whole: Schema, at: str, within: tuple[Schema, ...]) -> Iterator[tuple[str, Schema]]:
    for one in choices(schema, whole):
        if one in within:
            continue
        inner = [(f"{at}.{name}", field) for name, field in one.get("properties", {}).items()]
        yield from ((path.removeprefix("."), field) for path, field in inner)
        inner += [(f"{at}{step}", one[key]) for key, step in PARTS.items() if isinstance(one.get(key), dict)]
        for path, field in inner:
            yield from _fields(field, whole, path, (*within, one))
