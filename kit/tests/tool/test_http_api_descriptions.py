"""What OpenAPI descriptions of others have: parameters of each kind, media types, security, schemas, and JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentcore_kit.runtime.http_api import HttpApi, UnexpectedAnswer
from agentcore_kit.runtime.http_api.errors import Misdescribed

URL = "https://things.example.com"
OBJECT = {"content": {"application/json": {"schema": {"type": "object"}}}}


class Service:
    """Stands in for the API, and notes what it is sent."""

    def __init__(self) -> None:
        self.calls: list[httpx2.Request] = []
        self.answer = httpx2.Response(200, json={})

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.calls.append(request)
        return self.answer


@pytest.fixture
def service() -> Service:
    return Service()


def described(
    folder: Path,
    service: Service | None,
    paths: dict[str, Any],
    components: dict[str, Any] | None = None,
    *,
    version: str = "3.1.0",
    **options: Any,
) -> HttpApi:
    """Return an API of these paths; without a service its examples answer."""
    info = {"title": "Things", "version": "1"}
    document = {"openapi": version, "info": info, "paths": paths, "components": components or {}}
    path = folder / "things.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    if service is not None:
        options = {"url": URL, "transport": httpx2.MockTransport(service), **options}
    return HttpApi(path, **options)


def get(*parameters: dict[str, Any], path: str = "/things", **more: Any) -> dict[str, Any]:
    """Return the paths of one operation, `list`."""
    return {path: {"get": {"operationId": "list", "parameters": [*parameters], "responses": {"200": OBJECT}, **more}}}


def parameter(schema: dict[str, Any], place: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": "of", "in": place, "schema": schema, "required": place == "path", **more}


TEXTS = {"type": "array", "items": {"type": "string"}}


def test_no_cookie_of_one_call_is_in_the_next(tmp_path: Path, service: Service) -> None:
    api = described(tmp_path, service, get())
    service.answer = httpx2.Response(200, json={}, headers={"Set-Cookie": "session=of-ada; Path=/"})
    for _ in range(2):
        api.call("list")
    assert ["cookie" in call.headers for call in service.calls] == [False, False]


@pytest.mark.parametrize(
    ("said", "value", "query"),
    [
        (parameter(TEXTS), ["a", "b&c"], "of=a&of=b%26c"),
        (parameter(TEXTS, explode=False), ["a", "b"], "of=a%2Cb"),
        (parameter(TEXTS), [], ""),
        (parameter({"type": ["string", "null"]}), None, ""),
        (parameter({"type": "boolean"}), True, "of=true"),
        (parameter({"type": "array", "items": {"type": "boolean"}}), [True, False], "of=true&of=false"),
    ],
)
def test_a_query_is_written_as_the_standard_says(
    tmp_path: Path, service: Service, said: dict[str, Any], value: Any, query: str
) -> None:
    described(tmp_path, service, get(said)).call("list", {"of": value})
    assert service.calls[0].url.query.decode() == query


def test_lists_in_paths_and_headers_have_commas(tmp_path: Path, service: Service) -> None:
    described(tmp_path, service, get(parameter(TEXTS, "path"), path="/things/{of}")).call("list", {"of": ["a/b", "c"]})
    described(tmp_path, service, get(parameter(TEXTS, "header"))).call("list", {"of": ["a", "b"]})
    assert service.calls[0].url.raw_path == b"/things/a%2Fb,c"
    assert service.calls[1].headers["of"] == "a,b"


def test_null_in_a_header_is_left_out(tmp_path: Path, service: Service) -> None:
    described(tmp_path, service, get(parameter({}, "header"))).call("list", {"of": None})
    assert "of" not in service.calls[0].headers


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("path", None),
        ("path", []),
        ("path", [""]),
        ("path", {"a": 1}),
        ("query", {"a": 1}),
        ("query", [[1]]),
        ("header", {}),
    ],
)
def test_a_value_that_has_no_place_is_not_sent(tmp_path: Path, service: Service, place: str, value: Any) -> None:
    path = "/things/{of}" if place == "path" else "/things"
    with pytest.raises(ValueError, match=f"of: .* cannot stand in a {place}"):
        described(tmp_path, service, get(parameter({}, place), path=path)).call("list", {"of": value})
    assert service.calls == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (parameter({}, "cookie"), "of: in cookie is not supported; needed: path, query, header"),
        (parameter({}, style="deepObject"), "of: style deepObject is not supported in a query; needed: form"),
        ({"name": "of", "in": "query", "content": OBJECT["content"]}, "of: content is not supported; needed: schema"),
    ],
)
def test_an_operation_that_cannot_be_called_says_so_and_hinders_no_other(
    tmp_path: Path, service: Service, said: dict[str, Any], told: str
) -> None:
    other = {"/others": {"get": {"operationId": "other", "responses": {"200": OBJECT}}}}
    api = described(tmp_path, service, get(said) | other)
    with pytest.raises(Misdescribed, match=f"things.json: list: {told}"):
        api.call("list", {"of": "v"})
    assert service.calls == []
    assert api.call("other") == {}


BY_KEY = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}


def test_another_way_to_sign_is_for_operations_whose_own_is_not_supported(tmp_path: Path, service: Service) -> None:
    paths = get(security=[{"key": []}])
    with pytest.raises(Misdescribed, match=r"list: security: key is not supported; needed: .* or an auth that HttpApi"):
        described(tmp_path, service, paths, BY_KEY).call("list")
    assert service.calls == []
    described(tmp_path, service, paths, BY_KEY, auth=httpx2.BasicAuth("a", "b")).call("list")
    assert service.calls[0].headers["Authorization"].startswith("Basic ")


def test_the_sample_answers_where_another_way_to_sign_is_given(tmp_path: Path) -> None:
    answer = {"content": {"application/json": {"schema": {}, "example": {"is": "a sample"}}}}
    paths = get(security=[{"key": []}], responses={"200": answer})
    api = described(tmp_path, None, paths, BY_KEY, auth=httpx2.BasicAuth("a", "b"))
    assert api.call("list") == {"is": "a sample"}


@pytest.mark.parametrize("schema", [{"pattern": r"^\p{L}+$"}, {"type": "strin"}, {"$ref": "#/components/schemas/Bad"}])
def test_a_schema_that_is_wrong_is_told_before_anything_is_sent(
    tmp_path: Path, service: Service, schema: dict[str, Any]
) -> None:
    answer = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a": schema}}}}}
    components = {"schemas": {"Bad": {"type": "object", "properties": {"b": {"minimum": "one"}}}}}
    paths = {"/things": {"post": {"operationId": "add", "responses": {"201": answer}}}}
    with pytest.raises(Misdescribed, match=r"things\.json: (add: 201|#/components/schemas/Bad): "):
        described(tmp_path, service, paths, components).call("add")
    assert service.calls == []


def test_a_reference_may_lead_to_the_schema_of_another_operation(tmp_path: Path, service: Service) -> None:
    reference = {"$ref": "#/paths/~1things/get/responses/200/content/application~1json/schema"}
    answer = {"content": {"application/json": {"schema": reference}}}
    other = {"/others": {"get": {"operationId": "other", "responses": {"200": answer}}}}
    api = described(tmp_path, service, get() | other)
    assert api.call("other") == {}
    service.answer = httpx2.Response(200, json=[])
    with pytest.raises(UnexpectedAnswer, match="not as described"):
        api.call("other")


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_what_only_one_side_has_is_not_required_of_the_other(tmp_path: Path, service: Service, version: str) -> None:
    user = {
        "type": "object",
        "required": ["id", "name", "password"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "name": {"type": "string"},
            "password": {"$ref": "#/components/schemas/Password"},
        },
    }
    components = {"schemas": {"User": user, "Password": {"type": "string", "writeOnly": True}}}
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}}
    paths = {"/users": {"post": {"operationId": "add", "requestBody": content, "responses": {"201": content}}}}
    api = described(tmp_path, service, paths, components, version=version)
    service.answer = httpx2.Response(201, json={"id": "1", "name": "n"})
    assert api.call("add", body={"name": "n", "password": "p"}) == {"id": "1", "name": "n"}
    with pytest.raises(ValueError, match="'password' is a required property"):
        api.call("add", body={"name": "n"})
    service.answer = httpx2.Response(201, json={"name": "n"})
    with pytest.raises(UnexpectedAnswer, match="'id' is a required property"):
        api.call("add", body={"name": "n", "password": "p"})


def test_an_exclusive_limit_of_3_0_without_a_limit_is_none(tmp_path: Path, service: Service) -> None:
    said = parameter({"type": "integer", "exclusiveMinimum": True})
    described(tmp_path, service, get(said), version="3.0.3").call("list", {"of": -1})
    assert service.calls[0].url.query == b"of=-1"


@pytest.mark.parametrize("indent", ["\t", None])
def test_a_file_of_json_may_have_all_that_json_has(tmp_path: Path, indent: str | None) -> None:
    answer = {"content": {"application/json": {"schema": {}, "example": "\N{SLIGHTLY SMILING FACE}"}}}
    document = {"openapi": "3.1.0", "info": {}, "paths": get(responses={"200": answer})}
    path = tmp_path / "things.json"
    path.write_text(json.dumps(document, indent=indent), encoding="ascii")  # the face as two surrogates
    assert HttpApi(path).call("list") == "\N{SLIGHTLY SMILING FACE}"


def test_a_file_of_yaml_may_begin_as_json_does(tmp_path: Path) -> None:
    path = tmp_path / "things.yaml"
    path.write_text("{openapi: 3.1.0, info: {}, paths: {}}", encoding="utf-8")
    assert HttpApi(path).description.operations == {}


def test_media_types_are_sent_as_described(tmp_path: Path, service: Service) -> None:
    body = {"content": {"application/merge-patch+json": {"schema": {"type": "object"}}}}
    answer = {"content": {"application/vnd.things.v2+json": {"schema": {"type": "object"}}}}
    paths = {"/things": {"patch": {"operationId": "change", "requestBody": body, "responses": {"200": answer}}}}
    described(tmp_path, service, paths).call("change", body={"a": 1})
    headers = service.calls[0].headers
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert headers["Accept"] == "application/vnd.things.v2+json"


@pytest.mark.parametrize("kind", ["*/*", "application/*", "Application/JSON; charset=utf-8"])
def test_json_is_known_by_other_names(tmp_path: Path, service: Service, kind: str) -> None:
    service.answer = httpx2.Response(200, json={"a": 1})
    answer = {"200": {"content": {kind: {"schema": {"type": "object"}}}}}
    assert described(tmp_path, service, get(responses=answer)).call("list") == {"a": 1}
    service.answer = httpx2.Response(200, json=[])
    with pytest.raises(UnexpectedAnswer, match="not as described"):
        described(tmp_path, service, get(responses=answer)).call("list")


def test_an_answer_without_content_is_none_also_where_the_default_has_some(tmp_path: Path, service: Service) -> None:
    service.answer = httpx2.Response(204)
    assert described(tmp_path, service, get(responses={"default": OBJECT})).call("list") is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#/components/schemas/Number"}, 3),
        ({"type": ["integer", "null"]}, 3),
        ({"type": "string"}, "3"),
        (TEXTS, ["1", "b"]),
        (TEXTS, ["only"]),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"type": "boolean"}, False),
    ],
)
def test_the_sample_takes_each_value_that_the_description_allows(
    tmp_path: Path, schema: dict[str, Any], value: Any
) -> None:
    examples = {"this": {"x-when": {"of": value}, "value": "this"}}
    answer = {"content": {"application/json": {"schema": {}, "examples": examples}}}
    components = {"schemas": {"Number": {"type": "integer"}}}
    for place in ("query", "header", "path"):
        path = "/things/{of}" if place == "path" else "/things"
        paths = get(parameter(schema, place), path=path, responses={"200": answer})
        assert described(tmp_path, None, paths, components).call("list", {"of": value}) == "this", place
