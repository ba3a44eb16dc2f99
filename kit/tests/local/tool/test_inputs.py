"""What the form of a tool asks for each parameter, as its schema says."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_kit.local.page.tool.inputs import inputs

WHOLE: dict[str, Any] = {
    "$defs": {
        "Region": {"enum": ["EMEA", "APAC"], "type": "string", "description": "Which one."},
        "Itself": {"$ref": "#/$defs/Itself"},
    }
}


def asked(schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    whole = WHOLE | {"properties": {"one": schema}, "required": ["one"] * required}
    (found,) = inputs({"name": "lookUp", "description": "", "inputSchema": whole})
    return found


@pytest.mark.parametrize(
    ("schema", "kind", "values", "nullable"),
    [
        ({"type": "string"}, "text", [], False),
        ({"type": "integer"}, "integer", [], False),
        ({"type": "number"}, "number", [], False),
        ({"type": "boolean"}, "boolean", [], False),
        ({"type": "array", "items": {"type": "string"}}, "json", [], False),
        ({"type": "object"}, "json", [], False),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}, "integer", [], True),
        ({"type": ["string", "null"]}, "text", [], True),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "json", [], False),
        ({"enum": ["a", 2, True]}, "choice", ["a", 2, True], False),
        ({"const": "only"}, "choice", ["only"], False),
        ({"$ref": "#/$defs/Region"}, "choice", ["EMEA", "APAC"], False),
        ({"anyOf": [{"$ref": "#/$defs/Region"}, {"type": "null"}]}, "choice", ["EMEA", "APAC"], True),
        ({"anyOf": [{"const": "a"}, {"enum": ["b"]}]}, "choice", ["a", "b"], False),
        ({"$ref": "#/$defs/Itself"}, "json", [], False),
        ({"$ref": "#/$defs/Nowhere"}, "json", [], False),
        ({}, "json", [], False),
    ],
)
def test_a_value_is_entered_as_its_schema_says(
    schema: dict[str, Any], kind: str, values: list[Any], nullable: bool
) -> None:
    found = asked(schema)
    assert (found["kind"], found["values"], found["nullable"]) == (kind, values, nullable)


def test_what_a_person_must_know_of_it_is_said() -> None:
    found = asked(
        {"type": "integer", "minimum": 0, "maximum": 9, "default": 0, "description": "How many."}, required=True
    )
    assert found == {
        "name": "one", "required": True, "kind": "integer", "values": [], "nullable": False,
        "description": "How many.", "limits": "at least 0, at most 9", "default": 0,
    }  # fmt: skip
    assert "default" not in asked({"type": "string"}), "no default is not a default of null"
    assert asked({"$ref": "#/$defs/Region"})["description"] == "Which one."
