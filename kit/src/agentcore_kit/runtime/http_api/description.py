"""An OpenAPI description (3.0 or 3.1): its operations by id, what each takes, and what it answers.

Source of the rules: the OpenAPI Specification 3.1.1, and for `nullable` and exclusive limits 3.0.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urljoin

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from agentcore_kit.runtime.http_api.errors import Misdescribed
from agentcore_kit.runtime.http_api.media_types import JSON, json_content
from agentcore_kit.runtime.http_api.parameters import in_header, in_path, in_query
from agentcore_kit.runtime.http_api.schemas import Schema, check_schemas, without

VARIABLE = re.compile(r"\{([^{}/]+)\}")
"""A parameter in the template of a path."""


@dataclass(frozen=True)
class Token:
    """What token an operation needs.

    Attributes:
        url: Where tokens are had, by OAuth client credentials; empty where none is needed.
        scopes: What such a token is for.
        lacks: Why the security that it needs is not supported; empty where it is.
    """

    url: str = ""
    scopes: tuple[str, ...] = ()
    lacks: str = ""


@dataclass(frozen=True)
class Operation:
    """One operation of the description.

    Attributes:
        id: Its `operationId`.
        method: In upper case.
        template: Its path, with parameters in braces.
        parameters: By name: what the description says of each, references followed.
        body: The schema of a JSON body; None where there is none.
        body_type: The media type of such a body; empty where there is none.
        needs_body: Whether a call without body is wrong.
        responses: By status, such as `200`, `4XX` or `default`: what the description says, references followed.
        token: What token it needs.
        lacks: Why it cannot be called at all; empty where it can.
    """

    id: str
    method: str
    template: str
    parameters: Mapping[str, Mapping[str, Any]]
    body: Schema | None
    body_type: str
    needs_body: bool
    responses: Mapping[str, Mapping[str, Any]]
    token: Token
    lacks: str

    @property
    def accepted(self) -> str:
        """The media types of its answers, as a request names them: what is JSON."""
        found = [json_content(response.get("content", {})) for response in self.responses.values()]
        return ", ".join(dict.fromkeys(one[0] for one in found if one)) or JSON

    def response(self, status: int) -> Mapping[str, Any] | None:
        """Return what the description says of a status; None where it says nothing."""
        names = (str(status), f"{status // 100}XX", "default")
        return next((self.responses[name] for name in names if name in self.responses), None)

    def path(self, parameters: Mapping[str, Any]) -> str:
        """Return the path with the values of its parameters, each of which stays one part of it.

        Raises:
            ValueError: For a value that would lead to another path.
        """
        return VARIABLE.sub(lambda found: in_path(found[1], parameters[found[1]]), self.template)

    def query(self, parameters: Mapping[str, Any]) -> dict[str, str | list[str]]:
        """Return what of the parameters goes into the query."""
        found = {name: in_query(self.parameters[name], value) for name, value in self._of("query", parameters)}
        return {name: value for name, value in found.items() if value is not None}

    def headers(self, parameters: Mapping[str, Any]) -> dict[str, str]:
        """Return what of the parameters goes into headers.

        Raises:
            ValueError: For a value that no header can have.
        """
        found = {name: in_header(name, value) for name, value in self._of("header", parameters)}
        return {name: value for name, value in found.items() if value is not None}

    def _of(self, place: str, parameters: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in parameters.items() if self.parameters[name]["in"] == place]

    def schemas(self) -> dict[str, Schema]:
        """Return the schemas of parameters, body and answers, by where they stand."""
        found = {f"{self.id}: {name}": dict(one.get("schema", {})) for name, one in self.parameters.items()}
        if self.body is not None:
            found[f"{self.id}: body"] = self.body
        for status, response in self.responses.items():
            if (content := json_content(response.get("content", {}))) is not None:
                found[f"{self.id}: {status}"] = dict(content[1].get("schema", {}))
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
    _checked: set[str] = field(default_factory=set, repr=False)

    def operation(self, name: str) -> Operation:
        """Return an operation by its id; its schemas are checked when it is used first.

        Raises:
            Misdescribed: When there is none, with the nearest that there are, or when it cannot be called.
        """
        if name not in self.operations:
            near = get_close_matches(name, self.operations) or sorted(self.operations)
            raise Misdescribed(f"{self.name}: there is no operation {name}; there is {', '.join(near[:10])}")
        operation = self.operations[name]
        if operation.lacks:
            raise Misdescribed(f"{self.name}: {name}: {operation.lacks}")
        if name not in self._checked:
            try:
                check_schemas(operation.schemas(), self.document)
            except Misdescribed as error:
                raise Misdescribed(f"{self.name}: {error}") from None
            self._checked.add(name)
        return operation

    @cached_property
    def _of_requests(self) -> dict[str, Any]:
        return self._referred("readOnly")

    @cached_property
    def _of_answers(self) -> dict[str, Any]:
        return self._referred("writeOnly")

    def _referred(self, flag: Literal["readOnly", "writeOnly"]) -> dict[str, Any]:
        """Return what references lead into, without what a flag says is not required."""
        parts = {name: part for name, part in self.document.items() if name in ("components", "paths", "webhooks")}
        found: dict[str, Any] = without(flag, parts, self.document)
        return found

    def problem_of_answer(self, schema: Schema, value: Any) -> str | None:
        """Return what is wrong with an answer by a schema of the description, with where; None when nothing is.

        The value itself is not in it, as logs have it.
        """
        return _problem({**self._of_answers, "allOf": [without("writeOnly", schema, self.document)]}, value)

    def problem_of_value(self, schema: Schema, value: Any) -> str | None:
        """Return what is wrong with a value that is sent; None when nothing is."""
        return _problem({**self._of_requests, "allOf": [without("readOnly", schema, self.document)]}, value)

    def problem_of_call(self, operation: Operation, parameters: Mapping[str, Any], body: Any) -> str | None:
        """Return what is wrong with the parameters and the body of a call; None when nothing is."""
        for name, parameter in operation.parameters.items():
            if name in parameters:
                if problem := self.problem_of_value(parameter.get("schema", {}), parameters[name]):
                    return f"{name}: {problem}"
            elif parameter.get("required") or parameter.get("in") == "path":
                return f"{name} is missing"
        for name in parameters:
            if name not in operation.parameters:
                return f"there is no parameter {name}; there is {', '.join(operation.parameters) or 'none'}"
        if operation.body is None or body is None:
            return "it takes no body" if body is not None else "the body is missing" if operation.needs_body else None
        problem = self.problem_of_value(operation.body, body)
        return f"body: {problem}" if problem else None


def _problem(schema: Schema, value: Any) -> str | None:
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return None
    needed = f"needed: {error.validator} {json.dumps(error.validator_value)}"
    return f"{error.json_path}: {error.message if error.validator == 'required' else needed}"[:300]


def absolute(server: str, address: str) -> str:
    """Return an address of the description, which may be relative to the server (RFC 3986)."""
    return urljoin(f"{server}/", address)
