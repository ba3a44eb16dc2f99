"""An HTTP API in the place of the real one: answers with the examples of its description, by real requests.

It refuses a request without the token that it gave, and what the description does not allow. An example may say which
request it answers: `x-when: {shipmentId: SH-10042}` beside its `value`, for parameters and fields of the body.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from secrets import token_urlsafe
from typing import Any
from urllib.parse import unquote

import httpx2

from agentcore_kit.runtime.http_api.description import VARIABLE, Description, Operation, absolute
from agentcore_kit.runtime.http_api.media_types import json_examples

SERVER = "https://sample.invalid"
"""Where it seems to be: a name that no network has (RFC 6761)."""

VARIABLES = ("SAMPLE_CLIENT_ID", "SAMPLE_CLIENT_SECRET")
"""The names of the credentials that it takes."""

_VALID_SECONDS = 300


class SampleApi(httpx2.BaseTransport):
    """Answers requests in the process, without a network."""

    def __init__(self, description: Description) -> None:
        """Take the description, and invent the client id and secret that a token is given for."""
        self._description = description
        self.values = {name: token_urlsafe() for name in VARIABLES}
        self._basic = f"Basic {b64encode(':'.join(self.values.values()).encode()).decode()}"
        self._tokens: set[str] = set()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        request.read()
        operations = self._description.operations.values()
        if str(request.url) in {absolute(SERVER, one.token.url) for one in operations if one.token.url}:
            return self._token(request)
        for operation in operations:
            if request.method == operation.method and (found := self._matched(operation, request)) is not None:
                return self._answer(operation, request, found)
        return _failure(404, "there is no such operation")

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("Authorization") != self._basic:
            return httpx2.Response(401, json={"error": "invalid_client"})
        self._tokens.add(token := token_urlsafe())
        return httpx2.Response(200, json={"access_token": token, "token_type": "Bearer", "expires_in": _VALID_SECONDS})

    def _answer(self, operation: Operation, request: httpx2.Request, parameters: dict[str, Any]) -> httpx2.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if operation.token.url and token not in self._tokens:
            return _failure(401, "the token is not known")
        body = json.loads(request.content) if request.content else None
        if problem := self._description.problem_of_call(operation, parameters, body):
            return _failure(400, problem)
        given = parameters | (body if isinstance(body, dict) else {})
        for status, example in _examples(operation):
            if all(given.get(name) == value for name, value in example.get("x-when", {}).items()):
                return httpx2.Response(status, json=example["value"])
        return _failure(404, "no example of the description answers this request")

    def _matched(self, operation: Operation, request: httpx2.Request) -> dict[str, Any] | None:
        """Return the parameters of a request that is for this operation; None when it is for another."""
        parts = VARIABLE.split(operation.template)  # every second is the name of a parameter
        pattern = "".join("([^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
        path = re.fullmatch(pattern, request.url.raw_path.decode().split("?")[0])
        if path is None:
            return None
        found = {name: [unquote(value)] for name, value in zip(parts[1::2], path.groups(), strict=True)}
        for name, parameter in operation.parameters.items():
            if parameter["in"] == "query" and name in request.url.params:
                found[name] = request.url.params.get_list(name)
            elif parameter["in"] == "header" and name in request.headers:
                found[name] = [request.headers[name]]
        return {name: self._typed(texts, operation.parameters[name]) for name, texts in found.items()}

    def _typed(self, texts: list[str], parameter: Mapping[str, Any]) -> Any:
        """Return a value as its schema has it: the text, a number or a boolean, or a list of such."""
        listed = texts if len(texts) > 1 else texts[0].split(",")
        candidates = [texts[0], _parsed(texts[0]), [*map(_parsed, listed)], listed]
        schema = dict(parameter.get("schema", {}))
        fitting = (one for one in candidates if self._description.problem_of_value(schema, one) is None)
        return next(fitting, texts[0])


def _examples(operation: Operation) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield status and example: first those that say which request they answer, then those that answer any."""
    found = [
        (int(status), example)
        for status, response in operation.responses.items()
        if status.isdigit()
        for example in json_examples(response).values()
    ]
    yield from (one for one in found if "x-when" in one[1])
    if not any("x-when" in example for status, example in found if status < 300):
        yield from (one for one in found if "x-when" not in one[1] and one[0] < 300)
    yield from (one for one in found if "x-when" not in one[1] and one[0] == 404)


def _parsed(text: str) -> Any:
    """Return a number or a boolean; any other text as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float) else text


def _failure(status: int, message: str) -> httpx2.Response:
    return httpx2.Response(status, json={"message": message})
