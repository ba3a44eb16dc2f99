"""The schemas of resource types that cfn-lint carries: what CloudFormation takes, fixes at creation, and gives back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex

from agentcore_kit.local.aws_protocol.wire import ApiError

_EVERYWHERE = "us-east-1"
"""The region whose list of types is complete."""

_OWN = ("Custom::", "AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Macro")
"""Types without a schema of their own."""


@cache
def _folder() -> Path:
    found = find_spec("cfnlint")  # not imported: that takes a second
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint is not installed; it is in requirements-dev.txt: make setup")
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"


@cache
def _types(region: str) -> Mapping[str, str]:
    listed = _folder() / "providers" / f"{region}.json"
    known: dict[str, str] = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
    return known


@cache
def schema_of(kind: str) -> Mapping[str, Any]:
    """Return the schema of a resource type; an empty one for a type that has none."""
    name = _types(_EVERYWHERE).get(kind)
    if name is None:
        return {}
    path = _folder() / "resources" / f"{name.removesuffix('.json')}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def exists_in(kind: str, region: str) -> bool:
    """Return whether CloudFormation knows a resource type in a region; it does for types of one's own."""
    return kind.startswith(_OWN) or kind in (_types(region) or _types(_EVERYWHERE))


@cache
def permissions(kind: str, verb: str) -> tuple[str, ...]:
    """Return the actions that a type's handler may call; none for a type without a schema.

    Args:
        kind: The resource type.
        verb: `create`, `update` or `delete`.
    """
    return tuple(dict.fromkeys(schema_of(kind).get("handlers", {}).get(verb, {}).get("permissions", ())))


@cache
def create_only(kind: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the properties that are fixed once a resource of the type is made."""
    return _paths(kind, "createOnlyProperties")


@cache
def read_only(kind: str) -> tuple[str, ...]:
    """Return the attributes that the service gives a resource of the type."""
    return tuple(path[0] for path in _paths(kind, "readOnlyProperties") if len(path) == 1)


@cache
def primary(kind: str) -> tuple[str, ...]:
    """Return the properties that identify a resource of the type."""
    return tuple(path[0] for path in _paths(kind, "primaryIdentifier"))


def _paths(kind: str, which: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split("/")[2:]) for path in schema_of(kind).get(which) or ())


@cache
def about(kind: str, name: str) -> Mapping[str, Any]:
    """Return the schema of one property of a type, with what it refers to."""
    schema = schema_of(kind)
    return _resolved(schema.get("properties", {}).get(name, {}), schema)


def fits(value: str, wanted: Mapping[str, Any]) -> bool:
    """Return whether a text has the length and the pattern that a property's schema asks for."""
    length = wanted.get("minLength", 0) <= len(value) <= wanted.get("maxLength", len(value))
    return length and ("pattern" not in wanted or bool(regex.search(wanted["pattern"], value)))


def check(kind: str, properties: Mapping[str, Any]) -> None:
    """Raise ApiError for properties that CloudFormation would refuse, before the service is asked.

    Args:
        kind: The resource type; one without a schema is not checked.
        properties: Its properties, resolved.
    """
    schema = schema_of(kind)
    if not schema:
        return
    wrong = [*_problems(schema, properties)]
    if given := [name for name in read_only(kind) if name in properties]:
        wrong.append(f"#: encountered read-only properties: {', '.join(given)}")
    if wrong:
        text = f"Properties validation failed for resource of type {kind} with message: {'; '.join(wrong[:3])}"
        raise ApiError("ValidationError", text)


def _problems(schema: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[str]:
    from jsonschema.exceptions import best_match

    for error in _validator()(schema).iter_errors(_coerced(dict(properties), schema, schema)):
        deepest = best_match([error])
        yield f"#{''.join(f'/{part}' for part in deepest.absolute_path)}: {deepest.message[:300]}"


@cache
def _validator() -> Any:
    from jsonschema import Draft7Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[Any]:
        if isinstance(value, str) and not regex.search(wanted, value):
            yield ValidationError(f"{value!r} does not match pattern {wanted}")

    def of_names(validator: Any, wanted: Mapping[str, Any], value: Any, _: Any) -> Iterator[Any]:
        for name, item in value.items() if isinstance(value, Mapping) else ():
            for form, schema in wanted.items():
                if regex.search(form, name):
                    yield from validator.descend(item, schema, path=name, schema_path=form)

    def others(_: Any, allowed: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
        known, forms = schema.get("properties", {}), schema.get("patternProperties", {})
        for name in value if isinstance(value, Mapping) and allowed is False else ():
            if name not in known and not any(regex.search(form, name) for form in forms):
                yield ValidationError(f"extraneous key [{name}] is not permitted")

    own = {"pattern": pattern, "patternProperties": of_names, "additionalProperties": others}
    return extend(Draft7Validator, own)


def _resolved(part: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while isinstance(part, Mapping) and "$ref" in part:
        found: Any = schema
        for name in part["$ref"].split("/")[1:]:
            found = found[name.replace("~1", "/").replace("~0", "~")]
        part = found
    return part if isinstance(part, Mapping) else {}


def _coerced(value: Any, part: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value as CloudFormation reads it: `"3"` is a number where one is wanted, and the other way round."""
    wanted = _resolved(part, schema)
    if isinstance(value, Mapping):
        inner = wanted.get("properties", {})
        of_choice = [_resolved(one, schema) for word in ("oneOf", "anyOf", "allOf") for one in wanted.get(word, ())]
        for choice in of_choice:
            inner = {**choice.get("properties", {}), **inner}
        return {name: _coerced(item, inner.get(name, {}), schema) for name, item in value.items()}
    if isinstance(value, list):
        return [_coerced(item, wanted.get("items", {}), schema) for item in value]
    kind = wanted.get("type")
    if isinstance(value, str) and kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if isinstance(value, str) and kind in ("integer", "number"):
        return _number(value)
    if kind == "string" and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _number(text: str) -> float | str:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
