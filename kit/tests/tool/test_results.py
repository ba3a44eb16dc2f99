"""A result that no client can read is a failure, and one like any other that the log explains."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from agentcore_kit.config.import_string import import_string
from agentcore_kit.mcp_server import Failure, declarations, tool
from agentcore_kit.mcp_server.errors import read_failure
from agentcore_kit.mcp_server.server import ToolSettings, build_server


class Price(BaseModel):
    """What is returned."""

    price: float = 1.5
    day: date = date(2026, 11, 27)
    at: datetime = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)
    exact: Decimal = Decimal("1.50")
    order: UUID = UUID(int=1)
    by_day: dict[str, float] = {}
    note: str | None = None


@pytest.fixture
def call(settings: ToolSettings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that declares a tool with an answer of some type, and returns the result of a call."""
    import_string(settings.manifest.spec.code.app).load()
    own: dict[str, Any] = {}
    monkeypatch.setattr(declarations, "TOOLS", own)
    monkeypatch.setattr("agentcore_kit.mcp_server.server.TOOLS", own)

    def call(hint: Any, answer: Any) -> Any:
        def get_price() -> Any:
            """Gets the price."""
            return answer

        get_price.__annotations__["return"] = hint
        tool("getPrice", title="Price", effect="read")(get_price)
        return asyncio.run(build_server(settings).call_tool("getPrice", {}))

    return call


@pytest.mark.parametrize(
    ("hint", "answer"),
    [
        (Price, Price()),
        (Price, Price(by_day={"Monday": 1.0}, note="größer 🙂")),
        (list[Price], [Price(), Price()]),
        (dict[str, Any], {"anything": [1, None, {"at": "all"}]}),
        (str, "some text"),
        (type(None), None),
    ],
)
def test_what_can_be_read_is_given(call: Callable[..., Any], hint: Any, answer: Any) -> None:
    result = call(hint, answer)
    assert not result.is_error, result
    assert result.structured_content is not None


@pytest.mark.parametrize(
    ("hint", "answer", "where"),
    [
        (Price, Price(price=float("nan")), "Out of range float"),
        (Price, Price(by_day={"Monday": float("-inf")}), "Out of range float"),
        (list[Price], [Price(), Price(price=float("inf"))], "Out of range float"),
        (Price, Price(note="secret words \ud83d"), "surrogate"),
        (str, "secret words \ud83d", "surrogate"),
    ],
)
def test_what_cannot_be_read_is_a_failure_that_the_log_explains(
    call: Callable[..., Any], caplog: pytest.LogCaptureFixture, hint: Any, answer: Any, where: str
) -> None:
    with caplog.at_level(logging.ERROR):
        result = call(hint, answer)
    assert result.is_error
    assert result.structured_content is None
    assert read_failure(result.content[0].text)["kind"] == "internal_error"
    assert where in caplog.text
    assert "secret words" not in caplog.text


def test_words_of_a_failure_that_no_message_can_carry_are_replaced() -> None:
    text = Failure(404, "there is no market \ud83d; ask for 🙂").result().model_dump_json()
    assert "there is no market ?; ask for 🙂" in text
