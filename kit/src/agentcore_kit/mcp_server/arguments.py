"""Which arguments of a call there are not: a misspelt filter that is ignored would return everything."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from agentcore_kit.runtime.json_schemas import Schema, choices

_SHOWN = 128
"""How much of a name is repeated, in characters."""


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
        if any("properties" not in kind or kind.get("additionalProperties") for kind in objects):
            continue
        known = {name for kind in objects for name in kind["properties"]}
        for name, one in value.items() if objects else ():
            if name not in known:
                yield f"there is no argument {f'{at}{name}'[:_SHOWN]!r}, {_instead(name, objects)}"
            elif isinstance(one, (dict, list)):
                fields = [kind["properties"][name] for kind in objects if name in kind["properties"]]
                inside.append((one, [kind for field in fields for kind in choices(field, schema)], f"{at}{name}."))


def _instead(name: str, objects: list[Schema]) -> str:
    known = {field.lower(): field for kind in objects for field in kind["properties"]}
    if nearest := get_close_matches(name[:_SHOWN].lower(), known, n=1):
        return f"did you mean {known[nearest[0]]}?"
    return f"there are {', '.join(known.values())}" if known else "the tool takes none"
