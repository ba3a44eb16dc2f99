"""The schemas of a description, as JSON Schema 2020-12 has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from agentcore_kit.runtime.http_api.errors import Misdescribed
from agentcore_kit.runtime.json_schemas import followed

Schema = dict[str, Any]


def of_3_1(value: Any) -> Any:
    """Return what a description of 3.0 says, as 3.1 does: values that may be null, and limits that are exclusive."""
    if isinstance(value, list):
        return [of_3_1(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: of_3_1(one) for key, one in value.items()}
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and limit in found:
            found[exclusive] = found.pop(limit)
    if found.get("nullable") is True:
        del found["nullable"]
        return {"anyOf": [found, {"type": "null"}]}
    return found


def without(flag: Literal["readOnly", "writeOnly"], value: Any, document: Mapping[str, Any]) -> Any:
    """Return a schema, or more, that does not require the properties with a flag.

    A property that is `readOnly` is required in answers only, and one that is `writeOnly` in requests only.
    Source: the OpenAPI Specification 3.0.4, "Fixed Fields" of the schema object.
    """
    if isinstance(value, list):
        return [without(flag, one, document) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: without(flag, one, document) for key, one in value.items()}
    properties, required = value.get("properties"), value.get("required")
    if isinstance(properties, dict) and isinstance(required, list):
        found["required"] = [name for name in required if not _has(flag, properties.get(name), document)]
    return found


def _has(flag: str, schema: Any, document: Mapping[str, Any]) -> bool:
    return isinstance(schema, dict) and followed(schema, dict(document)).get(flag) is True


def references(value: Any) -> Iterator[str]:
    """Yield every reference in a document, or in a part of one."""
    parts = [value]
    while parts:
        part = parts.pop()
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            yield part["$ref"]


def check_schemas(schemas: Mapping[str, Schema], document: Mapping[str, Any]) -> None:
    """Return when schemas are right, and all that they refer to.

    Args:
        schemas: By where they stand.
        document: What references lead into.

    Raises:
        Misdescribed: When one is not, with where.
    """
    left, known = dict(schemas), set(schemas)
    while left:
        where, schema = left.popitem()
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise Misdescribed(f"{where}: {error.message[:300]}") from None
        for reference in references(schema):
            if reference not in known:
                known.add(reference)
                left[reference] = followed({"$ref": reference}, dict(document))
