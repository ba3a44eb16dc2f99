"""An OpenAPI description (3.0 or 3.1): its operations by id, what each takes, and what it answers.

Source of the rules: the OpenAPI Specification 3.1.1, and for `nullable` and exclusive limits 3.0.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote, urljoin

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from agentcore_kit.runtime.http_api.errors import Misdescribed
from agentcore_kit.runtime.json_schemas import followed

Method = Literal["get", "put", "post", "delete", "options", "head", "patch"]
Schema = dict[str, Any]
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_VARIABLE = re.compile(r"\{([^{}/]+)\}")


class _Loader(yaml.SafeLoader):
    """Reads plain values as JSON has them: a day is text, and so is NO, which YAML 1.1 takes for false."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


@dataclass(frozen=True)
class Operation:
    """One operation of the description.

    Attributes:
        id: Its `operationId`.
        method: In upper case.
        template: Its path, with parameters in braces.
        parameters: By name: what the description says of each, references followed.
        body: The schema of a JSON body; None where there is none.
        needs_body: Whether a call without body is wrong.
        responses: By status, such as `200`, `4XX` or `default`: what the description says, references followed.
        token_url: Where the tokens are had that it needs, by OAuth client credentials; empty where it needs none.
        scopes: What such a token is for.
    """

    id: str
    method: str
    template: str
    parameters: Mapping[str, Mapping[str, Any]]
    body: Schema | None
    needs_body: bool
    responses: Mapping[str, Mapping[str, Any]]
    token_url: str
    scopes: tuple[str, ...]

    def response(self, status: int) -> Mapping[str, Any] | None:
        """Return what the description says of a status; None where it says nothing."""
        names = (str(status), f"{status // 100}XX", "default")
        return next((self.responses[name] for name in names if name in self.responses), None)

    def path(self, parameters: Mapping[str, Any]) -> str:
        """Return the path with the values of its parameters, each of which stays one part of it.

        Raises:
            ValueError: For a value that would lead to another path.
        """
        for name in _VARIABLE.findall(self.template):
            if str(parameters[name]) in ("", ".", ".."):
                raise ValueError(f"{self.id}: {name}: {parameters[name]!r} cannot stand in a path")
        return _VARIABLE.sub(lambda found: quote(_written(parameters[found[1]]), safe=""), self.template)

    def sent(self, where: Literal["query", "header"], parameters: Mapping[str, Any]) -> dict[str, str]:
        """Return what of the parameters goes into the query, or into headers.

        Raises:
            ValueError: For a value that no header can have.
        """
        found = {name: _written(value) for name, value in parameters.items() if self.parameters[name]["in"] == where}
        for name, value in found.items():
            if where == "header" and not (value.isascii() and value.isprintable()):
                raise ValueError(f"{self.id}: {name}: {value!r} cannot stand in a header")
        return found


@dataclass(frozen=True)
class Description:
    """A description that was read.

    Attributes:
        name: Of its file, for messages.
        operations: By id.
        document: The whole, with schemas as JSON Schema 2020-12 has them.
    """

    name: str
    operations: Mapping[str, Operation]
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Description:
        """Read a file of YAML or JSON.

        Raises:
            Misdescribed: When it is no OpenAPI description of 3.0 or 3.1, or needs what is not supported.
        """
        try:
            document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is a SafeLoader
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise Misdescribed(f"{path.name}: cannot be read: {' '.join(str(error).split())}") from None
        version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
        if not version.startswith(("3.0.", "3.1.")):
            raise Misdescribed(f"{path.name}: openapi: needed: a version of 3.0 or 3.1; it has {version or 'none'}")
        if version.startswith("3.0."):
            document = _of_3_1(document)
        try:
            return _read(path.name, document)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, Misdescribed):
                raise
            raise Misdescribed(f"{path.name}: is no OpenAPI description: {error!r}") from None

    def operation(self, name: str) -> Operation:
        """Return an operation by its id.

        Raises:
            Misdescribed: When there is none, with the nearest that there are.
        """
        if name in self.operations:
            return self.operations[name]
        near = get_close_matches(name, self.operations) or sorted(self.operations)
        raise Misdescribed(f"{self.name}: there is no operation {name}; there is {', '.join(near[:10])}")

    def problem(self, schema: Schema, value: Any) -> str | None:
        """Return what is wrong with a value by a schema of the description, with where; None when nothing is.

        The value itself is not in it, as logs have it.
        """
        whole = {"components": self.document.get("components", {}), "allOf": [schema]}
        error = best_match(Draft202012Validator(whole).iter_errors(value))
        if error is None:
            return None
        needed = f"needed: {error.validator} {json.dumps(error.validator_value)}"
        return f"{error.json_path}: {error.message if error.validator == 'required' else needed}"[:300]

    def problem_of_call(self, operation: Operation, parameters: Mapping[str, Any], body: Any) -> str | None:
        """Return what is wrong with the parameters and the body of a call; None when nothing is."""
        for name, parameter in operation.parameters.items():
            if name in parameters:
                if problem := self.problem(parameter.get("schema", {}), parameters[name]):
                    return f"{name}: {problem}"
            elif parameter.get("required") or parameter.get("in") == "path":
                return f"{name} is missing"
        for name in parameters:
            if name not in operation.parameters:
                return f"there is no parameter {name}; there is {', '.join(operation.parameters) or 'none'}"
        if operation.body is None or body is None:
            return "it takes no body" if body is not None else "the body is missing" if operation.needs_body else None
        problem = self.problem(operation.body, body)
        return f"body: {problem}" if problem else None


def json_schema(content: Mapping[str, Any]) -> Schema | None:
    """Return the schema of what is JSON under `content`; None where nothing is."""
    return next((dict(one.get("schema", {})) for kind, one in content.items() if _JSON.match(kind)), None)


def json_examples(response: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the examples of what is JSON in a response, by name."""
    for kind, one in response.get("content", {}).items():
        if _JSON.match(kind):
            single = {"example": {"value": one["example"]}} if "example" in one else {}
            return {**single, **one.get("examples", {})}
    return {}


def _read(name: str, document: dict[str, Any]) -> Description:
    operations: dict[str, Operation] = {}
    for reference in _references(document):
        followed({"$ref": reference}, document)
    for operation in _operations(name, document):
        if operation.id in operations:
            raise Misdescribed(f"{name}: two operations have the id {operation.id}; each needs its own")
        operations[operation.id] = operation
    for part in document.get("components", {}).get("schemas", {}).values():
        try:
            Draft202012Validator.check_schema(part)
        except SchemaError as error:
            raise Misdescribed(f"{name}: components.schemas: {error.message[:300]}") from None
    return Description(name, operations, document)


def _operations(name: str, document: dict[str, Any]) -> Iterator[Operation]:
    """Yield each operation that has an id."""
    for template, item in document["paths"].items():
        item = followed(item, document)
        for method in get_args(Method):
            if method not in item or "operationId" not in item[method]:
                continue
            said = item[method]
            listed = [followed(one, document) for one in [*item.get("parameters", []), *said.get("parameters", [])]]
            body = followed(said["requestBody"], document) if "requestBody" in said else {}
            needed = said.get("security", document.get("security", []))
            operation = Operation(
                said["operationId"],
                method.upper(),
                template,
                {one["name"]: one for one in listed},
                json_schema(body.get("content", {})),
                bool(body.get("required")),
                {str(status): followed(one, document) for status, one in said.get("responses", {}).items()},
                *_token(name, said["operationId"], needed, document),
            )
            lacking = {*_VARIABLE.findall(template)} - {*operation.parameters}
            if lacking:
                raise Misdescribed(f"{name}: {operation.id}: no parameter {', '.join(sorted(lacking))} of {template}")
            yield operation


def _token(
    name: str, operation: str, needed: list[dict[str, list[str]]], document: dict[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """Return where an operation's tokens are had, and for what; both empty where it needs none."""
    if not needed or {} in needed:
        return "", ()
    for scheme, scopes in (pair for one in needed if len(one) == 1 for pair in one.items()):
        described = followed(document["components"]["securitySchemes"][scheme], document)
        flow = described.get("flows", {}).get("clientCredentials") if described.get("type") == "oauth2" else None
        if flow:
            return str(flow["tokenUrl"]), tuple(scopes)
    offered = " or ".join(" with ".join(one) for one in needed)
    supported = "needed: type oauth2 with the flow clientCredentials"
    raise Misdescribed(f"{name}: {operation}: security: {offered} is not supported; {supported}")


def _references(document: dict[str, Any]) -> Iterator[str]:
    """Yield every reference in a document."""
    parts: list[Any] = [document]
    while parts:
        part = parts.pop()
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            yield part["$ref"]


def _of_3_1(value: Any) -> Any:
    """Return what a description of 3.0 says, as 3.1 does: values that may be null, and limits that are exclusive."""
    if isinstance(value, list):
        return [_of_3_1(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _of_3_1(one) for key, one in value.items()}
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive):
            found[exclusive] = found.pop(limit)
    if found.get("nullable") is True:
        del found["nullable"]
        return {"anyOf": [found, {"type": "null"}]}
    return found


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def absolute(server: str, address: str) -> str:
    """Return an address of the description, which may be relative to the server (RFC 3986)."""
    return urljoin(f"{server}/", address)
