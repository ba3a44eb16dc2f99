"""Reads an OpenAPI description of 3.0 or 3.1 from its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from agentcore_kit.runtime.http_api.description import VARIABLE, Description, Operation, Token
from agentcore_kit.runtime.http_api.errors import Misdescribed
from agentcore_kit.runtime.http_api.media_types import json_content
from agentcore_kit.runtime.http_api.parameters import lacking
from agentcore_kit.runtime.http_api.schemas import of_3_1, references
from agentcore_kit.runtime.json_schemas import followed

Method = Literal["get", "put", "post", "delete", "options", "head", "patch"]


class _Loader(yaml.SafeLoader):
    """Reads plain values as JSON has them: a day is text, and so is NO, which YAML 1.1 takes for false."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read_description(path: Path) -> Description:
    """Read a file of YAML or JSON.

    Raises:
        Misdescribed: When it is no OpenAPI description of 3.0 or 3.1.
    """
    try:
        document = _parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise Misdescribed(f"{path.name}: cannot be read: {' '.join(str(error).split())}") from None
    version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
    if not version.startswith(("3.0.", "3.1.")):
        raise Misdescribed(f"{path.name}: openapi: needed: a version of 3.0 or 3.1; it has {version or 'none'}")
    try:
        return _read(path.name, of_3_1(document) if version.startswith("3.0.") else document)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, Misdescribed):
            raise
        raise Misdescribed(f"{path.name}: is no OpenAPI description: {error!r}") from None


def _parsed(text: str) -> Any:
    """Return what a file says. JSON is read as JSON: that is faster, and YAML does not have all that JSON may have."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            pass  # YAML may begin with a brace as well
    return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader


def _read(name: str, document: dict[str, Any]) -> Description:
    operations: dict[str, Operation] = {}
    for reference in references(document):
        followed({"$ref": reference}, document)
    for operation in _operations(name, document):
        if operation.id in operations:
            raise Misdescribed(f"{name}: two operations have the id {operation.id}; each needs its own")
        operations[operation.id] = operation
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
            parameters = {one["name"]: one for one in listed}
            body = followed(said["requestBody"], document) if "requestBody" in said else {}
            json_body = json_content(body.get("content", {}))
            operation = Operation(
                id=said["operationId"],
                method=method.upper(),
                template=template,
                parameters=parameters,
                body=dict(json_body[1].get("schema", {})) if json_body else None,
                body_type=json_body[0] if json_body else "",
                needs_body=bool(body.get("required")),
                responses={str(status): followed(one, document) for status, one in said.get("responses", {}).items()},
                token=_token(said.get("security", document.get("security", [])), document),
                lacks=next(filter(None, map(lacking, parameters.values())), ""),
            )
            missing = {*VARIABLE.findall(template)} - {*parameters}
            if missing:
                raise Misdescribed(f"{name}: {operation.id}: no parameter {', '.join(sorted(missing))} of {template}")
            yield operation


def _token(needed: list[dict[str, list[str]]], document: Mapping[str, Any]) -> Token:
    """Return what token an operation needs."""
    if not needed or {} in needed:
        return Token()
    for scheme, scopes in (pair for one in needed if len(one) == 1 for pair in one.items()):
        described = followed(document["components"]["securitySchemes"][scheme], dict(document))
        flow = described.get("flows", {}).get("clientCredentials") if described.get("type") == "oauth2" else None
        if flow:
            return Token(str(flow["tokenUrl"]), tuple(scopes))
    offered = " or ".join(" with ".join(one) for one in needed)
    supported = "needed: type oauth2 with the flow clientCredentials, or an auth that HttpApi is given"
    return Token(lacks=f"security: {offered} is not supported; {supported}")
