"""A tool as a gateway's Lambda target takes it: types, properties, items and descriptions, and nothing else."""

from __future__ import annotations

from typing import Any, NoReturn

from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.runtime.json_schemas import Schema, choices
from agentcore_kit.tool_contract.definitions import Definition

_LIMITS = (
    "format", "pattern", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems",
)  # fmt: skip


def lambda_schema(tool: Definition) -> Definition:
    """Return a tool as a Lambda target takes it.

    Raises:
        CommandError: With the field of which such a schema cannot say the type.
    """
    found = {"name": tool["name"], "description": tool["description"]}
    schemas = {key: tool[key] for key in ("inputSchema", "outputSchema") if key in tool}
    return found | {key: _plain(schema, schema, tool["name"], ()) for key, schema in schemas.items()}


def _plain(schema: Schema, whole: Schema, at: str, within: tuple[Schema, ...]) -> dict[str, Any]:
    """Return one schema. Null is left out, enums and limits go into the description."""
    kinds = [one for one in choices(schema, whole) if one.get("type") != "null"]
    types = {str(one.get("type", "anything")) for one in kinds}
    if types == {"string"} and len(kinds) > 1:  # such as text or a date: any text
        kinds = [{"type": "string", **({"description": about} if (about := schema.get("description")) else {})}]
    if len(kinds) != 1 or "anything" in types:
        _refuse(at, " or ".join(sorted(types)) or "nothing but null")
    (one,) = kinds
    if one in within:
        _refuse(at, "what contains itself")
    if isinstance(one.get("additionalProperties"), dict) or "prefixItems" in one:
        _refuse(at, "the types of a dictionary's or a tuple's values")
    said = [one["description"]] if one.get("description") else []
    said += [f"One of: {', '.join(map(str, one['enum']))}."] if "enum" in one else []
    said += [f"{key}: {one[key]}." for key in _LIMITS if key in one]
    found: dict[str, Any] = {"type": one["type"]}
    if said:
        found["description"] = " ".join(said)
    if properties := one.get("properties"):
        inner = (*within, one)
        found["properties"] = {name: _plain(field, whole, f"{at}.{name}", inner) for name, field in properties.items()}
    if one.get("required"):
        found["required"] = one["required"]
    if one.get("items"):
        found["items"] = _plain(one["items"], whole, f"{at}[]", (*within, one))
    return found


def _refuse(at: str, what: str) -> NoReturn:
    raise CommandError(
        f"{at}: the schema of a Lambda target cannot say {what}",
        f"give {at} one type, or choose spec.target: runtime in manifest.yaml",
    )
