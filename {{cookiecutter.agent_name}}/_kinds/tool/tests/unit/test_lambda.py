"""The Lambda handler: the same tools by the gateway's names, and no user."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tool.lambda_handler import handler


def call(name: str, **arguments: Any) -> dict[str, Any]:
    custom = {"bedrockAgentCoreToolName": name, "bedrockAgentCoreTargetId": "ABCDEFGHIJ"}
    return handler(arguments, SimpleNamespace(client_context=SimpleNamespace(custom=custom)))


def test_a_tool_answers_by_its_name_with_and_without_prefix() -> None:
    assert call("market-data___getMarketData", region="EMEA", dataType="revenue")["value"] == 18.4
    assert call("getMarketData", region="EMEA", dataType="revenue")["value"] == 18.4


def test_what_is_wrong_comes_back_as_data() -> None:
    assert call("m___getMarketData", region="MARS", dataType="revenue")["error"]["code"] == 400
    assert call("m___noSuchTool")["error"]["code"] == 404


def test_a_users_rows_are_not_given_to_nobody() -> None:
    assert call("m___listWatchedMarkets")["error"] == {
        "code": 403,
        "kind": "forbidden",
        "message": "this tool keeps rows of users, and the request does not say who calls; sign in",
        "retryable": False,
    }
