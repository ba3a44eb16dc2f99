"""The Cedar schema that a gateway makes of its tools, and a call's parameters as Cedar values.

The types are those that AWS documents: string to String, integer to Long, boolean to Bool, number to decimal with four
places, array to Set, object to Record, recursively; `required` says which attributes are always there. A parameter of
another type (a choice of types, null, anything) is left out, so that a policy which reads it is refused here: what the
gateway in AWS makes of it is not documented. An enum or a format does not change a type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from cedarpy import Schema

JsonObject = Mapping[str, Any]

NAMESPACE = "AgentCore"
USER, GATEWAY, ACTION = f"{NAMESPACE}::OAuthUser", f"{NAMESPACE}::Gateway", f"{NAMESPACE}::Action"

_PLACES = Decimal("0.0001")
_LARGEST = Decimal("922337203685477.5807")
_PLAIN = {"string": "String", "integer": "Long", "boolean": "Boolean"}


class NotRepresentable(ValueError):
    """A value that Cedar has no number for."""


def schema_of(tools: Mapping[str, JsonObject]) -> Schema:
    """Return the schema of a gateway.

    Args:
        tools: The JSON Schema of each tool's parameters, by the tool's name at the gateway, `<target>___<tool>`.
    """
    context = {name: _record({"input": (input_type(tool), True)}) for name, tool in tools.items()}
    actions: dict[str, Any] = {"Mcp": {}, "CallTool": {"memberOf": [{"id": "Mcp"}]}}
    for name, shape in context.items():
        applies = {"principalTypes": ["OAuthUser"], "resourceTypes": ["Gateway"], "context": shape}
        actions[name] = {"memberOf": [{"id": "CallTool"}], "appliesTo": applies}
    user = {"shape": _record({"id": ({"type": "String"}, True)}), "tags": {"type": "String"}}
    found = {NAMESPACE: {"entityTypes": {"OAuthUser": user, "Gateway": {}}, "actions": actions}}
    return Schema.from_json_str(json.dumps(found))


def input_type(schema: JsonObject) -> dict[str, Any]:
    """Return the type of a tool's `context.input`.

    Args:
        schema: The JSON Schema of its parameters.
    """
    return _type(schema, schema, ()) or _record({})


def left_out(schema: JsonObject) -> list[str]:
    """Return the parameters of a tool that no policy can read, as Cedar has no documented type for them."""
    known = input_type(schema)["attributes"]
    return [name for name in schema.get("properties", {}) if name not in known]


def cedar_input(arguments: JsonObject, schema: JsonObject) -> dict[str, Any]:
    """Return a call's parameters as Cedar reads them. What does not fit stays as it is, and Cedar refuses it.

    Args:
        arguments: As the caller gave them.
        schema: The JSON Schema of the tool's parameters.

    Raises:
        NotRepresentable: For a number outside of the range of Cedar's decimal.
    """
    unread = set(left_out(schema))
    given = {name: value for name, value in arguments.items() if name not in unread}
    found = _value(given, input_type(schema))
    return found if isinstance(found, dict) else {}


def _record(attributes: Mapping[str, tuple[Mapping[str, Any], bool]]) -> dict[str, Any]:
    shape = {name: {**kind, "required": required} for name, (kind, required) in attributes.items()}
    return {"type": "Record", "attributes": shape}


def _type(schema: Any, root: JsonObject, within: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the Cedar type of a JSON Schema, None for one that has none."""
    if not isinstance(schema, dict):
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in within or not reference.startswith("#/$defs/"):
            return None
        name = reference.removeprefix("#/$defs/")
        return _type(root.get("$defs", {}).get(name), root, (*within, reference))
    kind = schema.get("type")
    if not isinstance(kind, str):
        return None
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if kind == "number":
        return {"type": "Extension", "name": "decimal"}
    if kind == "array":
        element = _type(schema.get("items"), root, within)
        return {"type": "Set", "element": element} if element else None
    if kind == "object":
        required = set(schema.get("required", []))
        parts = {name: _type(one, root, within) for name, one in schema.get("properties", {}).items()}
        return _record({name: (part, name in required) for name, part in parts.items() if part})
    return None


def _value(value: Any, kind: Mapping[str, Any]) -> Any:
    if kind["type"] == "Record" and isinstance(value, Mapping):
        known = kind["attributes"]
        given = {name: each for name, each in value.items() if each is not None or known.get(name, {}).get("required")}
        return {name: _value(each, known[name]) if name in known else each for name, each in given.items()}
    if kind["type"] == "Set" and isinstance(value, list):
        return [_value(each, kind["element"]) for each in value]
    if kind["type"] == "Extension" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"__extn": {"fn": "decimal", "arg": _decimal(value)}}
    return value


def _decimal(value: float) -> str:
    """Return a number as Cedar writes decimals, cut to four places."""
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) > _LARGEST:
        raise NotRepresentable(f"{value} is outside of the range of Cedar's decimal, ±{_LARGEST}")
    return f"{number.quantize(_PLACES, ROUND_DOWN):f}"
