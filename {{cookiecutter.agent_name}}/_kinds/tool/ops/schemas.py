"""What a JSON Schema of pydantic's says, wherever in it that stands."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def followed(schema: Schema, whole: Schema) -> Schema:
    """Return what a schema refers to in the whole one, with what stands beside the reference; else itself."""
    while reference := schema.get("$ref"):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = whole["$defs"][reference.rpartition("/")[2]] | beside
    return schema


def choices(schema: Schema, whole: Schema) -> list[Schema]:
    """Return the schemas of which a value may follow any: one of each type, and `const` as an enum of one."""
    schema = followed(schema, whole)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            beside = {name: value for name, value in schema.items() if name != key}
            return [one for choice in schema[key] for one in choices(beside | choice, whole)]
    if isinstance(schema.get("type"), list):
        return [schema | {"type": one} for one in schema["type"]]
    return [schema | {"enum": [schema["const"]]}] if "const" in schema else [schema]
