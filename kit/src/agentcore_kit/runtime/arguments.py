"""What is wrong with the arguments of a tool's call, by its schema: each field by its name, and none of its values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import Any

from agentcore_kit.runtime.json_schemas import Schema, choices

NOT_CALLED = "the tool was not called"
"""What a model is told first of a call whose arguments do not fit; in a trace it is the call's result."""

_SHOWN = 128
"""How much of a name or of a rule is repeated, in characters."""

_CHOICES = 20
"""How many allowed values are named."""

_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def wrong_arguments(arguments: Any, schema: Schema) -> Iterator[str]:
    """Yield what does not fit a tool's input schema, one sentence a field.

    Args:
        arguments: What was sent. Null for a field whose default is null counts as the field left out: Strands' schemas
            of optional parameters do not say that they may be null.
        schema: The input schema.

    Raises:
        Exception: When the schema itself cannot be followed; RecursionError also when the arguments are too deep.
    """
    if isinstance(arguments, dict):
        fields = schema.get("properties", {})
        arguments = {
            name: value
            for name, value in arguments.items()
            if value is not None or fields.get(name, {}).get("default", ...) is not None
        }
        yield from (unknown := list(unknown_arguments(arguments, schema)))
    else:
        unknown = []
    for error in _validator()(schema).iter_errors(arguments):
        if not unknown or error.validator != "additionalProperties":
            yield _said(error)


def unknown_arguments(arguments: dict[str, Any], schema: Schema) -> Iterator[str]:
    """Yield each argument that a tool's input schema does not name, at any depth, with the nearest that it does.

    Args:
        arguments: What was sent.
        schema: The input schema. An object in it that names no fields, or allows others, takes any.
    """
    inside: list[tuple[Any, list[Schema], str]] = [(arguments, choices(schema, schema), "")]
    for value, kinds, at in inside:  # grows while it is walked, as recursion is for the caller to deepen
        if isinstance(value, list):
            of = [
                one for kind in kinds if isinstance(kind.get("items"), dict) for one in choices(kind["items"], schema)
            ]
            inside += [(one, of, f"{at}{n}.") for n, one in enumerate(value) if isinstance(one, (dict, list))]
            continue
        objects = [kind for kind in kinds if kind.get("type", "object") == "object"]
        if any("properties" not in kind or kind.get("additionalProperties") or kind.keys() & _OPEN for kind in objects):
            continue
        known = {name for kind in objects for name in kind["properties"]}
        for name, one in value.items() if objects else ():
            if name not in known:
                yield f"there is no argument {f'{at}{name}'[:_SHOWN]!r}, {_instead(name, objects)}"
            elif isinstance(one, (dict, list)):
                fields = [kind["properties"][name] for kind in objects if name in kind["properties"]]
                inside.append((one, [kind for field in fields for kind in choices(field, schema)], f"{at}{name}."))


_OPEN = {"allOf", "dependentSchemas", "if", "patternProperties", "unevaluatedProperties"}
"""What may name fields besides those of the object itself."""


def _instead(name: str, objects: list[Schema]) -> str:
    known = {field.lower(): field for kind in objects for field in kind["properties"]}
    if nearest := get_close_matches(name[:_SHOWN].lower(), known, n=1):
        return f"did you mean {known[nearest[0]]}?"
    return f"there are {', '.join(known.values())}" if known else "the tool takes none"


@cache
def _validator() -> Any:
    """Return the class of validators; imported late, as it takes a tenth of a second and few requests need it."""
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    followed = Draft202012Validator.VALIDATORS["pattern"]

    def pattern(validator: Any, wanted: str, instance: Any, schema: Schema) -> Iterator[Any]:
        with suppress(re.error):  # a pattern of another language's, which only the tool itself can follow
            yield from followed(validator, wanted, instance, schema)

    kind = validators.extend(Draft202012Validator, {"pattern": pattern})

    def of(schema: Schema) -> Any:
        # With a registry of its own it fetches no schema from elsewhere.
        return kind(schema, registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)

    return of


def _said(error: Any) -> str:
    """Return one error in words; of alternatives, what is wrong with the one that is nearest to what was sent."""
    path, value, rule = list(error.absolute_path), error.instance, error.validator_value
    match error.validator:
        case "anyOf" | "oneOf" if nearer := [one for one in error.context if one.validator != "type" or one.path]:
            return _said(max(nearer, key=lambda one: len(one.absolute_path)))
        case "anyOf" | "oneOf" if error.context:
            said = _of_types([name for one in error.context for name in _list(one.validator_value)], value)
        case "type":
            said = _of_types(_list(rule), value)
        case "enum":
            said = f"must be one of {_listed(rule)}{_nearest(value, rule)}"
        case "const":
            said = f"must be {_listed([rule])}"
        case "required":
            path += [name for name in rule if error.message == f"{name!r} is a required property"]
            said = "is missing"
        case _:
            said = f"must fit {error.validator}: {_listed([rule])}"
    name = ".".join(map(str, path))[:_SHOWN]
    return f"{(name if name.isprintable() else repr(name)) or 'the arguments'}: {said}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of_types(types: list[str], value: Any) -> str:
    return f"must be {' or '.join(_TYPES[one] for one in types)}, not {type_name(value)}"


def type_name(value: Any) -> str:
    """Return what JSON calls a value's type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
    return "an object" if isinstance(value, dict) else "an array"


def _listed(values: list[Any]) -> str:
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in values[:_CHOICES]]
    return ", ".join(text[:_SHOWN] for text in texts) + (" …" if len(values) > _CHOICES else "")


def _nearest(value: Any, allowed: list[Any]) -> str:
    known = {one.lower(): one for one in allowed if isinstance(one, str)}
    near = get_close_matches(value[:_SHOWN].lower(), known, n=1) if isinstance(value, str) else []
    return f"; did you mean {known[near[0]]}?" if near else ""
