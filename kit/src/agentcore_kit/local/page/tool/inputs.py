"""What a form asks for each parameter of a tool, read from the tool's JSON schema."""

from __future__ import annotations

from typing import Any, Literal

from agentcore_kit.runtime.json_schemas import Schema, choices
from agentcore_kit.tool_contract.definitions import Definition

Kind = Literal["text", "number", "integer", "boolean", "choice", "json"]
"""How a value is entered: `choice` is one of a list, `json` whatever no simpler field could hold."""

_KINDS: dict[str, Kind] = {"string": "text", "number": "number", "integer": "integer", "boolean": "boolean"}


def inputs(tool: Definition) -> list[dict[str, Any]]:
    """Return what is asked for each parameter, in the order of the schema."""
    schema = tool["inputSchema"]
    required = schema.get("required", [])
    return [
        {"name": name, "required": name in required, **_input(one, schema)}
        for name, one in schema.get("properties", {}).items()
    ]


def _input(schema: Schema, whole: Schema) -> dict[str, Any]:
    try:
        found = choices(schema, whole)
    except (ValueError, RecursionError):  # it refers to itself, or to what is not there
        found = [{}]
    values = [one for one in found if one.get("type") != "null"]
    kind, listed = _kind(values)
    description = schema.get("description") or next((one["description"] for one in values if "description" in one), "")
    return {
        "kind": kind,
        "values": listed,
        "nullable": len(values) < len(found),
        "description": description,
        "limits": _limits(values[0]) if len(values) == 1 else "",
        **({"default": schema["default"]} if "default" in schema else {}),
    }


def _kind(values: list[Schema]) -> tuple[Kind, list[Any]]:
    """Return how a value of any of these schemas is entered, and the list where it is one of a list."""
    if values and all("enum" in one for one in values):
        return "choice", [value for one in values for value in one["enum"] if value is not None]
    if len(values) == 1 and isinstance(values[0].get("type"), str):
        return _KINDS.get(values[0]["type"], "json"), []
    return "json", []


_SAID = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matches {}",
    "format": "format {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def _limits(schema: Schema) -> str:
    """Return in words what a value is held to."""
    return ", ".join(words.format(schema[key]) for key, words in _SAID.items() if key in schema)
