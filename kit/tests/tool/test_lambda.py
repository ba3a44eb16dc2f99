"""The Lambda handler: the same tools by the gateway's names, and no user."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.mcp_server.aws_lambda import LISTING, handler
from agentcore_kit.tool_contract.definitions import offered
from agentcore_kit.tool_contract.lambda_schema import lambda_schema


def call(name: str, **arguments: Any) -> dict[str, Any]:
    custom = {"bedrockAgentCoreToolName": name, "bedrockAgentCoreTargetId": "ABCDEFGHIJ"}
    return handler(arguments, SimpleNamespace(client_context=SimpleNamespace(custom=custom)))


def test_a_tool_answers_by_its_name_with_and_without_prefix() -> None:
    assert call("market-data___getMarketData", region="EMEA", dataType="revenue")["value"] == 18.4
    assert call("getMarketData", region="EMEA", dataType="revenue")["value"] == 18.4


def test_it_lists_its_tools_as_the_server_does() -> None:
    assert call(LISTING) == {"version": load_manifest().metadata.version, "tools": offered()}


def test_what_is_wrong_comes_back_as_data() -> None:
    assert call("m___getMarketData", region="MARS", dataType="revenue")["error"]["code"] == 400
    assert call("m___noSuchTool")["error"]["code"] == 404
    misspelt = call("m___getMarketData", region="EMEA", dataType="revenue", datatyp="sales")["error"]
    assert (misspelt["code"], misspelt["message"]) == (400, "there is no argument 'datatyp', did you mean dataType?")


@pytest.mark.parametrize("event", [None, [], [{"region": "EMEA"}], "EMEA"])
def test_an_event_that_is_no_object_is_said_to_be_wrong(event: Any) -> None:
    context = SimpleNamespace(client_context=SimpleNamespace(custom={"bedrockAgentCoreToolName": "getMarketData"}))
    assert handler(event, context)["error"]["code"] == 400


@pytest.mark.parametrize(
    "client", [None, SimpleNamespace(custom=None), SimpleNamespace(custom={}), SimpleNamespace(custom="getMarketData")]
)
def test_a_call_that_names_no_tool_is_said_to_be_wrong(client: Any) -> None:
    error = handler({}, SimpleNamespace(client_context=client))["error"]
    assert (error["code"], "names no tool" in error["message"]) == (400, True)


def test_a_users_rows_are_not_given_to_nobody() -> None:
    assert call("m___listWatchedMarkets")["error"] == {
        "code": 403,
        "kind": "forbidden",
        "message": "this tool keeps rows of users, and the request does not say who calls; sign in",
        "retryable": False,
    }


class Line(BaseModel):
    """A line of a bill."""

    sku: Annotated[str, Field(description="Its number.", max_length=9)]


class Tree(BaseModel):
    """A model that contains itself."""

    branches: list[Tree]


def told(hint: Any) -> dict[str, Any]:
    """Return what the gateway is told of a parameter of some type."""
    schema = TypeAdapter(Annotated[hint, Field(description="What it is.")]).json_schema()
    whole = {"type": "object", "$defs": schema.pop("$defs", {}), "properties": {"x": schema}}
    shown = lambda_schema({"name": "getX", "description": "Gets it.", "inputSchema": whole})
    found: dict[str, Any] = shown["inputSchema"]["properties"]["x"]
    return found


LINE = {"type": "object", "properties": {"sku": {"type": "string", "description": "Its number. maxLength: 9."}}}


@pytest.mark.parametrize(
    ("hint", "plain"),
    [
        (int | None, {"type": "integer", "description": "What it is."}),
        (list[str] | None, {"type": "array", "description": "What it is.", "items": {"type": "string"}}),
        (Literal["a"], {"type": "string", "description": "What it is. One of: a."}),
        (str | date, {"type": "string", "description": "What it is."}),
        (Line | None, {**LINE, "description": "What it is.", "required": ["sku"]}),
    ],
)
def test_a_gateway_is_told_the_type_and_what_it_is(hint: Any, plain: dict[str, Any]) -> None:
    assert told(hint) == plain


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (int | str, "getX.x: .* cannot say integer or string"),
        (Any, "getX.x: .* cannot say anything"),
        (Tree, "getX.x.branches.*: .* cannot say what contains itself"),
        (dict[str, int], "getX.x: .* cannot say the types of a dictionary's"),
    ],
)
def test_what_a_gateway_cannot_be_told_is_refused_with_its_place(hint: Any, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        told(hint)
