"""The protocols of AWS, read and written by botocore's service models: REST-JSON, JSON and query (XML)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.session

REQUEST_ID = "11111111-2222-3333-4444-555555555555"

# The services that can be spoken, by the name that signs their requests.
SERVICES = {
    "bedrock": ("bedrock",),
    "agent-registry": ("agent-registry-control",),
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
    "cloudformation": ("cloudformation",),
    "ecr": ("ecr",),
    "iam": ("iam",),
    "lambda": ("lambda",),
    "logs": ("logs",),
    "monitoring": ("cloudwatch",),
    "secretsmanager": ("secretsmanager",),
    "ssm": ("ssm",),
    "sts": ("sts",),
    "xray": ("xray",),
}


_DEEPEST = 250
"""How many levels of JSON a request may have: Python reads and writes some 1,000, less what its caller needs."""


class ApiError(Exception):
    """What an AWS service answers instead of a result."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status

    def __reduce__(self) -> tuple[type[ApiError], tuple[str, str, int]]:
        """Return how to copy it: an exception is copied with its text alone."""
        return ApiError, (self.code, self.message, self.status)


@cache
def models(signing_name: str) -> list[Any]:
    """Return the service models behind a signing name; a control plane and its data plane share one."""
    session = botocore.session.get_session()
    return [session.get_service_model(name) for name in SERVICES.get(signing_name, ())]


def operation_of(signing_name: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Any:
    """Return the model of the operation that a request is for. Raises ApiError for one that is not known."""
    for model in models(signing_name):
        if model.resolved_protocol == "rest-json":
            for operation in _operations(model):
                if operation.http["method"] == method and _template(operation).fullmatch(urlsplit(path).path):
                    return operation
        elif model.resolved_protocol == "json":
            return model.operation_model(headers["X-Amz-Target"].rpartition(".")[2])
        else:
            return model.operation_model(parse_qs(body.decode())["Action"][0])
    raise ApiError("UnknownOperationException", f"there is no {signing_name} here with {method} {path}", 404)


@cache
def _operations(model: Any) -> list[Any]:
    return [model.operation_model(name) for name in model.operation_names]


@cache
def _template(operation: Any) -> re.Pattern[str]:
    path = operation.http["requestUri"].partition("?")[0].rstrip("/")
    return re.compile("".join(_piece(part) for part in re.split(r"(\{\w+\+?\})", path)) + "/?")


def _piece(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return f"(?P<{part.strip('{+}')}>{'.+' if '+' in part else '[^/]+'})"


def parameters_of(operation: Any, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the parameters of a request."""
    shape, protocol = operation.input_shape, operation.service_model.resolved_protocol
    if shape is None:
        return {}
    if protocol == "query":
        return _from_query(shape, {key: values[0] for key, values in parse_qs(body.decode(), True).items()}, "") or {}
    if protocol == "json":
        found: dict[str, Any] = _from_json(shape, _object(body))
        return found
    return _from_rest(operation, shape, path, headers, body)


def _from_rest(operation: Any, shape: Any, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    parts = urlsplit(path)
    match = _template(operation).fullmatch(parts.path)
    uri, query = match.groupdict() if match else {}, parse_qs(parts.query)
    payload = shape.serialization.get("payload")
    sent = {} if payload else _object(body)
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire, place = member.serialization.get("name", name), member.serialization.get("location")
        if place == "uri":
            found[name] = unquote(uri[wire])
        elif place == "querystring" and wire in query:
            found[name] = _scalar(member, query[wire][0])
        elif place == "header" and headers.get(wire):
            found[name] = headers[wire]
        elif name == payload:
            found[name] = body
        elif place is None and sent.get(wire) is not None:
            found[name] = _from_json(member, sent[wire])
    return found


def _object(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON body. Raises ApiError for another body, or one that could not be stored and read."""
    try:
        sent = json.loads(body or b"{}")
        json.dumps(sent, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict) or _is_deeper(sent, _DEEPEST):
        raise ApiError(
            "ValidationException",
            f"the body is no JSON object, has half a character (a lone surrogate), or more than {_DEEPEST} levels",
        )
    return sent


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether JSON is nested in more levels. A walk without recursion, as Python's own ends at some depth."""
    level = [value]
    for _ in range(levels):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for items in inner for item in items if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _from_json(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and shape.members and isinstance(value, dict):
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        return {
            names.get(wire, wire): _from_json(shape.members[names[wire]], item) if wire in names else item
            for wire, item in value.items()
            if item is not None  # which says that there is no such member
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_from_json(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _from_json(shape.value, item) for key, item in value.items()}
    return base64.b64decode(value) if shape.type_name == "blob" else value


def _from_query(shape: Any, sent: Mapping[str, str], prefix: str) -> Any:
    if shape.type_name == "structure":
        start = f"{prefix}." if prefix else ""
        members = {name: f"{start}{member.serialization.get('name', name)}" for name, member in shape.members.items()}
        found = {name: _from_query(shape.members[name], sent, wire) for name, wire in members.items()}
        return {name: value for name, value in found.items() if value is not None} or None
    if shape.type_name == "list":
        items: list[Any] = []
        while (item := _from_query(shape.member, sent, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        return items or ([] if prefix in sent else None)
    return _scalar(shape, sent[prefix]) if prefix in sent else None


def _scalar(shape: Any, text: str) -> Any:
    match shape.type_name:
        case "boolean":
            return text == "true"
        case "integer" | "long":
            return int(text)
        case "double" | "float":
            return float(text)
        case _:
            return text


def response_of(operation: Any, result: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the media type and the body of a response."""
    shape, protocol = operation.output_shape, operation.service_model.resolved_protocol
    if protocol == "query":
        inner = _to_xml(shape, result) if shape else ""
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        inner = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
        metadata = f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        return "text/xml", f"<{operation.name}Response>{inner}{metadata}</{operation.name}Response>".encode()
    payload = shape.serialization.get("payload") if shape else None
    if payload and shape.members[payload].type_name == "blob":
        return "application/octet-stream", result[payload]
    return "application/json", json.dumps(_to_json(shape, result) if shape else {}).encode()


def error_of(operation: Any, error: ApiError) -> tuple[str, bytes, dict[str, str]]:
    """Return media type, body and headers of an error."""
    protocol = operation.service_model.resolved_protocol if operation else "rest-json"
    if protocol == "query":
        text = f"<Error><Type>Sender</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
        return "text/xml", f"<ErrorResponse>{text}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>".encode(), {}
    said = {"__type": error.code, "message": error.message}
    return "application/json", json.dumps(said).encode(), {"x-amzn-ErrorType": error.code}


def _to_json(shape: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if shape.type_name == "structure" and shape.members and isinstance(value, Mapping):
        return {
            shape.members[name].serialization.get("name", name): _to_json(shape.members[name], item)
            for name, item in value.items()
            if item is not None
        }
    if shape.type_name == "list":
        return [_to_json(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _to_json(shape.value, item) for key, item in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _to_xml(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        named = ((shape.members[name], name, item) for name, item in value.items() if item is not None)
        return "".join(
            _tag(member.serialization.get("name", name), _to_xml(member, item)) for member, name, item in named
        )
    if shape.type_name == "list":
        return "".join(_tag("member", _to_xml(shape.member, item)) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else escape(str(value))


def _tag(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"
